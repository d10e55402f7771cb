package spend

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// TopMerchants are the merchants that were paid most in one currency.
type TopMerchants struct {
	Currency  money.Currency
	Merchants []MerchantSum // who was paid most first
}

// MerchantSum is what one merchant was paid: List with status confirmed, this
// merchant key, the currency and the window adds up to it.
type MerchantSum struct {
	Key string
	// Name and Domain are as the newest of those requests says them; a domain is
	// empty when it gives none.
	Name, Domain string
	Count        int64
	Spent        int64 // minor units
}

// payee is a merchant in one currency.
type payee struct{ currency, key string }

// paid is what a payee was paid.
type paid struct {
	payee
	minor, n int64
	last     time.Time // of its requests
}

// TopMerchants gives for each currency, in alphabetical order, at most n
// merchants that were paid most by what was decided in the window, whose From is
// set; of one agent unless that is nil.
func (s *Service) TopMerchants(ctx context.Context, t ident.Tenant, w meter.Window, agent uuid.UUID, n int) ([]TopMerchants, error) {
	now, _, loc, err := s.clock(ctx, t)
	if err != nil {
		return nil, err
	}
	sums := map[payee]*paid{}
	err = s.addUp(ctx, t, w, now, loc, func(_ stretch, c *cell) {
		if c.status == Confirmed && c.of(agent) {
			addPaid(sums, c)
		}
	})
	if err != nil {
		return nil, err
	}
	top := mostPaid(sums, n)
	names, err := s.merchantNames(ctx, t, top)
	var out []TopMerchants
	for _, p := range top {
		if c := money.Currency(p.currency); len(out) == 0 || out[len(out)-1].Currency != c {
			out = append(out, TopMerchants{Currency: c})
		}
		last, name := &out[len(out)-1], names[p.key]
		last.Merchants = append(last.Merchants, MerchantSum{Key: p.key, Name: name.MerchantName, Domain: name.MerchantDomain, Count: p.n, Spent: p.minor})
	}
	return out, err
}

func addPaid(sums map[payee]*paid, c *cell) {
	to := payee{c.currency, c.merchant}
	sum := sums[to]
	if sum == nil {
		sum = &paid{payee: to}
		sums[to] = sum
	}
	sum.minor, _ = money.AddMinor(sum.minor, c.minor)
	sum.n += c.n
	if c.last.After(sum.last) {
		sum.last = c.last
	}
}

// mostPaid are at most n of each currency, who was paid most first.
func mostPaid(sums map[payee]*paid, n int) (out []*paid) {
	all := slices.SortedFunc(maps.Values(sums), func(a, b *paid) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(b.minor, a.minor), cmp.Compare(a.key, b.key))
	})
	place := 0
	for i, p := range all {
		if place++; i > 0 && all[i-1].currency != p.currency {
			place = 1
		}
		if place <= n {
			out = append(out, p)
		}
	}
	return out
}

// merchantNames are how the merchants were called the last time.
func (s *Service) merchantNames(ctx context.Context, t ident.Tenant, of []*paid) (map[string]db.ReportMerchantNamesRow, error) {
	p := db.ReportMerchantNamesParams{CompanyID: t.Company, Live: t.Live}
	for _, m := range of {
		p.MerchantKeys = append(p.MerchantKeys, m.key)
		p.Firsts, p.Beyonds = append(p.Firsts, ident.Floor(m.last)), append(p.Beyonds, ident.Floor(m.last.Add(time.Millisecond)))
	}
	if len(of) == 0 {
		return nil, nil
	}
	found, err := report(ctx, s, func(q *db.Queries) ([]db.ReportMerchantNamesRow, error) { return q.ReportMerchantNames(ctx, p) })
	names := make(map[string]db.ReportMerchantNamesRow, len(found))
	for _, f := range found {
		names[f.MerchantKey] = f
	}
	return names, err
}

// ReasonCount is how often something was denied: as many as List gives with
// status denied and this reason code.
type ReasonCount struct {
	Code  string
	Count int64
}

// DeniedReasons counts what was denied in the window, whose From is set, by its
// reason, the most frequent first; of one agent unless that is nil.
func (s *Service) DeniedReasons(ctx context.Context, t ident.Tenant, w meter.Window, agent uuid.UUID) ([]ReasonCount, error) {
	now, _, loc, err := s.clock(ctx, t)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	err = s.addUp(ctx, t, w, now, loc, func(_ stretch, c *cell) {
		if c.status == Denied && c.of(agent) {
			counts[c.reason] += c.n
		}
	})
	out := make([]ReasonCount, 0, len(counts))
	for code, n := range counts {
		out = append(out, ReasonCount{code, n})
	}
	slices.SortFunc(out, func(a, b ReasonCount) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code)) })
	return out, err
}

// orNever is an instant after all others where there is no end.
func orNever(at time.Time) time.Time {
	if at.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return at
}
