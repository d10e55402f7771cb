package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// shadowSamples is how many decisions are shown that a shadow would have
// changed, and replaceable how many policies its rules can be put into.
const shadowSamples, replaceable = 20, 5

// shadowResults says what a policy in shadow would have said, and where its
// rules may go. Reading what was recorded takes longer than a page may, so it
// is a part of the policy's page that comes after it, and a page of its own.
func (v *visit) shadowResults() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	v.unhurried()
	to := time.Now()
	window := meter.Window{From: to.AddDate(0, 0, -views.ShadowDays), To: to}
	said, err := v.web.spend.Shadow(v.ctx(), v.tenant(), p.ID, window, shadowSamples)
	if err != nil {
		return err
	}
	page := views.ShadowPage{Policy: p, Results: said}
	var agents []uuid.UUID
	for _, flip := range said.Samples {
		agents = append(agents, flip.Agent)
	}
	if page.Handles, err = v.handles(agents...); err != nil {
		return err
	}
	if page.Replaceable, err = v.replaceable(p); err != nil {
		return err
	}
	if v.isHTMX() {
		return v.show(http.StatusOK, views.ShadowPart(v.frame, page))
	}
	return v.show(http.StatusOK, views.PolicyShadow(v.titled(p.Name), page))
}

// replaceable are the active policies that a shadow may be a trial of: one of
// its name first, then those that cover the same agents.
func (v *visit) replaceable(shadow policy.Policy) ([]policy.Policy, error) {
	active, err := v.web.policies.List(v.ctx(), v.tenant(), policy.Filter{Status: policy.Active}, uuid.Nil, listedPolicies)
	if err != nil {
		return nil, err
	}
	likeness := func(p policy.Policy) int {
		switch {
		case trialName(p.Name) == shadow.Name:
			return 0
		case slices.Equal(p.Agents, shadow.Agents):
			return 1
		}
		return 2
	}
	active = slices.DeleteFunc(active, func(p policy.Policy) bool { return likeness(p) == 2 })
	slices.SortStableFunc(active, func(a, b policy.Policy) int {
		if x, y := likeness(a), likeness(b); x != y {
			return x - y
		}
		return strings.Compare(a.Name, b.Name)
	})
	return active[:min(len(active), replaceable)], nil
}
