package api

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
)

// maxHandles bounds the handles that are remembered, about 150 bytes each.
const maxHandles = 200_000

// agentName is an agent's handle in its tenant.
type agentName struct {
	tenant ident.Tenant
	name   string
}

// handles remembers which agent had a handle. That may have changed: it is for
// those who find out when they use it, as the gate does.
type handles struct {
	find  func(context.Context, ident.Tenant, string) (uuid.UUID, error)
	known *otter.Cache[agentName, uuid.UUID]
}

func newHandles(find func(context.Context, ident.Tenant, string) (uuid.UUID, error)) (*handles, error) {
	known, err := otter.New(&otter.Options[agentName, uuid.UUID]{MaximumSize: maxHandles})
	return &handles{find: find, known: known}, err
}

// agent is who had the handle the last time, or has it now. An id is its own.
func (h *handles) agent(ctx context.Context, t ident.Tenant, named string) (uuid.UUID, error) {
	if id, ok := ident.Parse(ident.Agent, named); ok {
		return id, nil
	}
	key := agentName{t, named}
	if id, ok := h.known.GetIfPresent(key); ok {
		return id, nil
	}
	id, err := h.find(ctx, t, named)
	if err == nil {
		h.known.Set(key, id)
	}
	return id, err
}

func (h *handles) forget(t ident.Tenant, named string) { h.known.Invalidate(agentName{t, named}) }

// withAgent does something with the agent of an id or a handle. The agent of a
// handle is remembered; when do finds that it has another one by now, it is
// looked up and done again. The fault is not_found.
func (a *API) withAgent(ctx context.Context, t ident.Tenant, named string, do func(id uuid.UUID, handle string) error) (id uuid.UUID, err error) {
	handle := named
	if _, isID := ident.Parse(ident.Agent, named); isID {
		handle = ""
	}
	for range 2 {
		if id, err = a.handles.agent(ctx, t, named); err != nil {
			return id, err
		}
		if err = do(id, handle); !errors.Is(err, spend.ErrRenamed) {
			return id, err
		}
		a.handles.forget(t, named)
	}
	var refused *fault.Error
	if errors.As(err, &refused) {
		return id, refused
	}
	return id, missing("agent")
}
