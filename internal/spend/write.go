package spend

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/wire"
)

// columns are the keys of many rows, a column each.
type columns struct {
	companies []uuid.UUID
	lives     []bool
	ids       []uuid.UUID
}

func (c *columns) add(t ident.Tenant, id uuid.UUID) {
	c.companies, c.lives, c.ids = append(c.companies, t.Company), append(c.lives, t.Live), append(c.ids, id)
}

// write gives what changed as one message, each table in one statement. The
// Idempotency-Keys come last: who waits for one waits for a transaction that
// only commits.
func (b *batch) write(ctx context.Context) (*pgx.Batch, error) {
	tx := &postgres.Collector{}
	q, c := db.New(tx), &b.changed
	steps := []func() error{
		func() error { return b.writeMeters(ctx, tx) },
		func() error { return c.writeInserted(ctx, q) },
		func() error { return c.writeUpdated(ctx, q) },
		func() error { return c.writeHeld(ctx, q) },
		func() error { return b.writeClosed(ctx, q) },
		func() error { return c.writeVotes(ctx, q) },
		func() error { return b.writeMerchants(ctx, q) },
		func() (err error) { c.written, err = audit.AppendBatch(ctx, tx, c.events); return err },
		func() error { return c.notify(ctx, q) },
		func() error { return once.Write(ctx, tx, c.records) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &tx.Waiting, nil
}

func (b *batch) writeMeters(ctx context.Context, tx pgx.Tx) error {
	stored := make([]meter.Stored, 0, len(b.changed.meters))
	for id := range b.changed.meters {
		stored = append(stored, meter.Stored{Tenant: id.tenant, Meter: b.meters[id]})
	}
	return meter.Write(ctx, tx, stored)
}

func (c *changes) writeInserted(ctx context.Context, q *db.Queries) error {
	if len(c.inserted) == 0 {
		return nil
	}
	rows := make([]wire.Row, len(c.inserted))
	for i, a := range c.inserted {
		var err error
		if rows[i], err = rowOf(a); err != nil {
			return err
		}
		delete(c.updated, ref{a.Tenant, a.ID}) // the insert has the last word
	}
	return q.InsertAuthorizations(ctx, rows)
}

func (c *changes) writeUpdated(ctx context.Context, q *db.Queries) error {
	if len(c.updated) == 0 {
		return nil
	}
	rows := make([]wire.Row, 0, len(c.updated))
	for _, a := range c.updated {
		rows = append(rows, changeOf(a))
	}
	return q.UpdateAuthorizations(ctx, rows)
}

func (c *changes) writeHeld(ctx context.Context, q *db.Queries) error {
	if len(c.held) == 0 {
		return nil
	}
	var p db.InsertApprovalsParams
	for _, h := range c.held {
		requirements, err := json.Marshal(h.Requirements)
		if err != nil {
			return err
		}
		p.Companies, p.Lives, p.Ids = append(p.Companies, h.Tenant.Company), append(p.Lives, h.Tenant.Live), append(p.Ids, h.ID)
		p.Authorizations, p.Agents = append(p.Authorizations, h.Authorization), append(p.Agents, h.Agent)
		p.Requirements, p.Digests = append(p.Requirements, string(requirements)), append(p.Digests, h.Digest)
		p.ExpiresAts, p.CreatedAts = append(p.ExpiresAts, h.ExpiresAt), append(p.CreatedAts, h.CreatedAt)
	}
	return q.InsertApprovals(ctx, p)
}

func (b *batch) writeClosed(ctx context.Context, q *db.Queries) error {
	if len(b.changed.closed) == 0 {
		return nil
	}
	var c columns
	var statuses []string
	for _, closed := range b.changed.closed {
		c.add(closed.tenant, closed.id)
		statuses = append(statuses, closed.status)
	}
	return q.CloseApprovals(ctx, db.CloseApprovalsParams{Now: &b.now, Companies: c.companies, Lives: c.lives, Ids: c.ids, Statuses: statuses})
}

func (c *changes) writeVotes(ctx context.Context, q *db.Queries) error {
	for _, v := range c.votes {
		if err := q.InsertVote(ctx, voteParams(v)); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeMerchants(ctx context.Context, q *db.Queries) error {
	if len(b.changed.merchants) == 0 {
		return nil
	}
	var k knownMerchants
	for m := range b.changed.merchants {
		k.add(m.tenant, m.key)
	}
	return q.InsertKnownMerchants(ctx, b.now, k.companies, k.lives, k.keys)
}

// decidedChannel carries the ids of held authorizations that were decided, to
// the replicas that have callers waiting. It only hurries: they also look.
const decidedChannel = "purser_decided"

func (c *changes) notify(ctx context.Context, q *db.Queries) error {
	if len(c.decidedIDs) == 0 {
		return nil
	}
	ids := make([]string, len(c.decidedIDs))
	for i, id := range c.decidedIDs {
		ids[i] = id.String()
	}
	return q.NotifyDecided(ctx, ids)
}
