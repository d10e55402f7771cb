package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Proof proves that an event is in the log, as one document that can be
// checked offline. An event of another tenant is not found.
func (l *Log) Proof(ctx context.Context, t ident.Tenant, event uuid.UUID) (proof.Inclusion, error) {
	if err := l.sealForRead(ctx, t); err != nil {
		return proof.Inclusion{}, err
	}
	q := db.New(l.pool)
	position, err := q.AuditPosition(ctx, t.Company, t.Live, event)
	if err != nil {
		return proof.Inclusion{}, err
	}
	if position < 0 {
		return proof.Inclusion{}, fault.Missing("event")
	}
	events, err := q.AuditEventsByID(ctx, []uuid.UUID{event}, t.Company, t.Live)
	if err != nil {
		return proof.Inclusion{}, err
	}
	if len(events) != 1 {
		return proof.Inclusion{}, fmt.Errorf("%w: the event at %d is gone", errBroken, position)
	}
	line, err := toRecord(position, events[0]).Line()
	if err != nil {
		return proof.Inclusion{}, err
	}
	return l.include(ctx, q, t, position, line)
}

// include proves a line at a position of the present head.
func (l *Log) include(ctx context.Context, q *db.Queries, t ident.Tenant, position int64, line []byte) (proof.Inclusion, error) {
	h, err := l.head(ctx, q, t)
	if err != nil {
		return proof.Inclusion{}, err
	}
	if position >= h.size {
		return proof.Inclusion{}, fmt.Errorf("%w: position %d is behind the head", errBroken, position)
	}
	path, err := tlog.ProveRecord(h.size, position, hashes{ctx, q, t})
	if err != nil {
		return proof.Inclusion{}, err
	}
	if err := tlog.CheckRecord(path, h.size, h.root, position, proof.Leaf(line)); err != nil {
		return proof.Inclusion{}, fmt.Errorf("%w: position %d: %w", errBroken, position, err)
	}
	c, err := l.sign(t, h)
	return proof.Inclusion{Event: line, Position: position, TreeSize: h.size,
		Hashes: append([]tlog.Hash{}, path...), Checkpoint: c.Note}, err
}

// Consistency proves that the log has only grown since it had `from` events:
// for who has kept a checkpoint of that size.
func (l *Log) Consistency(ctx context.Context, t ident.Tenant, from int64) (proof.Consistency, error) {
	if err := l.sealForRead(ctx, t); err != nil {
		return proof.Consistency{}, err
	}
	q := db.New(l.pool)
	h, err := l.head(ctx, q, t)
	if err != nil {
		return proof.Consistency{}, err
	}
	if from < 0 || from > h.size {
		return proof.Consistency{}, fault.BadField("from_size", "out_of_range",
			"must be from 0 to the log's size, which is %d.", h.size)
	}
	var path tlog.TreeProof
	if from > 0 {
		if path, err = tlog.ProveTree(h.size, from, hashes{ctx, q, t}); err != nil {
			return proof.Consistency{}, err
		}
	}
	c, err := l.sign(t, h)
	return proof.Consistency{FromSize: from, TreeSize: h.size,
		Hashes: append([]tlog.Hash{}, path...), Checkpoint: c.Note}, err
}
