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

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// SealNow gives a position to every event of the tenant that is committed now.
func (l *Log) SealNow(ctx context.Context, t ident.Tenant) error {
	for {
		waiting, err := db.New(l.pool).AuditHasPending(ctx, t.Company, t.Live)
		if err != nil || !waiting {
			return err
		}
		n, err := l.seal(ctx, t, (*db.Queries).AuditLock)
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

// lock takes a tenant's log, so that positions are given by one process at a
// time and become visible in order.
type lock func(q *db.Queries, ctx context.Context, live bool, company uuid.UUID) (bool, error)

// seal gives positions to one batch of committed events and says to how many.
// With a lock that somebody else holds, and that does not wait, it does nothing.
func (l *Log) seal(ctx context.Context, t ident.Tenant, take lock) (sealed int, err error) {
	err = l.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		sealed = 0
		q := db.New(tx)
		taken, err := take(q, ctx, t.Live, t.Company)
		if err != nil || !taken {
			return err
		}
		w, err := l.takePending(ctx, q, t)
		if err != nil || len(w.events) == 0 {
			return err
		}
		h, err := l.head(ctx, q, t)
		if err != nil {
			return err
		}
		b, err := newBatch(hashes{ctx, q, t}, h)
		if err != nil {
			return err
		}
		if err := b.grow(ctx, q, t, w.events); err != nil {
			return err
		}
		sealed = len(w.events)
		return b.write(ctx, tx, t, w.rows)
	})
	return sealed, err
}

// waiting are events without a position, and the rows that say so.
type waiting struct {
	rows   []uuid.UUID
	events []db.AuditEvent
}

// takePending reads the oldest events that wait, in the order of their time,
// and of their id where the time is the same.
func (l *Log) takePending(ctx context.Context, q *db.Queries, t ident.Tenant) (w waiting, err error) {
	rows, err := q.AuditTakePending(ctx, t.Company, t.Live, sealBatch)
	if err != nil || len(rows) == 0 {
		return w, err
	}
	var ids []uuid.UUID
	for _, r := range rows {
		w.rows, ids = append(w.rows, r.FirstID), append(ids, r.EventIds...)
	}
	if w.events, err = l.events(ctx, q, t, ids); err != nil {
		return w, err
	}
	slices.SortFunc(w.events, func(a, b db.AuditEvent) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), bytes.Compare(a.EventID[:], b.EventID[:]))
	})
	w.events = slices.CompactFunc(w.events, func(a, b db.AuditEvent) bool { return a.EventID == b.EventID })
	if len(w.events) != len(ids) {
		return w, fmt.Errorf("%w: %d events wait, and %d of them are gone, or wait twice", errBroken, len(ids), len(ids)-len(w.events))
	}
	return w, nil
}

// events are those of the ids that there are. It reads what this process has not
// written itself, or not lately.
func (l *Log) events(ctx context.Context, q *db.Queries, t ident.Tenant, ids []uuid.UUID) ([]db.AuditEvent, error) {
	known, unknown := l.recent.take(ids)
	if len(unknown) == 0 {
		return known, nil
	}
	read, err := q.AuditEventsByID(ctx, unknown, t.Company, t.Live)
	return append(known, read...), err
}
