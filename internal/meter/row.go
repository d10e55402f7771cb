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

func toRow(m Stored) db.Meter {
	of := func(p Period) Running { return m.Running[p.Index()] }
	day, week, month, quarter, year, total := of(Day), of(Week), of(Month), of(Quarter), of(Year), of(Total)
	return db.Meter{CompanyID: m.Tenant.Company, Live: m.Tenant.Live, Subject: m.Subject,
		Currency: string(m.Currency), TimeZone: m.Zone,
		DayFrom: day.From, DaySpent: day.Spent, DayReserved: day.Reserved,
		WeekFrom: week.From, WeekSpent: week.Spent, WeekReserved: week.Reserved,
		MonthFrom: month.From, MonthSpent: month.Spent, MonthReserved: month.Reserved,
		QuarterFrom: quarter.From, QuarterSpent: quarter.Spent, QuarterReserved: quarter.Reserved,
		YearFrom: year.From, YearSpent: year.Spent, YearReserved: year.Reserved,
		TotalSpent: total.Spent, TotalReserved: total.Reserved}
}

func toColumns(meters []Stored) db.WriteMetersParams {
	var p db.WriteMetersParams
	for _, m := range meters {
		r := toRow(m)
		p.Companies, p.Lives = append(p.Companies, r.CompanyID), append(p.Lives, r.Live)
		p.Subjects, p.Currencies = append(p.Subjects, r.Subject), append(p.Currencies, r.Currency)
		p.TimeZones = append(p.TimeZones, r.TimeZone)
		p.DayFroms, p.DaySpents, p.DayReserveds = append(p.DayFroms, r.DayFrom), append(p.DaySpents, r.DaySpent), append(p.DayReserveds, r.DayReserved)
		p.WeekFroms, p.WeekSpents, p.WeekReserveds = append(p.WeekFroms, r.WeekFrom), append(p.WeekSpents, r.WeekSpent), append(p.WeekReserveds, r.WeekReserved)
		p.MonthFroms, p.MonthSpents, p.MonthReserveds = append(p.MonthFroms, r.MonthFrom), append(p.MonthSpents, r.MonthSpent), append(p.MonthReserveds, r.MonthReserved)
		p.QuarterFroms, p.QuarterSpents = append(p.QuarterFroms, r.QuarterFrom), append(p.QuarterSpents, r.QuarterSpent)
		p.QuarterReserveds = append(p.QuarterReserveds, r.QuarterReserved)
		p.YearFroms, p.YearSpents, p.YearReserveds = append(p.YearFroms, r.YearFrom), append(p.YearSpents, r.YearSpent), append(p.YearReserveds, r.YearReserved)
		p.TotalSpents, p.TotalReserveds = append(p.TotalSpents, r.TotalSpent), append(p.TotalReserveds, r.TotalReserved)
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
