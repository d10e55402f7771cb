package api

import (
	"context"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/getpurser/purser/internal/ident"
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
