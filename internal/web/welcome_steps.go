package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// makeCompany makes the company and chooses it. A form that is sent again is
// refused before it comes here: it was of somebody without a company.
func (v *visit) makeCompany() error {
	if v.who.Tenant.Company != uuid.Nil {
		return v.redirect("/welcome")
	}
	var c company.Company
	var made bool
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		c, made, err = v.web.companies.CreateFirst(ctx, tx, audit.Person(v.who.Person, v.requestID()),
			company.Person{ID: v.who.Person, Email: v.who.Email},
			company.NewCompany{Name: v.FormValue("name"), Currency: v.FormValue("currency"), TimeZone: v.FormValue("time_zone")})
		return err
	})
	if err != nil {
		return v.troubled(views.WelcomeCompany, err, "name", "currency", "time_zone")
	}
	if made {
		v.cookie(companyCookie, publicCompany(c.ID), remembered)
		v.rememberWelcome(c.ID)
	}
	return v.redirect("/welcome")
}

// settingUp is the step that the person is at, or leads to it when a form of an
// earlier one was sent again.
func (v *visit) settingUp(step views.WelcomeStep) (page views.WelcomePage, err error) {
	if page, err = v.progress(); err != nil {
		return page, err
	}
	if page.Step != step {
		if err := v.redirect("/welcome"); err != nil {
			return page, err
		}
		return page, errElsewhere
	}
	return page, nil
}

// makeFirstAgent makes the agent on both sides of the company, where it is not
// there yet.
func (v *visit) makeFirstAgent() error {
	if _, err := v.settingUp(views.WelcomeAgent); err != nil {
		return err
	}
	in := company.NewAgent{Handle: v.FormValue("handle"), Name: v.FormValue("name")}
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		for _, side := range v.bothSides() {
			if _, err := v.web.companies.Agent(ctx, side, in.Handle); err == nil {
				continue
			} else if !fault.Is(err, "not_found") {
				return err
			}
			if _, err := v.web.companies.CreateAgent(ctx, tx, side, v.actor(), in); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return v.troubled(views.WelcomeAgent, err, "handle", "name")
	}
	return v.redirect("/welcome")
}

// makeFirstPolicy makes the chosen preset a policy of each side that has none.
func (v *visit) makeFirstPolicy() error {
	if _, err := v.settingUp(views.WelcomePolicy); err != nil {
		return err
	}
	presets := policy.Presets(v.frame.Company.Currency)
	at := slices.IndexFunc(presets, func(p policy.Preset) bool { return p.Key == v.FormValue("preset") })
	if at < 0 {
		return v.troubled(views.WelcomePolicy, fault.New(fault.Invalid, "preset_unknown", "Choose one of these."), "preset")
	}
	sides, err := v.withoutPolicy()
	if err != nil {
		return err
	}
	content := presets[at].Content
	for _, side := range sides {
		if _, err := v.web.policies.Prepare(v.ctx(), side, &content); err != nil {
			return err
		}
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		for _, side := range sides {
			if _, err := v.web.policies.Create(ctx, tx, side, v.actor(), content); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.redirect("/welcome")
}

// withoutPolicy are the sides of the company that have no active policy.
func (v *visit) withoutPolicy() (out []ident.Tenant, err error) {
	for _, side := range v.bothSides() {
		found, err := v.web.policies.List(v.ctx(), side, policy.Filter{Status: policy.Active}, uuid.Nil, 1)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			out = append(out, side)
		}
	}
	return out, nil
}

// makeFirstKey makes a test key of the first agent and answers with the page
// that shows it: no other page can.
func (v *visit) makeFirstKey() error {
	page, err := v.progress()
	if err != nil {
		return err
	}
	if page.Step < views.WelcomeKey {
		return v.redirect("/welcome")
	}
	p := v.onTestSide()
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		_, page.Secret, err = v.web.access.CreateKey(ctx, tx, p, v.requestID(), access.NewKey{Name: "First key",
			Scopes: []string{string(access.ScopeSpend)}, Agent: page.Agent.Handle})
		return err
	})
	if err != nil {
		return err
	}
	page.Step = views.WelcomeRequest
	return v.showWelcome(http.StatusOK, page)
}
