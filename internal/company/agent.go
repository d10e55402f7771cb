package company

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// AgentStatus says whether an agent may ask for money.
type AgentStatus string

// A deleted agent keeps its history; its handle is free again.
const (
	AgentActive  AgentStatus = "active"
	AgentFrozen  AgentStatus = "frozen"
	AgentDeleted AgentStatus = "deleted"
)

// Agent is a program that spends.
type Agent struct {
	ID                   uuid.UUID
	Handle               string
	Name, Description    string
	Metadata             map[string]string
	Status               AgentStatus
	CreatedAt, UpdatedAt time.Time
}

// NewAgent is what an agent is made of; Handle and Name are required.
type NewAgent struct {
	Handle, Name, Description string
	Metadata                  map[string]string
}

// AgentChange is a change of an agent; nil leaves a field as it is.
type AgentChange struct {
	Handle, Name, Description *string
	// Metadata is merged: a key is set, or taken away by an empty value.
	Metadata map[string]string
}

// CreateAgent makes an agent. Conflict: handle_taken.
func (s *Service) CreateAgent(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, in NewAgent) (Agent, error) {
	a, err := AgentChange{&in.Handle, &in.Name, &in.Description, in.Metadata}.apply(Agent{})
	if err != nil {
		return Agent{}, err
	}
	metadata, err := json.Marshal(a.Metadata)
	if err != nil {
		return Agent{}, err
	}
	row, err := db.New(tx).AgentInsert(ctx, db.AgentInsertParams{CompanyID: t.Company, Live: t.Live,
		AgentID: ident.New(), Handle: a.Handle, Name: a.Name, Description: a.Description, Metadata: metadata})
	if err != nil {
		return Agent{}, handleTaken(err)
	}
	if a, err = agentOf(row); err != nil {
		return Agent{}, err
	}
	return a, audit.Append(ctx, tx, t, by, agentEvent("agent.created", a, map[string]any{"handle": a.Handle, "name": a.Name}))
}

// Agents lists agents, newest first, of these statuses; of none given, those
// that are not deleted.
func (s *Service) Agents(ctx context.Context, t ident.Tenant, page Page, statuses ...AgentStatus) ([]Agent, error) {
	if len(statuses) == 0 {
		statuses = []AgentStatus{AgentActive, AgentFrozen}
	}
	names := make([]string, len(statuses))
	for i, status := range statuses {
		names[i] = string(status)
	}
	rows, err := db.New(s.pool).AgentList(ctx, db.AgentListParams{CompanyID: t.Company, Live: t.Live,
		Statuses: names, Before: page.Before, MaxRows: int32(page.Limit)})
	if err != nil {
		return nil, err
	}
	return agentsOf(rows)
}

// Agent reads an agent by id, deleted ones too, or by handle.
func (s *Service) Agent(ctx context.Context, t ident.Tenant, ref string) (Agent, error) {
	return find(ctx, db.New(s.pool), t, ref)
}

func find(ctx context.Context, q *db.Queries, t ident.Tenant, ref string) (Agent, error) {
	var row db.Agent
	var err error
	if id, ok := ident.Parse(ident.Agent, ref); ok {
		row, err = q.AgentGet(ctx, t.Company, t.Live, id)
	} else if handleShaped(ref) {
		row, err = q.AgentByHandle(ctx, t.Company, t.Live, ref)
	} else {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return Agent{}, missing(err, "agent")
	}
	return agentOf(row)
}

// AgentsByID reads agents by id, deleted ones too; those that are not there
// are left out.
func (s *Service) AgentsByID(ctx context.Context, t ident.Tenant, ids []uuid.UUID) (map[uuid.UUID]Agent, error) {
	rows, err := db.New(s.pool).AgentsByIDs(ctx, t.Company, t.Live, ids)
	if err != nil {
		return nil, err
	}
	agents, err := agentsOf(rows)
	out := make(map[uuid.UUID]Agent, len(agents))
	for _, a := range agents {
		out[a.ID] = a
	}
	return out, err
}

