package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// caller is who makes a request and for whom.
type caller struct {
	// tenant is nil for a person who is of no company, or of none that was
	// named.
	tenant *ident.Tenant
	actor  audit.Actor
	// person is set for sessions.
	person *uuid.UUID
	scopes []scope
	// key is set for API keys.
	key *uuid.UUID
	// agent is the one agent that the call is scoped to: by its key, or by
	// X-Agent-Id.
	agent *uuid.UUID
	// bound says that it is the key that scopes it.
	bound bool
}

func (c *caller) has(s scope) bool { return slices.Contains(c.scopes, s) }

func (c *caller) mode() string {
	if c.tenant == nil {
		return ""
	}
	return c.tenant.Mode()
}

func (c *caller) companyID() string {
	if c.tenant == nil {
		return ""
	}
	return ident.Format(ident.Company, c.tenant.Company)
}

func (c *caller) tenantID() string { return c.companyID() + "/" + c.mode() }

func (c *caller) actorID() string { return c.actor.String() }

// allowance is what a rate limit has left for a caller.
type allowance struct {
	limit, remaining int
	reset            time.Duration
	// release ends the request's stay in flight; never nil.
	release func()
}

// headers tells the caller what is left.
func (l allowance) headers(h http.Header) {
	h.Set("RateLimit-Limit", strconv.Itoa(l.limit))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(l.remaining, 0)))
	h.Set("RateLimit-Reset", strconv.Itoa(int((l.reset+time.Second-1)/time.Second)))
}

// admit is the step that finds out who calls, and lets pass who may.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	g, state := gateFor(ctx.Operation()), callOf(ctx.Context())
	state.api, state.operation = a, ctx.Operation().OperationID
	if g.public {
		next(ctx)
		return
	}
	c := humaecho.Unwrap(ctx)
	who, left, err := a.identify(ctx.Context(), c.Request(), g)
	if left.release != nil {
		defer left.release()
		left.headers(c.Response().Header())
	}
	if err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	state.caller = who
	if err := a.checkCaller(ctx, g, state); err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	next(ctx)
}

func (a *API) checkCaller(ctx huma.Context, g gate, state *call) error {
	if err := g.admits(state); err != nil {
		return err
	}
	if !g.person && state.tenant == nil {
		return fault.New(fault.Forbidden, "company_required", "This person is of no company yet: make one with POST /v1/companies.")
	}
	if state.tenant == nil {
		return nil
	}
	return a.scopeToAgent(ctx, g, state)
}

// scopeToAgent reads X-Agent-Id and holds it against the key and the address.
func (a *API) scopeToAgent(ctx huma.Context, g gate, state *call) error {
	if named := ctx.Header("X-Agent-Id"); named != "" {
		id, err := a.agentID(ctx.Context(), *state.tenant, named)
		if err != nil {
			return err
		}
		if state.bound && *state.agent != id {
			return notBound()
		}
		state.agent = &id
	}
	if g.agentPath == "" || state.agent == nil {
		return nil
	}
	id, err := a.agentID(ctx.Context(), *state.tenant, ctx.Param(g.agentPath))
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
	case c.bound:
		return notBound()
	default:
		return fault.BadField(location, "agent_mismatch", "X-Agent-Id names another agent.")
	}
}

func notBound() error {
	return fault.New(fault.Forbidden, "agent_not_bound", "This key is bound to another agent.")
}

// agentID finds an agent by id or handle.
func (a *API) agentID(ctx context.Context, t ident.Tenant, named string) (uuid.UUID, error) {
	return a.findAgent(ctx, t, named)
}
