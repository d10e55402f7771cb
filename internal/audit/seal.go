package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// SealNow gives a position to every event of the tenant that is committed now.
func (l *Log) SealNow(ctx context.Context, t ident.Tenant) error {
	for {
		waiting, err := db.New(l.pool).AuditHasPending(ctx, t.Company, t.Live)
		if err != nil || !waiting {
			return err
		}
		n, err := l.seal(ctx, t, (*db.Queries).AuditLockHead)
		if err != nil || n < sealBatch {
			return err
		}
	}
}

// sealForRead is SealNow for readers, who may read a broken log as far as it
// goes: Verify tells what is wrong with it.
func (l *Log) sealForRead(ctx context.Context, t ident.Tenant) error {
	err := l.SealNow(ctx, t)
	if errors.Is(err, errBroken) {
		l.logger.Error("audit log is broken", "company", ident.Format(ident.Company, t.Company), "mode", t.Mode(), "error", err)
		return nil
	}
	return err
}

// lock takes a tenant's head, so that positions are given by one process at a
// time and become visible in order.
type lock func(*db.Queries, context.Context, uuid.UUID, bool) (bool, error)

// seal gives positions to one batch of committed events and says to how many.
// With a lock that somebody else holds, and that does not wait, it does nothing.
func (l *Log) seal(ctx context.Context, t ident.Tenant, take lock) (sealed int, err error) {
	err = l.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		sealed = 0
		q := db.New(tx)
		taken, err := lockHead(ctx, q, t, take)
		if err != nil || !taken {
			return err
		}
		events, err := takePending(ctx, q, t)
		if err != nil || len(events) == 0 {
			return err
		}
		h, err := l.head(ctx, q, t)
		if err != nil {
			return err
		}
		b, err := newBatch(hashes{ctx, q, t}, h, events)
		if err != nil {
			return err
		}
		sealed = len(events)
		return b.write(ctx, q, t)
	})
	return sealed, err
}

func lockHead(ctx context.Context, q *db.Queries, t ident.Tenant, take lock) (bool, error) {
	taken, err := take(q, ctx, t.Company, t.Live)
	if !errors.Is(err, pgx.ErrNoRows) {
		return taken, err
	}
	if err := q.AuditEnsureHead(ctx, t.Company, t.Live); err != nil {
		return false, err
	}
	taken, err = take(q, ctx, t.Company, t.Live)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil // somebody else is sealing
	}
	return taken, err
}

// takePending reads the oldest events that wait, in the order of their time,
// and of their id where the time is the same.
func takePending(ctx context.Context, q *db.Queries, t ident.Tenant) ([]db.AuditEvent, error) {
	ids, err := q.AuditTakePending(ctx, t.Company, t.Live, sealBatch)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	events, err := q.AuditEventsByID(ctx, t.Company, t.Live, ids)
	if err != nil {
		return nil, err
	}
	if len(events) != len(ids) {
		return nil, fmt.Errorf("%w: of %d events that wait, %d are gone", errBroken, len(ids), len(ids)-len(events))
	}
	slices.SortFunc(events, func(a, b db.AuditEvent) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), bytes.Compare(a.EventID[:], b.EventID[:]))
	})
	return events, nil
}

// batch is what one sealing writes.
type batch struct {
	positions, numbers []int64
	events             []uuid.UUID
	leaves, interior   [][]byte
	tree               *proof.Tree
}

// newBatch grows the tree by the events. It refuses to build on a tree that is
// not the one that was sealed.
func newBatch(from hashes, h head, events []db.AuditEvent) (*batch, error) {
	tree, err := from.tree(h.size)
	if err != nil {
		return nil, err
	}
	if tree.Root() != h.root || h.lastPosition != h.size-1 {
		return nil, fmt.Errorf("%w: the head is not that of the leaves", errBroken)
	}
	b := &batch{tree: tree}
	for _, e := range events {
		line, err := toRecord(tree.Size(), e).Line()
		if err != nil {
			return nil, err
		}
		b.add(e.EventID, tree.Add(proof.Leaf(line)))
	}
	return b, nil
}

func (b *batch) add(event uuid.UUID, grown []proof.Grown) {
	b.positions = append(b.positions, grown[0].Index)
	b.events = append(b.events, event)
	b.leaves = append(b.leaves, grown[0].Hash[:])
	for _, g := range grown {
		if g.Level >= storedLevel {
			b.numbers = append(b.numbers, g.Number())
			b.interior = append(b.interior, g.Hash[:])
		}
	}
}

func (b *batch) write(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	err := q.AuditInsertLeaves(ctx, db.AuditInsertLeavesParams{CompanyID: t.Company, Live: t.Live,
		Positions: b.positions, EventIds: b.events, LeafHashes: b.leaves})
	if postgres.Violates(err, "audit_leaves_event") {
		return fmt.Errorf("%w: an event that waits has a position", errBroken)
	}
	if err != nil {
		return err
	}
	if len(b.numbers) > 0 {
		if err := q.AuditInsertHashes(ctx, t.Company, t.Live, b.numbers, b.interior); err != nil {
			return err
		}
	}
	if err := q.AuditDeletePending(ctx, t.Company, t.Live, b.events); err != nil {
		return err
	}
	root := b.tree.Root()
	return q.AuditMoveHead(ctx, b.tree.Size(), root[:], t.Company, t.Live)
}
