package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

func (w *Web) agentPages() []page {
	const get, post = http.MethodGet, http.MethodPost
	return []page{
		{get, "/agents", member, access.ScopeRead, (*visit).agents},
		{post, "/agents", member, access.ScopeAdmin, (*visit).createAgent},
		{get, "/agents/new", member, access.ScopeAdmin, (*visit).newAgent},
		{get, "/agents/:id", member, access.ScopeRead, (*visit).agent},
		{get, "/agents/:id/edit", member, access.ScopeAdmin, (*visit).editAgent},
		{post, "/agents/:id/edit", member, access.ScopeAdmin, (*visit).saveAgent},
		{post, "/agents/:id/freeze", member, access.ScopeAdmin, (*visit).freezeAgent},
		{post, "/agents/:id/unfreeze", member, access.ScopeAdmin, (*visit).unfreezeAgent},
		{post, "/agents/:id/delete", member, access.ScopeAdmin, (*visit).deleteAgent},
		{post, "/agents/:id/keys", member, access.ScopeAdmin, (*visit).makeAgentKey},
		{post, "/agents/:id/keys/:key/revoke", member, access.ScopeAdmin, (*visit).revokeAgentKey},
	}
}

// listedAgents is how many a page of the list has.
const listedAgents = 30

func (v *visit) agents() error {
	list := views.AgentList{Q: v.filterText("q"), Status: company.AgentStatus(v.filterText("status")), Before: v.QueryParam("before")}
	var statuses []company.AgentStatus
	switch list.Status {
	case "":
	case company.AgentActive, company.AgentFrozen, company.AgentDeleted:
		statuses = append(statuses, list.Status)
	default:
		return fault.Missing("list of agents")
	}
	before, err := v.idBefore(ident.Agent)
	if err != nil {
		return err
	}
	page := company.Page{Limit: listedAgents + 1}
	if before != uuid.Nil {
		page.Before = &before
	}
	found, err := v.web.companies.FindAgents(v.ctx(), v.tenant(), list.Q, page, statuses...)
	if err != nil {
		return err
	}
	if len(found) > listedAgents {
		found = found[:listedAgents]
		list.Next = v.frame.With("/agents", "q", list.Q, "status", string(list.Status), "before", ident.Format(ident.Agent, found[listedAgents-1].ID))
	}
	if list.Counts, err = v.web.companies.CountAgents(v.ctx(), v.tenant()); err != nil {
		return err
	}
	if list.Agents, err = v.withLimits(found); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Agents(v.titled("Agents"), list))
}

// withLimits gives agents their own limits, the fullest first; one without gets
// those that it shares.
func (v *visit) withLimits(found []company.Agent) ([]views.AgentRow, error) {
	rows := make([]views.AgentRow, len(found))
	ids := make([]uuid.UUID, len(found))
	for i, a := range found {
		rows[i].Agent, ids[i] = a, a.ID
	}
	if len(ids) == 0 {
		return rows, nil
	}
	rooms, err := v.web.spend.Budgets(v.ctx(), v.tenant(), ids)
	if err != nil {
		return nil, err
	}
	policies, err := v.activePolicies()
	for i, a := range found {
		limits := views.LimitsOf(a.ID, a.Handle, rooms[a.ID], policies)
		own := slices.DeleteFunc(slices.Clone(limits), func(l views.LimitRow) bool { return l.Agent == uuid.Nil })
		if rows[i].Limits = own; len(own) == 0 { // what it shares says little about it
			rows[i].Limits = limits
		}
	}
	return rows, err
}

func (v *visit) newAgent() error {
	return v.show(http.StatusOK, views.NewAgent(v.titled("New agent"), views.AgentForm{}))
}

func (v *visit) agentForm() views.AgentForm {
	return views.AgentForm{Handle: v.FormValue("handle"), Name: v.FormValue("name"), Description: v.FormValue("description")}
}

func (v *visit) createAgent() error {
	form := v.agentForm()
	var made company.Agent
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		made, err = v.web.companies.CreateAgent(ctx, tx, v.tenant(), v.actor(),
			company.NewAgent{Handle: form.Handle, Name: form.Name, Description: form.Description})
		return err
	})
	if err == nil {
		return v.to(views.AgentPath(made.ID), made.Handle+" is made. It needs a key to ask, and a policy to be allowed anything.")
	}
	if form.Wrong, err = agentTroubles(err); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, views.NewAgent(v.titled("New agent"), form))
}

// agentTroubles puts a handle that is taken beside its field.
func agentTroubles(err error) (views.Errors, error) {
	wrong, err2 := troubles(err)
	if err2 == nil && fault.Is(err, "handle_taken") {
		wrong.Fields["handle"], wrong.Text = wrong.Text, ""
	}
	return wrong, err2
}

func (v *visit) editAgent() error {
	a, err := v.theAgent()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.EditAgent(v.titled("Edit "+a.Handle), a,
		views.AgentForm{Handle: a.Handle, Name: a.Name, Description: a.Description}))
}

func (v *visit) saveAgent() error {
	a, err := v.theAgent()
	if err != nil {
		return err
	}
	form := v.agentForm()
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := v.web.companies.UpdateAgent(ctx, tx, v.tenant(), v.actor(), v.Param("id"),
			company.AgentChange{Handle: &form.Handle, Name: &form.Name, Description: &form.Description})
		return err
	})
	if err == nil {
		return v.to(views.AgentPath(a.ID), form.Handle+" is saved.")
	}
	if form.Wrong, err = agentTroubles(err); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, views.EditAgent(v.titled("Edit "+a.Handle), a, form))
}
