package spend

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Sum adds up authorizations of one currency that were created in one window.
// Amounts are minor units, and stay at the edge where no int64 holds them. Each
// part is what List gives for the same window, agent and currency with that
// status: Confirmed adds up Settled, Pending and Held add up Reserved.
type Sum struct {
	Currency                                money.Currency
	Confirmed, Pending, Held                int64
	ConfirmedCount, PendingCount, HeldCount int64
}

// Reserved is what holds back a budget: pending and held.
func (s Sum) Reserved() int64 {
	sum, _ := money.AddMinor(s.Pending, s.Held)
	return sum
}

// Total is what was asked for in one window and is spent or reserved, a Sum for
// each currency in alphabetical order.
type Total struct {
	Window meter.Window
	Sums   []Sum
}

// Totals are the running day, week (from Monday) and month of the company's
// time zone.
type Totals struct {
	Now              time.Time
	Zone             string
	Day, Week, Month Total
}

// Totals adds up what is spent and reserved, of one agent unless that is nil.
func (s *Service) Totals(ctx context.Context, t ident.Tenant, agent uuid.UUID) (Totals, error) {
	if err := s.settle(ctx, t); err != nil {
		return Totals{}, err
	}
	now, zone, loc, err := s.clock(ctx, t)
	if err != nil {
		return Totals{}, err
	}
	out := Totals{Now: now, Zone: zone, Day: Total{Window: meter.Day.Window(now, loc)},
		Week: Total{Window: meter.Week.Window(now, loc)}, Month: Total{Window: meter.Month.Window(now, loc)}}
	totals := []*Total{&out.Day, &out.Week, &out.Month}
	from := earlier(out.Week.Window.From, out.Month.Window.From)
	return out, s.addUp(ctx, t, meter.Window{From: from}, now, loc, func(p stretch, c *cell) {
		for _, total := range totals {
			if c.of(agent) && total.Window.Contains(p.From) {
				total.add(c)
			}
		}
	})
}

// report asks for a window's rows in a snapshot of their own, by the primary
// key.
func report[T any](ctx context.Context, s *Service, ask func(*db.Queries) ([]T, error)) (rows []T, err error) {
	err = s.pool.InTxOptions(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.ReportByKey(ctx); err != nil {
			return err
		}
		rows, err = ask(q)
		return err
	})
	return rows, err
}

// add takes in one cell. What is neither spent nor reserved is left out.
func (t *Total) add(c *cell) {
	if c.status != Confirmed && c.status != Pending && c.status != Held {
		return
	}
	i, found := slices.BinarySearchFunc(t.Sums, c.currency, func(s Sum, currency string) int { return strings.Compare(string(s.Currency), currency) })
	if !found {
		t.Sums = slices.Insert(t.Sums, i, Sum{Currency: money.Currency(c.currency)})
	}
	s := &t.Sums[i]
	minor, count := &s.Confirmed, &s.ConfirmedCount
	switch c.status {
	case Pending:
		minor, count = &s.Pending, &s.PendingCount
	case Held:
		minor, count = &s.Held, &s.HeldCount
	}
	*minor, _ = money.AddMinor(*minor, c.minor)
	*count += c.n
}

// clock is the database's moment, and the company's time zone.
func (s *Service) clock(ctx context.Context, t ident.Tenant) (now time.Time, zone string, loc *time.Location, err error) {
	row, err := db.New(s.pool).ReportClock(ctx, t.Company)
	if err != nil {
		return now, "", nil, err
	}
	loc, err = meter.LoadZone(row.TimeZone)
	return row.Now, row.TimeZone, loc, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ids are the first id that may have been made in a window and the first that
// was made after it. A window without an end reaches to the last id.
func ids(w meter.Window) (first, beyond uuid.UUID) {
	first, beyond = uuid.Nil, afterAll
	if !w.From.IsZero() {
		first = ident.Floor(w.From)
	}
	if !w.To.IsZero() {
		beyond = ident.Floor(w.To.Add(time.Millisecond))
	}
	return first, beyond
}
