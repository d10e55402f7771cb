package access

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
)

// AgentOf finds the agent that a call is about, from what names one: the key's
// binding, X-Agent-Id (header), and the body or path (named); each an id or a
// handle, or empty. Nil without an error is a call about no agent. What is
// unknown is Missing; where header and named disagree it is Invalid:
// agent_mismatch; a bound key that names another is Forbidden: wrong_agent.
func (a *Access) AgentOf(ctx context.Context, p Principal, header, named string) (*company.Agent, error) {
	var found *company.Agent
	for _, ref := range []string{named, header} {
		if ref == "" {
			continue
		}
		agent, err := a.companies.Agent(ctx, p.Tenant, ref)
		if err != nil {
			return nil, err
		}
		if found != nil && found.ID != agent.ID {
			return nil, fault.BadField("header.X-Agent-Id", "agent_mismatch", "The header names another agent than the request.")
		}
		found = &agent
	}
	if p.Agent == nil {
		return found, nil
	}
	if found == nil {
		return a.boundTo(ctx, p)
	}
	if found.ID != *p.Agent {
		return nil, fault.New(fault.Forbidden, "wrong_agent", "This key is bound to another agent.")
	}
	return found, nil
}

func (a *Access) boundTo(ctx context.Context, p Principal) (*company.Agent, error) {
	agents, err := a.companies.AgentsByID(ctx, p.Tenant, []uuid.UUID{*p.Agent})
	if err != nil {
		return nil, err
	}
	agent, ok := agents[*p.Agent]
	if !ok {
		return nil, fault.Missing("agent")
	}
	return &agent, nil
}
