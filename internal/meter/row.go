package meter

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
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

func toParams(meters []Stored) db.WriteMetersParams {
	var p db.WriteMetersParams
	for _, m := range meters {
		p.Companies = append(p.Companies, m.Tenant.Company)
		p.Lives = append(p.Lives, m.Tenant.Live)
		p.Subjects = append(p.Subjects, m.Subject)
		p.Currencies = append(p.Currencies, string(m.Currency))
		p.TimeZones = append(p.TimeZones, m.Zone)
		for i, to := range []struct {
			from            *[]time.Time
			spent, reserved *[]int64
		}{
			{&p.DayFroms, &p.DaySpents, &p.DayReserveds},
			{&p.WeekFroms, &p.WeekSpents, &p.WeekReserveds},
			{&p.MonthFroms, &p.MonthSpents, &p.MonthReserveds},
			{&p.QuarterFroms, &p.QuarterSpents, &p.QuarterReserveds},
			{&p.YearFroms, &p.YearSpents, &p.YearReserveds},
		} {
			*to.from = append(*to.from, m.Running[i].From)
			*to.spent = append(*to.spent, m.Running[i].Spent)
			*to.reserved = append(*to.reserved, m.Running[i].Reserved)
		}
		total := m.Running[Total.Index()]
		p.TotalSpents = append(p.TotalSpents, total.Spent)
		p.TotalReserveds = append(p.TotalReserveds, total.Reserved)
	}
	return p
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
