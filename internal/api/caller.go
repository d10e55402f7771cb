package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// caller is who makes a request and for whom.
type caller struct {
	access.Principal
	// agent is the one agent that the call is scoped to: by its key, or by
	// X-Agent-Id.
	agent *uuid.UUID
	// named says that X-Agent-Id named it.
	named bool
}

// known says whether a credential was accepted.
func (c *caller) known() bool { return c.Kind != "" }

// ofCompany says whether the caller acts for a company.
func (c *caller) ofCompany() bool { return c.Tenant.Company != uuid.Nil }

func (c *caller) mode() string {
	if !c.ofCompany() {
		return ""
	}
	return c.Tenant.Mode()
}

func (c *caller) companyID() string {
	if !c.ofCompany() {
		return ""
	}
	return ident.Format(ident.Company, c.Tenant.Company)
}

// actorID names the caller in the log.
func (c *caller) actorID() string {
	if !c.known() {
		return ""
	}
	return c.Actor("").String()
}

// actor is the caller as the audit log names it.
func (c *call) actor() audit.Actor { return c.Actor(c.id) }

// limitHeaders tells the caller what its rate limit has left. The names are in
// the form that net/http writes.
func limitHeaders(h http.Header, l access.Admission) {
	h.Set("Ratelimit-Limit", strconv.Itoa(l.Limit))
	h.Set("Ratelimit-Remaining", strconv.Itoa(max(l.Remaining, 0)))
	h.Set("Ratelimit-Reset", strconv.Itoa(int((l.Reset+time.Second-1)/time.Second)))
}

// admit is the step that finds out who calls, and lets pass who may.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	g, state := gateFor(ctx.Operation()), callOf(ctx.Context())
	state.api, state.operation = a, ctx.Operation().OperationID
	c := humaecho.Unwrap(ctx)
	decodePath(c)
	if g.public {
		state.client = a.clientOf(c.Request())
		next(ctx)
		return
	}
	who, err := a.identify(c.Request())
	if err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	state.caller, state.personal = caller{Principal: who, agent: who.Agent}, g.person
	left, err := a.limit(ctx.Context(), who)
	limitHeaders(c.Response().Header(), left)
	defer left.Release()
	state.release = left.Release
	if err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	if err := a.checkCaller(ctx, g, state); err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	next(ctx)
}

func (a *API) checkCaller(ctx huma.Context, g gate, state *call) error {
	if g.person && state.Kind != access.BySession {
		return fault.New(fault.Forbidden, "session_required", "This is for people: sign in and send the session token.")
	}
	if !g.person {
		if err := state.NeedCompany(); err != nil {
			return err
		}
		if err := g.admits(state); err != nil {
			return err
		}
	}
	if !state.ofCompany() {
		return nil
	}
	return a.scopeToAgent(ctx, g, state)
}

// scopeToAgent reads X-Agent-Id and holds it against the key and the address.
func (a *API) scopeToAgent(ctx huma.Context, g gate, state *call) error {
	if named := ctx.Header("X-Agent-Id"); named != "" {
		id, err := a.findAgent(ctx.Context(), state.Tenant, named)
		if err != nil {
			return err
		}
		if state.Agent != nil && *state.Agent != id {
			return notBound()
		}
		state.agent, state.named = &id, true
	}
	if g.agentPath == "" || state.agent == nil {
		return nil
	}
	id, err := a.findAgent(ctx.Context(), state.Tenant, ctx.Param(g.agentPath))
	if err != nil {
		return err
	}
	return state.sameAgent(id, "path."+g.agentPath)
}

// sameAgent refuses an agent other than the one that the call is scoped to.
func (c *caller) sameAgent(id uuid.UUID, location string) error {
	switch {
	case c.agent == nil || *c.agent == id:
		return nil
	case c.Agent != nil && !c.named:
		return notBound()
	default:
		return fault.BadField(location, "agent_mismatch", "X-Agent-Id names another agent.")
	}
}

// sees says whether what belongs to an agent exists for the caller: for a call
// that is scoped to one agent, only that agent's things do, as in its lists.
func (c *caller) sees(agent uuid.UUID) bool { return c.agent == nil || *c.agent == agent }

func notBound() error {
	return fault.New(fault.Forbidden, "agent_not_bound", "This key is bound to another agent.")
}
