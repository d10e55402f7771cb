package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

// Agent is a program that spends.
type Agent struct {
	ID          string            `json:"id" example:"agent_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Handle      string            `json:"handle" example:"procurement-bot" doc:"Unique in the company and mode. It is accepted wherever an agent is named."`
	Name        string            `json:"name" example:"Procurement bot"`
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Status      string            `json:"status" enum:"active,frozen,deleted"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

func agentView(g company.Agent) Agent {
	return Agent{ID: ident.Format(ident.Agent, g.ID), Handle: g.Handle, Name: g.Name, Description: g.Description,
		Metadata: g.Metadata, Status: string(g.Status), CreatedAt: g.CreatedAt.UTC(), UpdatedAt: g.UpdatedAt.UTC()}
}

// NewAgent is what an agent is made of.
type NewAgent struct {
	Handle      string            `json:"handle" maxLength:"63" example:"procurement-bot" doc:"a-z, 0-9, _ and -, not shaped like an id."`
	Name        string            `json:"name" maxLength:"200" example:"Procurement bot"`
	Description string            `json:"description,omitempty" maxLength:"1000"`
	Metadata    map[string]string `json:"metadata,omitempty" doc:"At most 50 keys."`
}

// AgentChange is a change of an agent; what is absent stays.
type AgentChange struct {
	Handle      *string           `json:"handle,omitempty" maxLength:"63"`
	Name        *string           `json:"name,omitempty" maxLength:"200"`
	Description *string           `json:"description,omitempty" maxLength:"1000"`
	Metadata    map[string]string `json:"metadata,omitempty" doc:"Merged: a key is set, or taken away by an empty value."`
}

type AgentRef struct {
	ID string `path:"id" doc:"The agent's id or handle." example:"procurement-bot"`
}

func (a *API) registerAgents() {
	tagged := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"Agents"}}
	}
	create := tagged("createAgent", http.MethodPost, "/v1/agents", "Create an agent")
	create.DefaultStatus = http.StatusCreated
	effect(a, create, a.createAgent)
	handle(a, tagged("listAgents", http.MethodGet, "/v1/agents", "List agents"), a.listAgents)
	handle(a, tagged("getAgent", http.MethodGet, "/v1/agents/{id}", "Get an agent"), a.getAgent)
	change := tagged("updateAgent", http.MethodPatch, "/v1/agents/{id}", "Change an agent")
	change.Errors = []int{http.StatusConflict}
	effect(a, change, a.updateAgent)
	remove := tagged("deleteAgent", http.MethodDelete, "/v1/agents/{id}", "Delete an agent")
	remove.Description = "New requests and the agent's keys stop. What is open may still be confirmed, voided or expire; history stays."
	effect(a, remove, onAgent(a.companies.DeleteAgent))
	freeze := tagged("freezeAgent", http.MethodPost, "/v1/agents/{id}/freeze", "Freeze an agent")
	freeze.Description = "From the next decision on, everything new is denied with agent_frozen."
	effect(a, freeze, onAgent(a.companies.FreezeAgent))
	effect(a, tagged("unfreezeAgent", http.MethodPost, "/v1/agents/{id}/unfreeze", "Unfreeze an agent"), onAgent(a.companies.UnfreezeAgent))
}

func (a *API) createAgent(ctx context.Context, tx pgx.Tx, in *struct{ Body NewAgent }) (Agent, error) {
	c, b := callOf(ctx), in.Body
	g, err := a.companies.CreateAgent(ctx, tx, c.Tenant, c.actor(),
		company.NewAgent{Handle: b.Handle, Name: b.Name, Description: b.Description, Metadata: b.Metadata})
	return agentView(g), err
}

func (a *API) listAgents(ctx context.Context, in *struct {
	Paging
	Status string `query:"status" enum:"active,frozen,deleted" doc:"Without it, all but the deleted."`
}) (*reply[List[Agent]], error) {
	page, err := a.idPage(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	var statuses []company.AgentStatus
	if in.Status != "" {
		statuses = append(statuses, company.AgentStatus(in.Status))
	}
	rows, err := a.agentsSeen(ctx, page, statuses)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(g company.Agent) uuid.UUID { return g.ID }), agentView), nil
}

// agentsSeen is a page of agents, or the one that the call is scoped to.
func (a *API) agentsSeen(ctx context.Context, page company.Page, statuses []company.AgentStatus) ([]company.Agent, error) {
	c := callOf(ctx)
	if c.agent == nil {
		return a.companies.Agents(ctx, c.Tenant, page, statuses...)
	}
	g, err := a.companies.Agent(ctx, c.Tenant, ident.Format(ident.Agent, *c.agent))
	if err != nil || len(statuses) > 0 && statuses[0] != g.Status {
		return nil, err
	}
	return []company.Agent{g}, nil
}

func (a *API) getAgent(ctx context.Context, in *AgentRef) (*reply[Agent], error) {
	g, err := a.companies.Agent(ctx, callOf(ctx).Tenant, in.ID)
	return &reply[Agent]{agentView(g)}, err
}

func (a *API) updateAgent(ctx context.Context, tx pgx.Tx, in *struct {
	AgentRef
	Body AgentChange
}) (Agent, error) {
	c, b := callOf(ctx), in.Body
	g, err := a.companies.UpdateAgent(ctx, tx, c.Tenant, c.actor(), in.ID,
		company.AgentChange{Handle: b.Handle, Name: b.Name, Description: b.Description, Metadata: b.Metadata})
	return agentView(g), err
}
func onAgent(change func(context.Context, pgx.Tx, ident.Tenant, audit.Actor, string) (company.Agent, error)) func(context.Context, pgx.Tx, *AgentRef) (Agent, error) {
	return func(ctx context.Context, tx pgx.Tx, in *AgentRef) (Agent, error) {
		c := callOf(ctx)
		g, err := change(ctx, tx, c.Tenant, c.actor(), in.ID)
		return agentView(g), err
	}
}
