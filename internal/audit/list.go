package audit

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Filter picks events. Its zero value picks all.
type Filter struct {
	Agent *uuid.UUID
	// Type is a type, or a prefix of types such as authorization.*.
	Type string
	// Actor is an actor's public form.
	Actor string
	// From is inclusive, To exclusive.
	From, To *time.Time
}

// idSlack is how far an event's id may be in time from its created_at: ids are
// made by the servers' clocks, and narrow a search by time to its neighbourhood.
const idSlack = 10 * time.Minute

// List gives at most limit events, newest first, with positions below before
// (nil: from the newest), and whether there are more.
func (l *Log) List(ctx context.Context, t ident.Tenant, f Filter, before *int64, limit int) ([]proof.Record, bool, error) {
	w, err := f.where(t)
	if err != nil {
		return nil, false, err
	}
	if before == nil {
		if err := l.sealForRead(ctx, t); err != nil {
			return nil, false, err
		}
	} else {
		w.Before = *before
	}
	rows, err := db.New(l.pool).AuditNewest(ctx, db.AuditNewestParams{CompanyID: w.CompanyID, Live: w.Live,
		Before: w.Before, FirstID: w.FirstID, LastID: w.LastID, AgentID: w.AgentID, Type: w.Type,
		TypePrefix: w.TypePrefix, Actor: w.Actor, FromAt: w.FromAt, ToAt: w.ToAt, AtMost: int32(limit) + 1})
	if err != nil {
		return nil, false, err
	}
	out := make([]proof.Record, len(rows))
	for i, r := range rows {
		out[i] = toRecord(r.Position, r.AuditEvent)
	}
	if len(out) > limit {
		return out[:limit], true, nil
	}
	return out, false, nil
}

// After gives at most limit events with positions above after (-1: from the
// beginning), oldest first. Positions become visible in order, so whoever
// remembers the last one that they got misses none. It does not seal.
func (l *Log) After(ctx context.Context, t ident.Tenant, f Filter, after int64, limit int) ([]proof.Record, error) {
	w, err := f.where(t)
	if err != nil {
		return nil, err
	}
	w.After, w.AtMost = after, int32(limit)
	return l.oldest(ctx, w)
}

func (l *Log) oldest(ctx context.Context, w db.AuditOldestParams) ([]proof.Record, error) {
	rows, err := db.New(l.pool).AuditOldest(ctx, w)
	if err != nil {
		return nil, err
	}
	out := make([]proof.Record, len(rows))
	for i, r := range rows {
		out[i] = toRecord(r.Position, r.AuditEvent)
	}
	return out, nil
}

// where turns the filter into a query over the whole log.
func (f Filter) where(t ident.Tenant) (db.AuditOldestParams, error) {
	w := db.AuditOldestParams{CompanyID: t.Company, Live: t.Live, After: -1, Before: math.MaxInt64,
		LastID: uuid.Max, AgentID: f.Agent, FromAt: f.From, ToAt: f.To}
	prefix, starred := strings.CutSuffix(f.Type, "*")
	switch {
	case strings.Contains(prefix, "*"), starred && !strings.HasSuffix(prefix, "."):
		return w, fault.BadField("type", "invalid_type", "a * may only follow a dot at the end, as in authorization.*.")
	case starred:
		w.TypePrefix = prefix
	case f.Type != "":
		w.Type = &f.Type
	}
	if f.Actor != "" {
		w.Actor = &f.Actor
	}
	if f.From != nil {
		w.FirstID = ident.Floor(f.From.Add(-idSlack))
	}
	if f.To != nil {
		w.LastID = ident.Floor(f.To.Add(idSlack))
	}
	return w, nil
}
