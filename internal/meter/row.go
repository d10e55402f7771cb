package meter

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/wire"
)

// Stored is a meter with the tenant that it belongs to.
type Stored struct {
	Tenant ident.Tenant
	*Meter
}

func fromRow(r db.Meter) Stored {
	return Stored{
		Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live},
		Meter: &Meter{
			Key: Key{Subject: r.Subject, Currency: money.Currency(r.Currency), Zone: r.TimeZone},
			Running: [Count]Running{
				{r.DayFrom, Usage{r.DaySpent, r.DayReserved}},
				{r.WeekFrom, Usage{r.WeekSpent, r.WeekReserved}},
				{r.MonthFrom, Usage{r.MonthSpent, r.MonthReserved}},
				{r.QuarterFrom, Usage{r.QuarterSpent, r.QuarterReserved}},
				{r.YearFrom, Usage{r.YearSpent, r.YearReserved}},
				{time.Time{}, Usage{r.TotalSpent, r.TotalReserved}},
			},
		},
	}
}

func fromRows(rows []db.Meter) []Stored {
	out := make([]Stored, len(rows))
	for i, r := range rows {
		out[i] = fromRow(r)
	}
	return out
}

func rowsOf(meters []Stored) []wire.Row {
	rows := make([]wire.Row, len(meters))
	for i, m := range meters {
		rows[i] = rowOf(m)
	}
	return rows
}

// rowOf is a meter_row.
func rowOf(m Stored) wire.Row {
	r := wire.New(450)
	r.UUID(m.Tenant.Company)
	r.Bool(m.Tenant.Live)
	r.UUID(m.Subject)
	r.Text(string(m.Currency))
	r.Text(m.Zone)
	for _, p := range []Period{Day, Week, Month, Quarter, Year, Total} {
		running := m.Running[p.Index()]
		if p != Total {
			r.Time(running.From)
		}
		r.Int64(running.Spent)
		r.Int64(running.Reserved)
	}
	return r
}

// usages are a history row's sums in the order of Period.Index.
func usages(r db.HistoryOfAgentsRow) [Count]Usage {
	return [Count]Usage{
		{r.DaySpent, r.DayReserved}, {r.WeekSpent, r.WeekReserved}, {r.MonthSpent, r.MonthReserved},
		{r.QuarterSpent, r.QuarterReserved}, {r.YearSpent, r.YearReserved}, {r.TotalSpent, r.TotalReserved},
	}
}

func scopeOf(r db.MeterScopesRow) Scope {
	return Scope{Kind: r.Kind, ID: r.ScopeID, Currency: money.Currency(r.Currency), Zone: r.TimeZone, Agents: r.Agents,
		Ready: r.State == "ready"}
}

// agentsOrNone is never nil: a nil slice would be stored as NULL.
func agentsOrNone(ids []uuid.UUID) []uuid.UUID {
	if ids == nil {
		return []uuid.UUID{}
	}
	return ids
}
