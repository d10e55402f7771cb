package spend

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/postgres"
)

// read takes every lock, in the order that all transactions keep (modes,
// agents, shared meters), then the clock, then reads what the ops need, all in
// one message: what must be read follows from the locked rows, and is guessed
// from what they were the last time. When the guess is wrong it is read again,
// under the same locks.
func (b *batch) read(ctx context.Context, tx *postgres.Pipeline, cache *snapshots) (err error) {
	asked := b.asked()
	var modes []db.CompanyMode
	if b.guess(cache) {
		modes, err = b.readGuessed(ctx, tx, asked)
	}
	right := b.asGuessed(modes, asked)
	if len(modes) == 0 && err == nil {
		modes, err = b.lockAll(ctx, tx, asked)
	}
	if !right && err == nil {
		err = b.readAgain(ctx, tx, cache, modes)
	}
	if err != nil {
		return err
	}
	now := b.now // not a pointer into the batch, which would be kept with it
	cache.clock.Store(&now)
	if err := b.readMore(ctx, tx); err != nil {
		return err
	}
	return b.readApprovals(ctx, db.New(tx))
}

// readGuessed locks and reads as the guess says. Without a mode in the answer
// nothing was locked.
func (b *batch) readGuessed(ctx context.Context, tx *postgres.Pipeline, asked []ref) ([]db.CompanyMode, error) {
	var message pgx.Batch
	var modes *[]db.CompanyMode
	if len(asked) == 1 && !b.modes[asked[0].tenant].sharesMeters() {
		modes = b.queueOne(&message, asked[0])
	} else {
		modes = b.queueModes(&message)
		b.queueAgents(&message, asked, false)
	}
	b.queueReads(&message, asked)
	err := tx.Send(ctx, &message)
	return *modes, err
}

// lockAll locks where nothing can be guessed, and reads the clock.
func (b *batch) lockAll(ctx context.Context, tx *postgres.Pipeline, asked []ref) ([]db.CompanyMode, error) {
	var message pgx.Batch
	modes := b.queueModes(&message)
	b.queueAgents(&message, asked, true)
	message.Queue(db.DatabaseClock).QueryRow(func(row pgx.Row) error { return row.Scan(&b.now) })
	err := tx.Send(ctx, &message)
	return *modes, err
}

// queueReads asks for what the ops need, once the modes and agents are locked.
func (b *batch) queueReads(p *pgx.Batch, agents []ref) {
	b.queueSharedMeters(p, agents)
	b.queueHistory(p)
	b.queueMoment(p, agents)
	b.queueAgentMeters(p, agents)
	b.queueAuthorizations(p)
	b.queueRecords(p)
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
	postgres.Queue(p, func(r db.CompanyMode) error { modes = append(modes, r); return nil }, db.ShareModes, companies, lives)
	return &modes
}

// queueOne locks the one agent that is asked for, in its mode.
func (b *batch) queueOne(p *pgx.Batch, a ref) *[]db.CompanyMode {
	var modes []db.CompanyMode
	postgres.Queue(p, func(r db.LockAgentRow) error {
		modes = append(modes, db.CompanyMode{CompanyID: a.tenant.Company, Live: a.tenant.Live, Epoch: r.Epoch, FrozenAt: r.FrozenAt})
		b.agents[a] = agentRow{handle: r.Handle, status: r.Status}
		return nil
	}, db.LockAgent, a.tenant.Company, a.tenant.Live, a.id)
	return &modes
}

func (b *batch) loadModes(ctx context.Context, tx db.DBTX, cache *snapshots, modes []db.CompanyMode) error {
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

// queueAgents locks the agents that are asked for, and those whose expired holds
// may free a budget that they share. Where the snapshot is not known yet, any
// may.
func (b *batch) queueAgents(p *pgx.Batch, asked []ref, all bool) {
	var c, sharing columns
	for _, a := range asked {
		c.add(a.tenant, a.id)
	}
	companies, lives := b.tenants()
	for i, company := range companies {
		t := ident.Tenant{Company: company, Live: lives[i]}
		if all || b.modes[t].sharesMeters() {
			sharing.add(t, uuid.Nil)
		}
	}
	keep := func(r db.LockAgentsRow) error {
		b.agents[ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.AgentID}] = agentRow{handle: r.Handle, status: r.Status}
		return nil
	}
	if len(sharing.ids) == 0 {
		postgres.Queue(p, keep, db.LockAgents, c.companies, c.lives, c.ids)
		return
	}
	postgres.Queue(p, keep, db.LockSpendingAgents, c.companies, c.lives, c.ids, sharing.companies, sharing.lives)
}

func (s *snapshot) sharesMeters() bool {
	return slices.ContainsFunc(s.scopes, func(m meter.Scope) bool { return m.Kind != meter.ScopeAgent })
}

func (s *snapshot) metersAgents() bool {
	return slices.ContainsFunc(s.scopes, func(m meter.Scope) bool { return m.Kind == meter.ScopeAgent })
}

