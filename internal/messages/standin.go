package messages

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// StandIn is who is asked as well while a member is out of office. It gives
// nobody a right: who stands in is somebody who may decide anyway.
type StandIn struct {
	// Member is away, and For is who stands in.
	Member, For uuid.UUID
	From, Until time.Time
}

// longestAway bounds how long somebody may be away.
const longestAway = 366 * 24 * time.Hour

// StandIns are those of now and of later, the next first.
func (s *Service) StandIns(ctx context.Context, t ident.Tenant) ([]StandIn, error) {
	rows, err := db.New(s.Pool).StandInsAhead(ctx, t.Company)
	out := make([]StandIn, len(rows))
	for i, r := range rows {
		out[i] = standInOf(r)
	}
	return out, err
}

// NameStandIn says who stands in for a member, and when; it takes the place of
// what was said before. A zero From is now. Invalid: stand_in_impossible for
// somebody who may not decide or is the same person, period_impossible.
func (s *Service) NameStandIn(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, in StandIn) (StandIn, error) {
	q := db.New(tx)
	now, err := q.DatabaseClock(ctx)
	if err != nil {
		return StandIn{}, err
	}
	if in.From.IsZero() {
		in.From = now
	}
	if err := s.checkStandIn(ctx, q, t, in, now); err != nil {
		return StandIn{}, err
	}
	row, err := q.StandInPut(ctx, db.StandInPutParams{CompanyID: t.Company, MemberID: in.Member, StandInID: in.For, BeginsAt: in.From, EndsAt: in.Until})
	if err != nil {
		return StandIn{}, err
	}
	return standInOf(row), audit.Append(ctx, tx, t, by, audit.Event{Type: "member.stand_in_named", Subject: ident.Format(ident.Member, in.Member),
		Data: map[string]any{"stand_in": ident.Format(ident.Member, in.For), "from": stamp(in.From), "until": stamp(in.Until)}})
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func (s *Service) checkStandIn(ctx context.Context, q *db.Queries, t ident.Tenant, in StandIn, now time.Time) error {
	all, err := s.members(ctx, q, t)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m member) bool { return m.ID == in.For })
	if in.For == in.Member || i < 0 || !access.RoleMay(all[i].Role, access.ScopeApprovals) {
		return fault.BadField("stand_in", "stand_in_impossible", "Somebody else who may decide requests can stand in.")
	}
	if !in.Until.After(in.From) || !in.Until.After(now) || in.Until.Sub(in.From) > longestAway || in.From.Sub(now) > longestAway {
		return fault.BadField("until", "period_impossible", "The end must be later than the beginning and than now, by at most 366 days.")
	}
	return nil
}

// DropStandIn ends it. There being none is no error.
func (s *Service) DropStandIn(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, of uuid.UUID) error {
	n, err := db.New(tx).StandInDelete(ctx, t.Company, of)
	if err != nil || n == 0 {
		return err
	}
	return audit.Append(ctx, tx, t, by, audit.Event{Type: "member.stand_in_dropped", Subject: ident.Format(ident.Member, of)})
}
