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
// agents, shared meters), then the clock, then reads what the ops need. It goes
// to the database twice: what must be read follows from the first.
func (b *batch) read(ctx context.Context, tx pgx.Tx, cache *snapshots) error {
	var locks pgx.Batch
	b.queueClock(&locks)
	modes := b.queueModes(&locks)
	b.queueAgents(&locks)
	if err := tx.SendBatch(ctx, &locks).Close(); err != nil {
		return err
	}
	if err := b.loadModes(ctx, tx, cache, *modes); err != nil {
		return err
	}
	var reads pgx.Batch
	b.queueSharedMeters(&reads)
	b.queueHistory(&reads) // by the clock of the first round: a little more, never less
	b.queueClock(&reads)
	b.queueAgentMeters(&reads)
	b.queueExpired(&reads)
	b.queueAuthorizations(&reads)
	b.queueKeys(&reads)
	if err := tx.SendBatch(ctx, &reads).Close(); err != nil {
		return err
	}
	return b.readApprovals(ctx, db.New(tx))
}

// queueClock reads the database's clock into the batch.
func (b *batch) queueClock(p *pgx.Batch) {
	p.Queue(db.DatabaseClock).QueryRow(func(row pgx.Row) error { return row.Scan(&b.now) })
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

func (b *batch) queueModes(p *pgx.Batch) *[]db.CompanyMode {
	companies, lives := b.tenants()
	var modes []db.CompanyMode
	queue(p, func(r db.CompanyMode) error { modes = append(modes, r); return nil }, db.ShareModes, companies, lives)
	return &modes
}

func (b *batch) loadModes(ctx context.Context, tx pgx.Tx, cache *snapshots, modes []db.CompanyMode) error {
	for _, r := range modes {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		snap, err := cache.at(ctx, tx, t, r.Epoch)
		if err != nil {
			return err
		}
		b.modes[t] = &mode{snapshot: snap, frozen: r.FrozenAt != nil}
	}
	return nil
}

func (b *batch) queueAgents(p *pgx.Batch) {
	var c columns
	for _, o := range b.ops {
		c.add(o.tenant, o.agent)
	}
	companies, lives := b.tenants()
	queue(p, func(r db.LockSpendingAgentsRow) error {
		b.agents[ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.AgentID}] = agentRow{handle: r.Handle, status: r.Status}
		return nil
	}, db.LockSpendingAgents, c.companies, c.lives, c.ids, companies, lives)
}

func (b *batch) queueSharedMeters(p *pgx.Batch) {
	var shared []meter.Shared
	for t, m := range b.modes {
		for _, scope := range m.scopes {
			if scope.Kind != meter.ScopeAgent && b.covers(t, scope) {
				shared = append(shared, meter.Shared{Tenant: t, Key: scope.Key().Key})
			}
		}
	}
	meter.QueueLock(p, shared, b.keep)
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

func (b *batch) queueAgentMeters(p *pgx.Batch) {
	var subjects []meter.Subject
	for agent := range b.agents {
		if b.modes[agent.tenant].metersAgents() {
			subjects = append(subjects, meter.Subject{Tenant: agent.tenant, ID: agent.id})
		}
	}
	meter.QueueOfSubjects(p, subjects, b.keep)
}

func (s *snapshot) metersAgents() bool {
	for _, scope := range s.scopes {
		if scope.Kind == meter.ScopeAgent {
			return true
		}
	}
	return false
}

func (b *batch) keep(m meter.Stored) { b.meters[meterRef{m.Tenant, m.Key}] = m.Meter }

func (b *batch) queueExpired(p *pgx.Batch) {
	companies, lives := b.tenants()
	agents := make([]uuid.UUID, 0, len(b.agents))
	for a := range b.agents {
		agents = append(agents, a.id)
	}
	queue(p, func(r db.Authorization) error {
		if _, locked := b.agents[ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.AgentID}]; !locked {
			return nil
		}
		return b.hold(r)
	}, db.ExpiredHolds, companies, lives, agents)
}

// hold keeps an authorization as it was read, once.
func (b *batch) hold(r db.Authorization) error {
	a, err := fromRow(r)
	if err != nil {
		return err
	}
	if id := (ref{a.Tenant, a.ID}); b.authorizations[id] == nil {
		b.authorizations[id] = a
	}
	return nil
}

func (b *batch) queueAuthorizations(p *pgx.Batch) {
	var c columns
	for _, o := range b.ops {
		if id := o.reads.authorization; id != uuid.Nil {
			c.add(o.tenant, id)
		}
	}
	if len(c.ids) > 0 {
		queue(p, b.hold, db.AuthorizationsByIDs, c.companies, c.lives, c.ids)
	}
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

// queueKeys reads which API keys have died and which Idempotency-Keys have an
// answer.
func (b *batch) queueKeys(p *pgx.Batch) {
	var keys columns
	var repeated []once.Key
	for _, o := range b.ops {
		if o.call.Key != uuid.Nil {
			keys.add(o.tenant, o.call.Key)
		}
		if o.call.Once != nil {
			repeated = append(repeated, o.call.Once.Key)
		}
	}
	if len(keys.ids) > 0 {
		p.Queue(db.DeadKeys, keys.companies, keys.lives, keys.ids).Query(func(rows pgx.Rows) error {
			dead, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			for _, id := range dead {
				b.deadKeys[id] = true
			}
			return err
		})
	}
	once.QueueFind(p, repeated, func(r once.Record) { b.records[r.ID()] = r })
}
