package web

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// overviewTotals fills in the running periods, and which currencies there are.
func (v *visit) overviewTotals(page *views.OverviewPage, rows []views.LimitRow) error {
	totals, err := v.web.spend.Totals(v.ctx(), v.tenant(), uuid.Nil)
	if err != nil {
		return err
	}
	found := map[money.Currency]bool{page.Currency: true}
	for _, l := range rows {
		found[l.Currency] = true
	}
	for _, period := range []struct {
		title  string
		period meter.Period
		total  spend.Total
	}{{"Today", meter.Day, totals.Day}, {"This week", meter.Week, totals.Week}, {"This month", meter.Month, totals.Month}} {
		sum := views.PeriodSum{Title: period.title, Period: period.period, Window: period.total.Window,
			Shared: views.Shared(rows, period.period, page.Currency), Together: views.AddLimits(rows, period.period, page.Currency)}
		sum.Currency = page.Currency
		for _, s := range period.total.Sums {
			found[s.Currency] = true
			if s.Currency == page.Currency {
				sum.Sum = s
			}
		}
		page.Periods = append(page.Periods, sum)
	}
	own := v.frame.Company.Currency
	delete(found, own)
	page.Currencies = append([]money.Currency{own}, slices.Sorted(maps.Keys(found))...)
	return nil
}

// overviewDays fills in what looks back some days.
func (v *visit) overviewDays(page *views.OverviewPage) error {
	daily, err := v.web.spend.Daily(v.ctx(), v.tenant(), spend.DailyQuery{Days: page.Days, Agents: views.ChartAgents})
	if err != nil {
		return err
	}
	page.Window, page.Chart = daily.Window, views.NewChart(daily, page.Currency)
	for _, c := range daily.Currencies {
		if !slices.Contains(page.Currencies, c.Currency) {
			page.Currencies = append(page.Currencies, c.Currency)
			slices.SortFunc(page.Currencies[1:], func(a, b money.Currency) int { return strings.Compare(string(a), string(b)) })
		}
	}
	top, err := v.web.spend.TopMerchants(v.ctx(), v.tenant(), daily.Window, uuid.Nil, topMerchants)
	if err != nil {
		return err
	}
	for _, t := range top {
		if t.Currency == page.Currency {
			page.Merchants = t.Merchants
		}
	}
	page.Denied, err = v.web.spend.DeniedReasons(v.ctx(), v.tenant(), daily.Window, uuid.Nil)
	return err
}

// started says whether an agent has ever asked. Mostly the page shows it; else
// the history is asked.
func (v *visit) started(page *views.OverviewPage) (bool, error) {
	if page.Chart.Sum() > 0 || len(page.Waiting)+len(page.Denied) > 0 {
		return true, nil
	}
	found, err := v.web.spend.Search(v.ctx(), v.tenant(), spend.Search{}, uuid.Nil, 1)
	return len(found.Authorizations) > 0, err
}
