package spend

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/once"
)

// read takes every lock, in the order that all transactions keep (modes,
// agents, shared meters), then the clock, then reads what the ops need.
func (b *batch) read(ctx context.Context, tx pgx.Tx, cache *snapshots) error {
	q := db.New(tx)
	steps := []func() error{
		func() error { return b.readModes(ctx, tx, q, cache) },
		func() error { return b.readAgents(ctx, q) },
		func() error { return b.readSharedMeters(ctx, tx) },
		func() (err error) { b.now, err = q.DatabaseClock(ctx); return err },
		func() error { return b.readAgentMeters(ctx, tx) },
		func() error { return b.readExpired(ctx, q) },
		func() error { return b.readAuthorizations(ctx, q) },
		func() error { return b.readApprovals(ctx, q) },
		func() error { return b.readKeys(ctx, tx, q) },
		func() error { return b.readHistory(ctx, q) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// tenants are the distinct tenants of the batch, as columns.
func (b *batch) tenants() (companies []uuid.UUID, lives []bool) {
	seen := map[ident.Tenant]bool{}
	for _, o := range b.ops {
		if !seen[o.tenant] {
			seen[o.tenant] = true
			companies, lives = append(companies, o.tenant.Company), append(lives, o.tenant.Live)
		}
	}
	return companies, lives
}

func (b *batch) readModes(ctx context.Context, tx pgx.Tx, q *db.Queries, cache *snapshots) error {
	companies, lives := b.tenants()
	rows, err := q.ShareModes(ctx, companies, lives)
	if err != nil {
		return err
	}
	for _, r := range rows {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		snap, err := cache.at(ctx, tx, t, r.Epoch)
		if err != nil {
			return err
		}
		b.modes[t] = &mode{snapshot: snap, frozen: r.FrozenAt != nil}
	}
	return nil
}

func (b *batch) readAgents(ctx context.Context, q *db.Queries) error {
	var p db.LockSpendingAgentsParams
	p.ModeCompanies, p.ModeLives = b.tenants()
	for _, o := range b.ops {
		p.Companies, p.Lives = append(p.Companies, o.tenant.Company), append(p.Lives, o.tenant.Live)
		p.Agents = append(p.Agents, o.agent)
	}
	rows, err := q.LockSpendingAgents(ctx, p)
	for _, r := range rows {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		b.agents[ref{t, r.AgentID}] = agentRow{handle: r.Handle, status: r.Status}
	}
	return err
}

func (b *batch) readSharedMeters(ctx context.Context, tx pgx.Tx) error {
	var shared []meter.Shared
	for t, m := range b.modes {
		for _, scope := range m.scopes {
			if scope.Kind != meter.ScopeAgent && b.covers(t, scope) {
				shared = append(shared, meter.Shared{Tenant: t, Key: scope.Key().Key})
			}
		}
	}
	rows, err := meter.Lock(ctx, tx, shared)
	b.keep(rows)
	return err
}

// covers reports whether one of the locked agents adds to the scope.
func (b *batch) covers(t ident.Tenant, scope meter.Scope) bool {
	for agent := range b.agents {
		if agent.tenant == t {
			if _, ok := scope.Meter(agent.id); ok {
				return true
			}
		}
	}
	return false
}

func (b *batch) readAgentMeters(ctx context.Context, tx pgx.Tx) error {
	var subjects []meter.Subject
	for agent := range b.agents {
		if b.modes[agent.tenant].metersAgents() {
			subjects = append(subjects, meter.Subject{Tenant: agent.tenant, ID: agent.id})
		}
	}
	rows, err := meter.OfSubjects(ctx, tx, subjects)
	b.keep(rows)
	return err
}

func (s *snapshot) metersAgents() bool {
	for _, scope := range s.scopes {
		if scope.Kind == meter.ScopeAgent {
			return true
		}
	}
	return false
}

func (b *batch) keep(rows []meter.Stored) {
	for _, m := range rows {
		b.meters[meterRef{m.Tenant, m.Key}] = m.Meter
	}
}

func (b *batch) readExpired(ctx context.Context, q *db.Queries) error {
	companies, lives := b.tenants()
	agents := make([]uuid.UUID, 0, len(b.agents))
	for a := range b.agents {
		agents = append(agents, a.id)
	}
	rows, err := q.ExpiredHolds(ctx, companies, lives, &b.now, agents)
	if err != nil {
		return err
	}
	for _, r := range rows {
		a, err := fromRow(r)
		if err != nil {
			return err
		}
		if _, locked := b.agents[ref{a.Tenant, a.Agent}]; locked {
			b.authorizations[ref{a.Tenant, a.ID}] = a
		}
	}
	return nil
}

func (b *batch) readAuthorizations(ctx context.Context, q *db.Queries) error {
	var companies, ids []uuid.UUID
	var lives []bool
	for _, o := range b.ops {
		if id := o.reads.authorization; id != uuid.Nil {
			companies, lives, ids = append(companies, o.tenant.Company), append(lives, o.tenant.Live), append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.AuthorizationsByIDs(ctx, companies, lives, ids)
	if err != nil {
		return err
	}
	for _, r := range rows {
		a, err := fromRow(r)
		if err != nil {
			return err
		}
		if id := (ref{a.Tenant, a.ID}); b.authorizations[id] == nil {
			b.authorizations[id] = a
		}
	}
	return nil
}

// readApprovals reads the approvals that ops decide, with the votes so far and
// the voters' roles.
func (b *batch) readApprovals(ctx context.Context, q *db.Queries) error {
	for _, o := range b.ops {
		if o.reads.approval == uuid.Nil {
			continue
		}
		p, err := readApproval(ctx, q, o.tenant, o.reads.approval)
		if err != nil {
			return err
		}
		b.approvals[ref{o.tenant, p.ID}] = p
		if v := o.reads.voter; v != nil {
			role, err := readRole(ctx, q, o.tenant, *v)
			if err != nil {
				return err
			}
			b.roles[ref{o.tenant, v.Member}] = role
		}
	}
	return nil
}

// readKeys reads which API keys have died and which Idempotency-Keys have an
// answer.
func (b *batch) readKeys(ctx context.Context, tx pgx.Tx, q *db.Queries) error {
	var companies, keys []uuid.UUID
	var lives []bool
	var repeated []once.Key
	for _, o := range b.ops {
		if o.call.Key != uuid.Nil {
			companies, lives = append(companies, o.tenant.Company), append(lives, o.tenant.Live)
			keys = append(keys, o.call.Key)
		}
		if o.call.Once != nil {
			repeated = append(repeated, o.call.Once.Key)
		}
	}
	if len(keys) > 0 {
		dead, err := q.DeadKeys(ctx, companies, lives, keys, &b.now)
		if err != nil {
			return err
		}
		for _, id := range dead {
			b.deadKeys[id] = true
		}
	}
	var err error
	b.records, err = once.Find(ctx, tx, repeated)
	return err
}
