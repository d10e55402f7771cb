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
}

// MerchantHistories tells of each merchant, named by its key, what happened in
// the window, whose From is set: some 90 days are meant. One that never occurred
// has an empty history.
func (s *Service) MerchantHistories(ctx context.Context, t ident.Tenant, keys []string, w meter.Window) (map[string]*MerchantHistory, error) {
	out := make(map[string]*MerchantHistory, len(keys))
	for _, key := range keys {
		out[key] = &MerchantHistory{Key: key}
	}
	if len(out) == 0 {
		return out, nil
	}
	now, _, loc, err := s.clock(ctx, t)
	if err != nil {
		return nil, err
	}
	err = s.addUp(ctx, t, w, now, loc, func(_ stretch, c *cell) {
		if h := out[c.merchant]; h != nil {
			h.add(c)
		}
	})
	if err != nil {
		return nil, err
	}
	paid, err := db.New(s.pool).ReportFirstPaid(ctx, t.Company, t.Live, keys)
	for _, r := range paid {
		out[r.MerchantKey].FirstPaid = r.FirstAt
	}
	return out, err
}

func (h *MerchantHistory) add(c *cell) {
	if h.FirstSeen.IsZero() || c.first.Before(h.FirstSeen) {
		h.FirstSeen = c.first
	}
	if c.status == Denied {
		h.Denied += c.n
	}
	total := Total{Sums: h.Sums}
	total.add(c)
	h.Sums = total.Sums
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
