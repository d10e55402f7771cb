package spend

import (
	"context"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// ListSum is what the authorizations of one currency and status add up to.
type ListSum struct {
	Currency money.Currency
	Status   Status
	Count    int64
	// Requested and Amount are minor units: as asked for, and as they stand,
	// without what was refunded.
	Requested, Amount int64
}

// maxSummed is among how many authorizations the ones to add up are looked for.
const maxSummed = 200_000

// Sums adds up everything that Search finds, over all its pages: among the newest
// 200,000 of the agent, or of the company without one. In alphabetical order.
func (s *Service) Sums(ctx context.Context, t ident.Tenant, q Search) ([]ListSum, error) {
	if err := s.settle(ctx, t); err != nil {
		return nil, err
	}
	p := q.params(t, afterAll, 0)
	rows, err := report(ctx, s, func(stored *db.Queries) ([]db.SearchSumsRow, error) {
		return stored.SearchSums(ctx, db.SearchSumsParams{CompanyID: t.Company, Live: t.Live, Looked: maxSummed, Agent: p.Agent, Agents: p.Agents,
			Before: p.Before, First: p.First, Statuses: p.Statuses, Decision: p.Decision, ReasonCode: p.ReasonCode, Merchant: p.Merchant,
			MerchantName: p.MerchantName, Currency: p.Currency, Rail: p.Rail, Since: p.Since, Until: p.Until, Pattern: p.Pattern, WidePattern: p.WidePattern})
	})
	out := make([]ListSum, len(rows))
	for i, r := range rows {
		out[i] = ListSum{Currency: money.Currency(r.Currency), Status: Status(r.Status), Count: r.N, Requested: r.Requested, Amount: r.Minor}
	}
	return out, err
}

// WaitingSums adds up what waits for people, by currency in alphabetical order.
func (s *Service) WaitingSums(ctx context.Context, t ident.Tenant) ([]ListSum, error) {
	if err := s.settle(ctx, t); err != nil {
		return nil, err
	}
	rows, err := db.New(s.pool).WaitingSums(ctx, t.Company, t.Live)
	out := make([]ListSum, len(rows))
	for i, r := range rows {
		out[i] = ListSum{Currency: money.Currency(r.Currency), Status: Held, Count: r.N, Amount: r.Minor}
	}
	return out, err
}
