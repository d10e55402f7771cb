package messages

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
)

// recipient is who a message goes to; away, unless nil, is whom they stand in
// for.
type recipient struct{ member, away uuid.UUID }

func isNone(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

func (s *Service) members(ctx context.Context, q *db.Queries, t ident.Tenant) ([]member, error) {
	rows, err := q.MessageMembers(ctx, t.Live, t.Company)
	out := make([]member, len(rows))
	for i, r := range rows {
		out[i] = memberOf(r)
	}
	return out, err
}

// memberNow is a member as they are now; false when they are none any more.
func (s *Service) memberNow(ctx context.Context, t ident.Tenant, id uuid.UUID) (member, bool, error) {
	all, err := s.members(ctx, db.New(s.Pool), t)
	i := slices.IndexFunc(all, func(m member) bool { return m.ID == id })
	if err != nil || i < 0 {
		return member{}, false, err
	}
	return all[i], true, nil
}

// mayDecide reports whether a member could decide a request at this moment.
func mayDecide(m member, r spend.Result) bool {
	return access.RoleMay(m.Role, access.ScopeApprovals) &&
		r.Approval.Objection(r.Authorization, spend.Voter{Person: m.Person, Member: m.ID}, string(m.Role)) == nil
}

// deciders are who is asked to decide a request: everybody who may and wants to
// hear of it, and who stands in for somebody who may. Standing in gives nobody
// a right: they have to be somebody who may.
func (s *Service) deciders(ctx context.Context, q *db.Queries, t ident.Tenant, r spend.Result, k Kind) ([]recipient, error) {
	all, err := s.members(ctx, q, t)
	if err != nil {
		return nil, err
	}
	away, err := s.away(ctx, q, t)
	if err != nil {
		return nil, err
	}
	may := map[uuid.UUID]bool{}
	for _, m := range all {
		may[m.ID] = mayDecide(m, r)
	}
	asked := map[uuid.UUID]uuid.UUID{}
	for _, m := range all {
		if may[m.ID] && m.wants(k, m.Role, t.Live) {
			asked[m.ID] = uuid.Nil
		}
	}
	for _, m := range all {
		if instead := away[m.ID]; may[m.ID] && may[instead] {
			asked[instead] = m.ID
		}
	}
	out := make([]recipient, 0, len(asked))
	for id, of := range asked {
		out = append(out, recipient{id, of})
	}
	slices.SortFunc(out, func(a, b recipient) int { return slices.Compare(a.member[:], b.member[:]) })
	return out, nil
}

// interested are the members that get a kind, whatever it is about.
func (s *Service) interested(ctx context.Context, q *db.Queries, t ident.Tenant, k Kind) ([]recipient, error) {
	all, err := s.members(ctx, q, t)
	var out []recipient
	for _, m := range all {
		if m.wants(k, m.Role, t.Live) {
			out = append(out, recipient{member: m.ID})
		}
	}
	return out, err
}

// away are who is out of office now, and who stands in.
func (s *Service) away(ctx context.Context, q *db.Queries, t ident.Tenant) (map[uuid.UUID]uuid.UUID, error) {
	rows, err := q.StandInsNow(ctx, t.Company)
	out := make(map[uuid.UUID]uuid.UUID, len(rows))
	for _, r := range rows {
		out[r.MemberID] = r.StandInID
	}
	return out, err
}
