package web

import (
	"maps"
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

// shadowed adds what a policy in shadow would have said, and where its rules
// may go.
func (v *visit) shadowed(page *views.PolicyPage) error {
	to := time.Now()
	window := meter.Window{From: to.AddDate(0, 0, -views.ShadowDays), To: to}
	said, err := v.web.spend.Shadow(v.ctx(), v.tenant(), page.Policy.ID, window, shadowSamples)
	if err != nil {
		return err
	}
	page.Shadow = &said
	var agents []uuid.UUID
	for _, flip := range said.Samples {
		agents = append(agents, flip.Agent)
	}
	handles, err := v.handles(agents...)
	if err != nil {
		return err
	}
	maps.Copy(page.Handles, handles)
	page.Replaceable, err = v.replaceable(page.Policy)
	return err
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
