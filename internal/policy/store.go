package policy

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Store keeps the policies of every tenant, with all their versions.
type Store struct{ pool *postgres.Pool }

// NewStore makes a store on a database.
func NewStore(pool *postgres.Pool) *Store { return &Store{pool} }

// Load reads the policies of a tenant that changed after an epoch, archived
// ones included; 0 reads them all.
func (s *Store) Load(ctx context.Context, tx db.DBTX, t ident.Tenant, since int64) ([]Policy, error) {
	return fromRows(db.New(tx).PoliciesSince(ctx, t.Company, t.Live, since))
}

// Get reads one policy. The fault is not_found.
func (s *Store) Get(ctx context.Context, t ident.Tenant, id uuid.UUID) (Policy, error) {
	return get(ctx, db.New(s.pool), t, id)
}

func get(ctx context.Context, q *db.Queries, t ident.Tenant, id uuid.UUID) (Policy, error) {
	row, err := q.PolicyByID(ctx, t.Company, t.Live, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Policy{}, fault.Missing("policy")
	}
	if err != nil {
		return Policy{}, err
	}
	return fromRow(row)
}

// Filter narrows a list of policies. Zero values filter nothing. Agent keeps
// those that cover the agent, the company's included.
type Filter struct {
	Status Status
	Agent  uuid.UUID
}

// List reads up to limit policies older than before (nil: the newest), newest
// first, archived ones included unless filtered.
func (s *Store) List(ctx context.Context, t ident.Tenant, f Filter, before uuid.UUID, limit int) ([]Policy, error) {
	p := db.ListPoliciesParams{CompanyID: t.Company, Live: t.Live, Before: before, Rows: int32(limit)}
	if before == uuid.Nil {
		p.Before = uuid.Max
	}
	if f.Status != "" {
		status := string(f.Status)
		p.Status = &status
	}
	if f.Agent != uuid.Nil {
		p.Agent = &f.Agent
	}
	return fromRows(db.New(s.pool).ListPolicies(ctx, p))
}

// ForAgent lists the policies that cover an agent, drafts and shadows included,
// newest first.
func (s *Store) ForAgent(ctx context.Context, t ident.Tenant, agent uuid.UUID) ([]Policy, error) {
	return fromRows(db.New(s.pool).PoliciesOfAgent(ctx, t.Company, t.Live, agent))
}

// Version is a policy as one write left it, and who wrote it, as a public id.
type Version struct {
	Policy
	WrittenBy string
}

// Versions lists up to limit versions below before (0: the newest), newest
// first. The fault is not_found.
func (s *Store) Versions(ctx context.Context, t ident.Tenant, id uuid.UUID, before, limit int) ([]Version, error) {
	if before == 0 {
		before = math.MaxInt32
	}
	q := db.New(s.pool)
	if _, err := get(ctx, q, t, id); err != nil {
		return nil, err
	}
	rows, err := q.PolicyVersions(ctx, db.PolicyVersionsParams{CompanyID: t.Company, Live: t.Live, PolicyID: id,
		Before: int32(min(before, math.MaxInt32)), Rows: int32(limit)})
	if err != nil {
		return nil, err
	}
	out := make([]Version, len(rows))
	for i, r := range rows {
		if out[i], err = fromVersion(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// known checks that the agents and members which the content names exist. The
// fault is Invalid and names each that does not.
func (c *Content) known(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	var faults []fault.Field
	top := &object{faults: &faults}
	agents, err := q.KnownAgents(ctx, t.Company, t.Live, c.Agents)
	if err != nil {
		return err
	}
	for i, a := range c.Agents {
		if !slices.Contains(agents, a) {
			top.bad(item("agents", i), "unknown_agent", "There is no such agent.")
		}
	}
	named := map[uuid.UUID][]string{}
	for i := range c.Rules {
		for j, a := range c.Rules[i].Approvers {
			if id, ok := ident.Parse(ident.Member, a); ok {
				named[id] = append(named[id], item("rules", i)+"."+item("approvers", j))
			}
		}
	}
	members, err := q.KnownMembers(ctx, t.Company, keys(named))
	if err != nil {
		return err
	}
	for id, places := range named {
		for _, place := range places {
			if !slices.Contains(members, id) {
				top.bad(place, "unknown_approver", "There is no such member.")
			}
		}
	}
	if len(faults) > 0 {
		return invalid(faults)
	}
	return nil
}

func keys(m map[uuid.UUID][]string) []uuid.UUID {
	list := make([]uuid.UUID, 0, len(m))
	for id := range m {
		list = append(list, id)
	}
	return list
}
