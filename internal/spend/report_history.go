package spend

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// MerchantHistory is what a company has had to do with a merchant.
type MerchantHistory struct {
	Key string
	// FirstPaid is the first confirm ever, and FirstSeen the first request in
	// the window; zero when there is none.
	FirstPaid, FirstSeen time.Time
	// Sums are those of the window, by currency; Denied counts its denials.
	Sums   []Sum
	Denied int64
	// Last are the newest in the window, newest first.
	Last []*Authorization
}

// MerchantHistories tells of each merchant, named by its key, what happened in
// the window, with its last authorizations. One that never occurred has an
// empty history. It reads the whole window: 90 days are meant.
func (s *Service) MerchantHistories(ctx context.Context, t ident.Tenant, keys []string, w meter.Window, last int) (map[string]*MerchantHistory, error) {
	out := make(map[string]*MerchantHistory, len(keys))
	for _, key := range keys {
		out[key] = &MerchantHistory{Key: key}
	}
	if len(out) == 0 {
		return out, nil
	}
	first, beyond := ids(w)
	sums, err := report(ctx, s, func(q *db.Queries) ([]db.ReportMerchantSumsRow, error) {
		return q.ReportMerchantSums(ctx, db.ReportMerchantSumsParams{CompanyID: t.Company, Live: t.Live, MerchantKeys: keys,
			First: first, Beyond: beyond, Since: w.From, Until: orNever(w.To), Most: int32(last)})
	})
	if err != nil {
		return nil, err
	}
	newest := map[string][]uuid.UUID{}
	for _, r := range sums {
		out[r.MerchantKey].add(r)
		newest[r.MerchantKey] = append(newest[r.MerchantKey], r.LastIds...)
	}
	paid, err := db.New(s.pool).ReportFirstPaid(ctx, t.Company, t.Live, keys)
	if err != nil {
		return nil, err
	}
	for _, r := range paid {
		out[r.MerchantKey].FirstPaid = r.FirstAt
	}
	return out, s.lastOfMerchants(ctx, t, out, newest, last)
}

func (h *MerchantHistory) add(r db.ReportMerchantSumsRow) {
	if h.FirstSeen.IsZero() || r.FirstAt.Before(h.FirstSeen) {
		h.FirstSeen = r.FirstAt
	}
	if Status(r.Status) == Denied {
		h.Denied += r.N
	}
	total := Total{Sums: h.Sums}
	switch Status(r.Status) {
	case Confirmed, Pending, Held:
		total.add(r.Currency, Status(r.Status), r.N, r.Minor)
	}
	h.Sums = total.Sums
}

// lastOfMerchants reads the newest of each merchant's, of which ids has the
// newest of each kind.
func (s *Service) lastOfMerchants(ctx context.Context, t ident.Tenant, of map[string]*MerchantHistory, ids map[string][]uuid.UUID, n int) error {
	var c columns
	for _, list := range ids {
		slices.SortFunc(list, func(a, b uuid.UUID) int { return bytes.Compare(b[:], a[:]) })
		for _, id := range list[:min(n, len(list))] {
			c.add(t, id)
		}
	}
	if len(c.ids) == 0 {
		return nil
	}
	rows, err := db.New(s.pool).AuthorizationsByIDs(ctx, c.companies, c.lives, c.ids)
	if err != nil {
		return err
	}
	for _, r := range rows {
		a, err := fromRow(r)
		if err != nil {
			return err
		}
		of[a.MerchantKey].Last = append(of[a.MerchantKey].Last, a)
	}
	for _, h := range of {
		slices.SortFunc(h.Last, func(a, b *Authorization) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	}
	return nil
}

// Precedent is an earlier request that people were asked about, and how that
// ended.
type Precedent struct {
	Authorization, Approval, Agent uuid.UUID
	// SameAgent says that the very agent asked; else another of the company.
	SameAgent bool
	Merchant  string
	Currency  money.Currency
	// Requested was asked for and Amount is what it is now, in minor units.
	Requested, Amount    int64
	Purpose              string
	CreatedAt, DecidedAt time.Time
	// Ended is approved, denied, expired or voided. Status is where the
	// authorization stands now.
	Ended  string
	Status Status
	Votes  []Vote
}

// maxPrecedents bounds the approvals among which those alike are looked for.
const maxPrecedents = 2000

// Precedents gives for each authorization up to n earlier requests that were
// held and are decided: of the same agent at the same merchant first, then of
// other agents there, each newest first. It looks among the company's newest
// 2,000 approvals.
func (s *Service) Precedents(ctx context.Context, t ident.Tenant, of []*Authorization, n int) (map[uuid.UUID][]Precedent, error) {
	var keys []string
	for _, a := range of {
		keys = append(keys, a.MerchantKey)
	}
	slices.Sort(keys)
	rows, err := report(ctx, s, func(q *db.Queries) ([]db.ReportDecidedHoldsRow, error) {
		return q.ReportDecidedHolds(ctx, t.Company, t.Live, maxPrecedents, slices.Compact(keys))
	})
	if err != nil {
		return nil, err
	}
	byMerchant := map[string][]db.ReportDecidedHoldsRow{}
	for _, r := range rows {
		byMerchant[r.MerchantKey] = append(byMerchant[r.MerchantKey], r)
	}
	out := make(map[uuid.UUID][]Precedent, len(of))
	for _, a := range of {
		out[a.ID] = precedentsOf(a, byMerchant[a.MerchantKey], n)
	}
	return out, s.addVotes(ctx, t, out)
}

// precedentsOf takes those of the same agent before those of others.
func precedentsOf(a *Authorization, rows []db.ReportDecidedHoldsRow, n int) (out []Precedent) {
	for _, same := range []bool{true, false} {
		for _, r := range rows {
			if len(out) < n && (r.AgentID == a.Agent) == same && r.AuthorizationID != a.ID && r.CreatedAt.Before(a.CreatedAt) {
				out = append(out, Precedent{Authorization: r.AuthorizationID, Approval: r.ApprovalID, Agent: r.AgentID, SameAgent: same,
					Merchant: r.MerchantName, Currency: money.Currency(r.Currency), Requested: r.Requested, Amount: r.Amount,
					Purpose: r.Purpose, CreatedAt: r.CreatedAt, DecidedAt: orZero(r.DecidedAt), Ended: r.ApprovalStatus, Status: Status(r.Status)})
			}
		}
	}
	return out
}

// addVotes fills in who said what.
func (s *Service) addVotes(ctx context.Context, t ident.Tenant, of map[uuid.UUID][]Precedent) error {
	var c columns
	for _, list := range of {
		for _, p := range list {
			c.add(t, p.Approval)
		}
	}
	if len(c.ids) == 0 {
		return nil
	}
	slices.SortFunc(c.ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	c.ids = slices.Compact(c.ids)
	rows, err := db.New(s.pool).VotesOfApprovals(ctx, c.companies[:len(c.ids)], c.lives[:len(c.ids)], c.ids)
	votes := map[uuid.UUID][]Vote{}
	for _, r := range rows {
		votes[r.ApprovalID] = append(votes[r.ApprovalID], voteFromRow(r))
	}
	for _, list := range of {
		for i := range list {
			list[i].Votes = votes[list[i].Approval]
		}
	}
	return err
}
