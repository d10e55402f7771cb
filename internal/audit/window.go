package audit

import (
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// window reads what matches from one position to before another.
func (s *scan) window(from, to int64) ([]proof.Record, error) {
	match := s.match
	which := db.AuditIDsParams{CompanyID: match.CompanyID, Live: match.Live, First: from, Past: to, Prefix: match.TypePrefix,
		Everything: match.Type == nil && match.TypePrefix == "", Types: []string{}}
	if match.Type != nil {
		which.Types = []string{*match.Type}
	}
	at, err := readIDs(s.ctx, s.q, which)
	if err != nil || len(at) == 0 {
		return nil, err
	}
	match.EventIds = idsOf(at)
	rows, err := s.q.AuditMatching(s.ctx, match)
	return toRecords(at, rows), err
}

// narrow leaves out what is surely before or after the filter's times.
func (s *scan) narrow(f Filter) error {
	t := s.match
	if f.From != nil {
		first, err := s.q.AuditFirstFrom(s.ctx, t.CompanyID, t.Live, ident.Floor(f.From.Add(-timeSlack)))
		if err != nil {
			return err
		}
		s.first = first
	}
	if f.To != nil {
		end, err := s.q.AuditPastBefore(s.ctx, t.CompanyID, t.Live, ident.Floor(f.To.Add(timeSlack)))
		if err != nil {
			return err
		}
		if !end.Behind {
			s.past = min(s.past, end.Past)
		}
	}
	return nil
}