// ResolveAgents finds the ids of agents named by id or handle, in the order
// given. One that is unknown or deleted is Missing.
func (s *Service) ResolveAgents(ctx context.Context, t ident.Tenant, refs []string) ([]uuid.UUID, error) {
	q, out := db.New(s.pool), make([]uuid.UUID, len(refs))
	for i, ref := range refs {
		a, err := find(ctx, q, t, ref)
		if err != nil {
			return nil, err
		}
		if a.Status == AgentDeleted {
			return nil, fault.Missing("agent")
		}
		out[i] = a.ID
	}
	return out, nil
}

// UpdateAgent changes an agent. Conflict: handle_taken, agent_deleted.
func (s *Service) UpdateAgent(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref string, in AgentChange) (Agent, error) {
	return s.change(ctx, tx, t, by, ref, "agent.updated", in.apply)
}

// FreezeAgent stops an agent: from the next decision on, its requests are
// denied with agent_frozen. Freezing a frozen one changes nothing.
func (s *Service) FreezeAgent(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref string) (Agent, error) {
	return s.change(ctx, tx, t, by, ref, "agent.frozen", to(AgentFrozen))
}

// UnfreezeAgent lets an agent spend again.
func (s *Service) UnfreezeAgent(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref string) (Agent, error) {
	return s.change(ctx, tx, t, by, ref, "agent.unfrozen", to(AgentActive))
}

// DeleteAgent stops new requests and revokes the agent's own keys. History
// stays, and what is open may still be confirmed, voided or expire. Deleting
// twice changes nothing.
func (s *Service) DeleteAgent(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref string) (Agent, error) {
	q := db.New(tx)
	if err := lockMode(ctx, q, t); err != nil {
		return Agent{}, err
	}
	if a, err := find(ctx, q, t, ref); err != nil || a.Status == AgentDeleted {
		return a, err
	}
	a, err := s.change(ctx, tx, t, by, ref, "agent.deleted", to(AgentDeleted))
	if err != nil {
		return Agent{}, err
	}
	keys, err := q.AgentRevokeKeys(ctx, t.Company, t.Live, a.ID)
	if err != nil {
		return Agent{}, err
	}
	events := make([]audit.Event, len(keys))
	for i, key := range keys {
		events[i] = keyRevoked(key, &a.ID)
	}
	if err := audit.Append(ctx, tx, t, by, events...); err != nil {
		return Agent{}, err
	}
	return a, s.tellKeys(ctx, q, keys)
}

// change is the one way an agent changes: under the mode's lock, so that no
// decision overlaps it, and only with an event when something is different.
func (s *Service) change(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref, event string, apply func(Agent) (Agent, error)) (Agent, error) {
	q := db.New(tx)
	if err := lockMode(ctx, q, t); err != nil {
		return Agent{}, err
	}
	before, err := find(ctx, q, t, ref)
	if err != nil {
		return Agent{}, err
	}
	if before.Status == AgentDeleted {
		return Agent{}, fault.New(fault.Conflict, "agent_deleted", "This agent is deleted.")
	}
	after, err := apply(before)
	if err != nil {
		return Agent{}, err
	}
	changed := agentChanges(before, after)
	if len(changed) == 0 {
		return before, nil
	}
	if after, err = saveAgent(ctx, q, t, after); err != nil {
		return Agent{}, err
	}
	return after, audit.Append(ctx, tx, t, by, agentEvent(event, after, changed))
}

func saveAgent(ctx context.Context, q *db.Queries, t ident.Tenant, a Agent) (Agent, error) {
	metadata, err := json.Marshal(a.Metadata)
	if err != nil {
		return Agent{}, err
	}
	row, err := q.AgentUpdate(ctx, db.AgentUpdateParams{CompanyID: t.Company, Live: t.Live, AgentID: a.ID,
		Handle: a.Handle, Name: a.Name, Description: a.Description, Metadata: metadata, Status: string(a.Status)})
	if err != nil {
		return Agent{}, handleTaken(err)
	}
	return agentOf(row)
}

func to(status AgentStatus) func(Agent) (Agent, error) {
	return func(a Agent) (Agent, error) {
		a.Status = status
		return a, nil
	}
}

func handleTaken(err error) error {
	if postgres.Violates(err, "agents_handle") {
		return fault.New(fault.Conflict, "handle_taken", "Another agent has this handle.")
	}
	return err
}
