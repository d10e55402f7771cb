// Package audit is the append-only log of every change: written with the
// change, given a position in one sequence per company and mode right after
// the commit, and sealed in a Merkle tree whose head is signed.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Event is one thing that happened.
type Event struct {
	// Type is a noun and a past participle: agent.created.
	Type string
	// Agent is the agent that it is about, if any.
	Agent *uuid.UUID
	// Subject is the public id of the thing that changed.
	Subject string
	// Data is small and holds no secret. Amounts are decimal strings.
	Data map[string]any
	// Raw is Data as prebuilt JSON, for callers that write many. It wins.
	Raw json.RawMessage
}

// Entry is an event with its tenant, its actor and its moment.
type Entry struct {
	Tenant ident.Tenant
	Actor  Actor
	// At is the moment by the database's clock; zero means its clock now.
	At time.Time
	Event
}

// Append writes events of one actor in the caller's transaction, in this
// order, with the database's clock.
func Append(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, events ...Event) error {
	entries := make([]Entry, len(events))
	for i, e := range events {
		entries[i] = Entry{Tenant: t, Actor: by, Event: e}
	}
	_, err := AppendBatch(ctx, tx, entries)
	return err
}

// Written are events that a transaction has written, for Log.Remember.
type Written []db.AuditEvent

// AppendBatch writes events of any number of tenants in one statement. Events
// of one tenant and moment keep their order.
func AppendBatch(ctx context.Context, tx pgx.Tx, entries []Entry) (Written, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	events, err := toEvents(entries)
	if err != nil {
		return nil, err
	}
	rows, waiting := toRows(events)
	if err := db.New(tx).AppendAudit(ctx, waiting, rows); err != nil {
		return nil, fmt.Errorf("append to the audit log: %w", err)
	}
	return events, nil
}

// eventIDs makes ids that rise, so that events of one millisecond keep the
// order in which they were given.
type eventIDs struct{ last uuid.UUID }

func (g *eventIDs) next(at time.Time) uuid.UUID {
	id := ident.New()
	if !at.IsZero() {
		id = ident.At(at)
	}
	if sameMillisecond(id, g.last) && bytes.Compare(id[:], g.last[:]) <= 0 {
		id = g.last
		for i := len(id) - 1; i > 8; i-- { // the random tail, below the variant bits
			id[i]++
			if id[i] != 0 {
				break
			}
		}
	}
	g.last = id
	return id
}

func sameMillisecond(a, b uuid.UUID) bool { return bytes.Equal(a[:6], b[:6]) }

var errNoType = errors.New("audit: an event needs a type")
