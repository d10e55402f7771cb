package policy

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// pageSize is how many requests a replay reads at once.
const pageSize = 5000

// lookback is how much of the past the rules of a set ask for.
type lookback struct {
	count               int
	velocity, duplicate time.Duration
	merchants           bool
	// expressions look at the purpose and the metadata.
	expressions bool
}

func (s *Set) lookback() lookback {
	var l lookback
	for _, p := range s.policies {
		for i := range p.rules {
			switch k := p.rules[i].check.(type) {
			case velocity:
				l.count, l.velocity = max(l.count, k.Count), max(l.velocity, k.Window)
			case duplicate:
				l.duplicate = max(l.duplicate, k.Window)
			case newMerchant:
				l.merchants = true
			case expression:
				l.expressions = true
			}
		}
	}
	return l
}

// seed rebuilds the state at From.
func (r *replay) seed(ctx context.Context) error {
	handles, err := r.q.AgentHandles(ctx, r.t.Company, r.t.Live)
	if err != nil {
		return err
	}
	for _, h := range handles {
		r.handles[h.AgentID] = h.Handle
	}
	for _, step := range []func(context.Context) error{r.seedMeters, r.seedRecent, r.seedOpen, r.seedMerchants} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// seedMeters counts what was spent for good by then, once for each currency and
// zone.
func (r *replay) seedMeters(ctx context.Context) error {
	type part struct {
		currency money.Currency
		zone     string
	}
	seen := map[part]bool{}
	for _, s := range r.set.Scopes() {
		loc, err := meter.LoadZone(s.Zone)
		if err != nil {
			return err
		}
		r.zones[s.Zone] = loc
		if seen[part{s.Currency, s.Zone}] {
			continue
		}
		seen[part{s.Currency, s.Zone}] = true
		if err := r.seedPart(ctx, s.Currency, s.Zone, loc); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) seedPart(ctx context.Context, c money.Currency, zone string, loc *time.Location) error {
	from := r.trial.From
	var w [meter.Count]meter.Window
	for i, p := range meter.Periods() {
		w[i] = p.Window(from, loc)
	}
	rows, err := r.q.SpentBefore(ctx, db.SpentBeforeParams{CompanyID: r.t.Company, Live: r.t.Live, Currency: string(c),
		Beyond: ident.Floor(from.Add(time.Millisecond)), Before: &from,
		DayFrom: w[0].From, WeekFrom: w[1].From, MonthFrom: w[2].From, QuarterFrom: w[3].From, YearFrom: w[4].From})
	if err != nil {
		return err
	}
	for _, row := range rows {
		sums := [meter.Count]int64{row.Day, row.Week, row.Month, row.Quarter, row.Year, row.Total}
		for _, s := range r.set.Scopes() {
			key, covers := s.Meter(row.AgentID)
			if s.Currency != c || s.Zone != zone || !covers {
				continue
			}
			m := r.meter(key)
			for i := range m.Running {
				spent, _ := money.AddMinor(m.Running[i].Spent, sums[i])
				m.Running[i] = meter.Running{From: w[i].From, Usage: meter.Usage{Spent: spent}}
			}
		}
	}
	return nil
}

// seedRecent reads what velocity and duplicate rules saw before From.
func (r *replay) seedRecent(ctx context.Context) error {
	back := max(r.lookups.velocity, r.lookups.duplicate)
	if back == 0 {
		return nil
	}
	from := r.trial.From
	rows, err := r.q.CountedBetween(ctx, db.CountedBetweenParams{CompanyID: r.t.Company, Live: r.t.Live,
		First: ident.Floor(from.Add(-back)), Beyond: ident.Floor(from.Add(time.Millisecond)), Since: from.Add(-back), Until: from})
	if err != nil {
		return err
	}
	for _, row := range rows {
		r.remember(row.AgentID, row.CreatedAt)
		closed := row.ClosedAt != nil && row.ClosedAt.Before(from)
		if r.lookups.duplicate > 0 && closed && row.Status == "confirmed" {
			p := purchase{row.AgentID, row.MerchantKey, money.Of(row.Requested, money.Currency(row.Currency))}
			r.twins[p] = append(r.twins[p], row.CreatedAt)
		}
	}
	return nil
}

// seedOpen reserves what was open at From and lets it end as it did.
func (r *replay) seedOpen(ctx context.Context) error {
	from := r.trial.From
	rows, err := r.q.OpenAt(ctx, r.t.Company, r.t.Live, ident.Floor(from.Add(time.Millisecond)), from)
	if err != nil {
		return err
	}
	for _, row := range rows {
		r.hold(&holding{agent: row.AgentID, at: row.CreatedAt, amount: money.Of(row.Requested, money.Currency(row.Currency)),
			key: row.MerchantKey, fate: fateOf(row.Status, row.Amount-row.Refunded, row.ClosedAt)})
	}
	return nil
}

func (r *replay) seedMerchants(ctx context.Context) error {
	if !r.lookups.merchants {
		return nil
	}
	merchants, err := r.q.MerchantsKnownBefore(ctx, r.t.Company, r.t.Live, r.trial.From)
	for _, key := range merchants {
		r.known[key] = true
	}
	return err
}

func fateOf(status string, spent int64, closed *time.Time) fate {
	f := fate{confirmed: status == "confirmed"}
	if f.confirmed {
		f.spent = spent
	}
	if closed != nil {
		f.closes = *closed
	}
	return f
}

// beyond is the first id that cannot have been decided before To.
func (r *replay) beyond() uuid.UUID { return ident.Floor(r.trial.To.Add(time.Millisecond)) }

func (r *replay) count(ctx context.Context) (int, error) {
	n, err := r.q.CountToReplay(ctx, db.CountToReplayParams{CompanyID: r.t.Company, Live: r.t.Live, First: ident.Floor(r.trial.From),
		Beyond: r.beyond(), Since: r.trial.From, Until: r.trial.To})
	return int(n), err
}

// page reads the requests after an id, in the order in which they were decided.
func (r *replay) page(ctx context.Context, after uuid.UUID) ([]past, error) {
	if after == uuid.Nil {
		after = ident.Floor(r.trial.From)
	}
	rows, err := r.q.PageToReplay(ctx, db.PageToReplayParams{WithMetadata: r.lookups.expressions, CompanyID: r.t.Company, Live: r.t.Live,
		After: after, Beyond: r.beyond(), Since: r.trial.From, Until: r.trial.To, Rows: pageSize})
	if err != nil {
		return nil, err
	}
	page := make([]past, len(rows))
	for i := range rows {
		if page[i], err = pastOf(&rows[i]); err != nil {
			return nil, err
		}
	}
	return page, nil
}

func pastOf(row *db.PageToReplayRow) (past, error) {
	h := past{id: row.AuthorizationID, agent: row.AgentID, at: row.CreatedAt, decision: Outcome(row.Decision),
		requested: money.Of(row.Requested, money.Currency(row.Currency)),
		merchant:  Merchant{Name: row.MerchantName, MCC: row.MerchantMcc, Country: row.MerchantCountry, Domain: row.MerchantDomain},
		key:       row.MerchantKey, rail: row.Rail, purpose: row.Purpose,
		fate: fateOf(row.Status, row.Amount-row.Refunded, row.ClosedAt)}
	if row.ReasonCode == CodeAgentFrozen || row.ReasonCode == CodeCompanyFrozen {
		h.frozen = row.ReasonCode
	}
	h.lived = h.decision == Approved
	if row.ApprovalID != nil {
		// The decision says what people made of it; at once it was held.
		h.decision = RequiresApproval
	}
	if row.Metadata == "" {
		return h, nil
	}
	return h, json.Unmarshal([]byte(row.Metadata), &h.metadata)
}
