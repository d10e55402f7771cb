package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// savePolicy writes a draft: a new policy, a new version, or with beside a
// shadow of it next to the policy that it was made from.
func (v *visit) savePolicy(d views.PolicyDraft, agents []uuid.UUID, beside bool, status policy.Status) error {
	c, wrong := v.typedContent(d, agents)
	if d.Errors = wrong; wrong.Any() {
		return v.showEditor(http.StatusUnprocessableEntity, d, agents)
	}
	if c.Status = status; beside {
		c.Status, c.Name = policy.Shadow, trialName(c.Name)
	}
	if c.Status != policy.Active && c.Status != policy.Shadow && c.Status != policy.Draft {
		return fault.New(fault.Malformed, "malformed_form", "The form has no such button.")
	}
	written, err := v.writePolicy(d, beside, c)
	if fault.Is(err, "version_stale") {
		return v.showStale(d, agents)
	}
	if err != nil {
		if d.Errors, err = policyTroubles(err); err != nil {
			return err
		}
		return v.showEditor(http.StatusUnprocessableEntity, d, agents)
	}
	return v.to("/policies/"+ident.Format(ident.Policy, written.ID), savedText(written, beside))
}

func (v *visit) writePolicy(d views.PolicyDraft, beside bool, c policy.Content) (written policy.Policy, err error) {
	if _, err := v.web.policies.Prepare(v.ctx(), v.tenant(), &c); err != nil {
		return written, err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		if d.Original == nil || beside {
			written, err = v.web.policies.Create(ctx, tx, v.tenant(), v.actor(), c)
		} else {
			written, err = v.web.policies.Update(ctx, tx, v.tenant(), v.actor(), d.Original.ID, []int{d.Version}, c)
		}
		return err
	})
	return written, err
}

// policyTroubles is what the form can show of an error; what it cannot is
// handed on.
func policyTroubles(err error) (views.Errors, error) {
	f := fault.From(err)
	if f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return views.Errors{}, err
	}
	e := views.Errors{Fields: map[string]string{}}
	explain(err, e)
	if len(e.Fields) == 0 {
		e.Text = f.Text
	}
	return e, nil
}

// trialName is what a copy that is tried beside a policy is called.
func trialName(name string) string {
	const mark, most = " (trial)", 200
	if strings.HasSuffix(name, mark) {
		return name
	}
	if runes := []rune(name); len(runes)+len(mark) > most {
		name = string(runes[:most-len(mark)])
	}
	return name + mark
}

func savedText(p policy.Policy, beside bool) string {
	switch {
	case beside:
		return "Saved as a shadow beside the policy, which decides as before. What the change would have said is recorded from now on."
	case p.Status == policy.Active:
		return "Saved. It decides from the next request on."
	case p.Status == policy.Shadow:
		return "Saved in shadow. It decides nothing; what it would have said is recorded from now on."
	}
	return "Saved as a draft. It does nothing yet."
}

// showStale keeps what was typed, says who changed the policy meanwhile, and
// takes the form as made from their version: saving again is knowing of it.
func (v *visit) showStale(d views.PolicyDraft, agents []uuid.UUID) error {
	now, err := v.web.policies.Get(v.ctx(), v.tenant(), d.Original.ID)
	if err != nil {
		return err
	}
	words, err := v.words()
	if err != nil {
		return err
	}
	page := views.PolicyComparison{Policy: now, WithWords: words}
	if err := v.compare(&page, now.Version, min(max(d.Version, 0), now.Version)); err != nil {
		return err
	}
	d.Stale = &views.StalePolicy{Now: page.New}
	for _, part := range page.Parts {
		if part.Kind != views.Same {
			d.Stale.Changes = append(d.Stale.Changes, part)
		}
	}
	d.Original, d.Version = &now, now.Version
	return v.showEditor(http.StatusConflict, d, agents)
}