func (b *batch) queueSharedMeters(p *pgx.Batch, agents []ref) {
	var shared []meter.Shared
	for t, m := range b.modes {
		for _, scope := range m.scopes {
			if scope.Kind != meter.ScopeAgent && covers(scope, t, agents) {
				shared = append(shared, meter.Shared{Tenant: t, Key: scope.Key().Key})
			}
		}
	}
	meter.QueueLock(p, shared, b.keep)
}

// covers reports whether one of the tenant's agents adds to the scope.
func covers(scope meter.Scope, t ident.Tenant, agents []ref) bool {
	return slices.ContainsFunc(agents, func(a ref) bool {
		_, ok := scope.Meter(a.id)
		return ok && a.tenant == t
	})
}

func (b *batch) queueAgentMeters(p *pgx.Batch, agents []ref) {
	var subjects []meter.Subject
	for _, agent := range agents {
		if b.modes[agent.tenant].metersAgents() {
			subjects = append(subjects, meter.Subject{Tenant: agent.tenant, ID: agent.id})
		}
	}
	meter.QueueOfSubjects(p, subjects, b.keep)
}

func (b *batch) keep(m meter.Stored) { b.meters[meterRef{m.Tenant, m.Key}] = m.Meter }

// mostReleased bounds how many holds one transaction gives back, so that it ends
// in time however many run out together: half a second for holds of the API.
const mostReleased = 2000

// queueExpired reads the holds of the locked agents that have run out. A tenant
// with more of them than fit is late: its requests are put off until the rest is
// given back too, by them and by the sweeper.
func (b *batch) queueExpired(p *pgx.Batch) {
	companies, lives := b.tenants()
	most := max(mostReleased/len(companies), 1)
	found := map[ident.Tenant]int{}
	agents := make([]uuid.UUID, 0, len(b.agents))
	for a := range b.agents {
		agents = append(agents, a.id)
	}
	postgres.Queue(p, func(r db.Authorization) error {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		if found[t]++; found[t] == most {
			b.modes[t].late = true
		}
		if _, locked := b.agents[ref{t, r.AgentID}]; !locked {
			return nil
		}
		return b.hold(r)
	}, db.ExpiredHolds, companies, lives, agents, most)
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
		postgres.Queue(p, b.hold, db.AuthorizationsByIDs, c.companies, c.lives, c.ids)
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
		if o.reads.alike {
			if err := b.readAlike(ctx, q, b.authorizations[ref{o.tenant, p.Authorization}]); err != nil {
				return err
			}
		}
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

// queueMoment reads the clock, which API keys have died by now, and whether a
// hold of the agents has run out.
func (b *batch) queueMoment(p *pgx.Batch, agents []ref) {
	var keys columns
	for _, o := range b.ops {
		if o.call.Key != uuid.Nil {
			keys.add(o.tenant, o.call.Key)
		}
	}
	ids := make([]uuid.UUID, len(agents))
	for i, a := range agents {
		ids[i] = a.id
	}
	companies, lives := b.tenants()
	p.Queue(db.Moment, keys.companies, keys.lives, keys.ids, companies, lives, ids).QueryRow(func(row pgx.Row) error {
		var dead []uuid.UUID
		err := row.Scan(&b.now, &dead, &b.expired)
		for _, id := range dead {
			b.deadKeys[id] = true
		}
		return err
	})
}

// queueRecords reads which Idempotency-Keys have an answer.
func (b *batch) queueRecords(p *pgx.Batch) {
	var repeated []once.Key
	for _, o := range b.ops {
		if o.call.Once != nil {
			repeated = append(repeated, o.call.Once.Key)
		}
	}
	once.QueueFind(p, repeated, func(r *once.Record) { b.records[r.ID()] = r })
}

// readMore reads what only the first answers call for, which is mostly nothing.
func (b *batch) readMore(ctx context.Context, tx *postgres.Pipeline) error {
	var message pgx.Batch
	if b.expired {
		b.queueExpired(&message)
	}
	if err := b.queueRepeated(&message); err != nil || message.Len() == 0 {
		return err
	}
	return tx.Send(ctx, &message)
}

// queueRepeated reads the authorizations that the stored answers to authorize
// speak of: their tokens are signed again.
func (b *batch) queueRepeated(p *pgx.Batch) error {
	var c columns
	waiting := map[ref][]*op{}
	for _, o := range b.ops {
		answer, err := b.replay(o)
		if answer == nil || err != nil || !o.reads.token {
			continue
		}
		id, err := answeredID(answer.Body)
		if err != nil {
			return err
		}
		c.add(o.tenant, id)
		waiting[ref{o.tenant, id}] = append(waiting[ref{o.tenant, id}], o)
	}
	if len(c.ids) == 0 {
		return nil
	}
	postgres.Queue(p, func(r db.Authorization) error {
		a, err := fromRow(r)
		for _, o := range waiting[ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.AuthorizationID}] {
			b.repeated[o] = a
		}
		return err
	}, db.AuthorizationsByIDs, c.companies, c.lives, c.ids)
	return nil
}
