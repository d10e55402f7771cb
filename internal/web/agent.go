package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// theAgent is the one that the address names by its id.
func (v *visit) theAgent() (company.Agent, error) {
	if _, ok := ident.Parse(ident.Agent, v.Param("id")); !ok {
		return company.Agent{}, fault.Missing("agent")
	}
	return v.web.companies.Agent(v.ctx(), v.tenant(), v.Param("id"))
}

func (v *visit) agent() error {
	page, err := v.agentPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Agent(v.titled(page.Agent.Handle), page))
}

const (
	// recentAuthorizations is how many an agent's page shows.
	recentAuthorizations = 10
	// agentKeys bounds how many keys it lists.
	agentKeys = 100
)

// agentPage gathers everything about the agent.
func (v *visit) agentPage() (page views.AgentPage, err error) {
	if page.Agent, err = v.theAgent(); err != nil {
		return page, err
	}
	id := page.Agent.ID
	if page.Words, err = v.words(); err != nil {
		return page, err
	}
	if err := v.agentBudgets(&page); err != nil {
		return page, err
	}
	if page.Policies, err = v.web.policies.ForAgent(v.ctx(), v.tenant(), id); err != nil {
		return page, err
	}
	found, err := v.web.spend.Search(v.ctx(), v.tenant(), spend.Search{Filter: spend.Filter{Agent: id}}, uuid.Nil, recentAuthorizations)
	if err != nil {
		return page, err
	}
	for _, a := range found.Authorizations {
		page.Recent = append(page.Recent, views.AuthorizationRow{Authorization: a, Handle: page.Agent.Handle})
	}
	p := v.who
	p.ModeStated = true // keys of this mode alone
	page.Keys, err = v.web.access.Keys(v.ctx(), p, &id, company.Page{Limit: agentKeys})
	return page, err
}

// agentBudgets reads what the agent could spend now. A deleted one spends
// nothing.
func (v *visit) agentBudgets(page *views.AgentPage) error {
	if page.Agent.Status == company.AgentDeleted {
		return nil
	}
	var err error
	if page.Deciding, err = v.activePolicies(); err != nil {
		return err
	}
	page.Rooms, err = v.web.spend.Budget(v.ctx(), v.tenant(), page.Agent.ID, "")
	page.Limits = views.LimitsOf(page.Agent.ID, page.Agent.Handle, page.Rooms, page.Deciding)
	return err
}

type agentChange func(context.Context, pgx.Tx, ident.Tenant, audit.Actor, string) (company.Agent, error)

// changeAgent does one change by its button and comes back to the page.
func (v *visit) changeAgent(change agentChange, done string) error {
	a, err := v.theAgent()
	if err != nil {
		return err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := change(ctx, tx, v.tenant(), v.actor(), v.Param("id"))
		return err
	})
	if fault.Is(err, "agent_deleted") {
		v.flash(views.Flash{Kind: views.Failed, Text: a.Handle + " is deleted, so nothing was changed."})
		return v.redirect(v.frame.At(views.AgentPath(a.ID)))
	}
	if err != nil {
		return err
	}
	return v.to(views.AgentPath(a.ID), a.Handle+done)
}

func (v *visit) freezeAgent() error {
	return v.changeAgent(v.web.companies.FreezeAgent, " is frozen. Its requests are denied from now on.")
}

func (v *visit) unfreezeAgent() error {
	return v.changeAgent(v.web.companies.UnfreezeAgent, " may spend again, within its policies.")
}

func (v *visit) deleteAgent() error {
	return v.changeAgent(v.web.companies.DeleteAgent, " is deleted, and its keys are revoked.")
}
