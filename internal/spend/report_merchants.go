package spend

import (
	"context"
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

// TopMerchants gives for each currency, in alphabetical order, at most n
// merchants that were paid most by what was decided in the window; of one agent
// unless that is nil.
func (s *Service) TopMerchants(ctx context.Context, t ident.Tenant, w meter.Window, agent uuid.UUID, n int) ([]TopMerchants, error) {
	first, beyond := ids(w)
	rows, err := report(ctx, s, func(q *db.Queries) ([]db.ReportMerchantsRow, error) {
		return q.ReportMerchants(ctx, db.ReportMerchantsParams{CompanyID: t.Company, Live: t.Live, Agent: optional(agent),
			First: first, Beyond: beyond, Since: w.From, Until: orNever(w.To), Most: int64(n)})
	})
	if err != nil {
		return nil, err
	}
	names, err := s.merchantNames(ctx, t, rows)
	var out []TopMerchants
	for _, r := range rows {
		if c := money.Currency(r.Currency); len(out) == 0 || out[len(out)-1].Currency != c {
			out = append(out, TopMerchants{Currency: c})
		}
		last, name := &out[len(out)-1], names[r.MerchantKey]
		last.Merchants = append(last.Merchants, MerchantSum{Key: r.MerchantKey, Name: name.MerchantName, Domain: name.MerchantDomain,
			Count: r.N, Spent: r.Spent})
	}
	return out, err
}

// merchantNames are how the merchants were called the last time.
func (s *Service) merchantNames(ctx context.Context, t ident.Tenant, rows []db.ReportMerchantsRow) (map[string]db.ReportMerchantNamesRow, error) {
	p := db.ReportMerchantNamesParams{CompanyID: t.Company, Live: t.Live}
	for _, r := range rows {
		p.MerchantKeys = append(p.MerchantKeys, r.MerchantKey)
		p.Firsts, p.Beyonds = append(p.Firsts, ident.Floor(r.LastAt)), append(p.Beyonds, ident.Floor(r.LastAt.Add(time.Millisecond)))
	}
	if len(rows) == 0 {
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

// DeniedReasons counts what was denied in the window by its reason, the most
// frequent first; of one agent unless that is nil.
func (s *Service) DeniedReasons(ctx context.Context, t ident.Tenant, w meter.Window, agent uuid.UUID) ([]ReasonCount, error) {
	first, beyond := ids(w)
	rows, err := report(ctx, s, func(q *db.Queries) ([]db.ReportDeniedRow, error) {
		return q.ReportDenied(ctx, db.ReportDeniedParams{CompanyID: t.Company, Live: t.Live, Agent: optional(agent),
			First: first, Beyond: beyond, Since: w.From, Until: orNever(w.To)})
	})
	out := make([]ReasonCount, len(rows))
	for i, r := range rows {
		out[i] = ReasonCount{r.ReasonCode, r.N}
	}
	return out, err
}

// orNever is an instant after all others where there is no end.
func orNever(at time.Time) time.Time {
	if at.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return at
}
