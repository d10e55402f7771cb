package audit

import (
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// window reads what matches from one position to before another.
func (s *scan) window(from, to int64) ([]proof.Record, error) {
	leaves, err := s.q.AuditLeafRange(s.ctx, s.match.CompanyID, s.match.Live, from, to)
	if err != nil {
		return nil, err
	}
	match := s.match
	match.EventIds = make([]uuid.UUID, len(leaves))
	for i, leaf := range leaves {
		match.EventIds[i] = leaf.EventID
	}
	rows, err := s.q.AuditMatching(s.ctx, match)
	if err != nil {
		return nil, err
	}
	events := make(map[uuid.UUID]db.AuditEvent, len(rows))
	for _, r := range rows {
		events[r.EventID] = r
	}
	out := make([]proof.Record, 0, len(rows))
	for _, leaf := range leaves {
		if e, ok := events[leaf.EventID]; ok {
			out = append(out, toRecord(leaf.Position, e))
		}
	}
	return out, nil
}

// narrow leaves out what is surely before or after the filter's times.
func (s *scan) narrow(f Filter) error {
	t := s.match
	if f.From != nil {
		first, err := s.q.AuditFirstFrom(s.ctx, t.CompanyID, t.Live, ident.Floor(f.From.Add(-timeSlack)))
		if err := s.bound(err, func() { s.first = first }); err != nil {
			return err
		}
	}
	if f.To != nil {
		last, err := s.q.AuditLastBefore(s.ctx, t.CompanyID, t.Live, ident.Floor(f.To.Add(timeSlack)))
		return s.bound(err, func() { s.past = min(s.past, last+1) })
	}
	return nil
}

// bound sets a bound that was found; without one there is nothing to search.
func (s *scan) bound(err error, set func()) error {
	if errors.Is(err, pgx.ErrNoRows) {
		s.past = s.first
		return nil
	}
	if err == nil {
		set()
	}
	return err
}
