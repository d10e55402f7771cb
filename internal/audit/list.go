package audit

import (
	"context"
	"math"
	"slices"
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

// List gives at most limit events, newest first, with positions below before
// (nil: from the newest), and whether there are more. The first page includes
// everything that is committed.
func (l *Log) List(ctx context.Context, t ident.Tenant, f Filter, before *int64, limit int) ([]proof.Record, bool, error) {
	if before == nil {
		if err := l.sealForRead(ctx, t); err != nil {
			return nil, false, err
		}
		end := int64(math.MaxInt64)
		before = &end
	}
	s, err := l.scan(ctx, t, f)
	if err != nil {
		return nil, false, err
	}
	s.past = min(s.past, *before)
	out, err := s.newest(limit + 1)
	if err != nil || len(out) <= limit {
		return out, false, err
	}
	return out[:limit], true, nil
}

// After gives at most limit events with positions above after (-1: from the
// beginning), oldest first. Positions become visible in order, so whoever
// remembers the last one that they got misses none. It does not seal.
func (l *Log) After(ctx context.Context, t ident.Tenant, f Filter, after int64, limit int) ([]proof.Record, error) {
	s, err := l.scan(ctx, t, f)
	if err != nil {
		return nil, err
	}
	s.first = max(s.first, after+1)
	return s.oldest(limit)
}

// scan is a search of the positions from first to before past.
type scan struct {
	ctx         context.Context
	q           *db.Queries
	match       db.AuditMatchingParams
	first, past int64
	// all says that every event matches.
	all bool
}

// maxWindow bounds the positions that one step of a search looks at.
const maxWindow = 4096

// timeSlack is how far an id's time, which may be a server's, can be from the
// event's, which is the database's.
const timeSlack = time.Hour

// scan prepares a search over all that is sealed now.
func (l *Log) scan(ctx context.Context, t ident.Tenant, f Filter) (*scan, error) {
	match, err := f.match(t)
	if err != nil {
		return nil, err
	}
	s := &scan{ctx: ctx, q: db.New(l.pool), match: match, all: f == Filter{}}
	h, err := l.head(ctx, s.q, t)
	if err != nil {
		return nil, err
	}
	s.past = h.size
	return s, s.narrow(f)
}

// match turns the filter into the query's terms.
func (f Filter) match(t ident.Tenant) (db.AuditMatchingParams, error) {
	m := db.AuditMatchingParams{CompanyID: t.Company, Live: t.Live, AgentID: f.Agent, FromAt: f.From, ToAt: f.To}
	prefix, starred := strings.CutSuffix(f.Type, "*")
	switch {
	case strings.Contains(prefix, "*"), starred && !strings.HasSuffix(prefix, "."):
		return m, fault.BadField("type", "invalid_type", "a * may only follow a dot at the end, as in authorization.*.")
	case starred:
		m.TypePrefix = prefix
	case f.Type != "":
		m.Type = &f.Type
	}
	if f.Actor != "" {
		m.Actor = &f.Actor
	}
	return m, nil
}

// newest gives the last n that match, newest first.
func (s *scan) newest(n int) (out []proof.Record, err error) {
	for width := s.width(n); s.past > s.first && len(out) < n; width = wider(width) {
		from := max(s.first, s.past-width)
		found, err := s.window(from, s.past)
		if err != nil {
			return nil, err
		}
		slices.Reverse(found)
		out, s.past = append(out, found...), from
	}
	return out[:min(n, len(out))], nil
}

// oldest gives the first n that match, oldest first.
func (s *scan) oldest(n int) (out []proof.Record, err error) {
	for width := s.width(n); s.first < s.past && len(out) < n; width = wider(width) {
		to := min(s.past, s.first+width)
		found, err := s.window(s.first, to)
		if err != nil {
			return nil, err
		}
		out, s.first = append(out, found...), to
	}
	return out[:min(n, len(out))], nil
}

// width is how many positions to look at first for n events. There are no
// gaps, so without a filter n are enough.
func (s *scan) width(n int) int64 {
	if s.all {
		return int64(n)
	}
	return max(int64(n), maxWindow/16)
}

func wider(width int64) int64 { return min(4*width, maxWindow) }
