package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

func (w *Web) overviewPages() []page {
	return []page{
		{http.MethodGet, "/overview", member, access.ScopeRead, (*visit).overview},
		{http.MethodGet, "/overview/table", member, access.ScopeRead, (*visit).overviewTable},
	}
}

// topMerchants and nearLimits are how many an overview lists.
const topMerchants, nearLimits = 8, 8

func (v *visit) overview() error {
	if led, err := v.leadToWelcome(); led || err != nil {
		return err
	}
	page := v.overviewChoice()
	var err error
	if page.Waiting, err = v.web.spend.WaitingSums(v.ctx(), v.tenant()); err != nil {
		return err
	}
	rows, _, err := v.limitsOf(uuid.Nil)
	if err != nil {
		return err
	}
	if err := v.overviewTotals(&page, rows); err != nil {
		return err
	}
	if err := v.overviewDays(&page); err != nil {
		return err
	}
	for _, l := range rows {
		if l.Near() && len(page.Near) < nearLimits {
			page.Near = append(page.Near, l)
		}
	}
	if page.Started, err = v.started(&page); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Overview(v.titled("Overview"), page))
}

// overviewChoice is what the address asks for: the company's currency and a
// month unless it says otherwise.
func (v *visit) overviewChoice() views.OverviewPage {
	page := views.OverviewPage{Currency: v.frame.Company.Currency, Days: v.days()}
	if c, err := money.ParseCurrency(v.QueryParam("currency")); err == nil {
		page.Currency = c
	}
	return page
}

// overviewTable is the chart in figures.
func (v *visit) overviewTable() error {
	page := v.overviewChoice()
	daily, err := v.web.spend.Daily(v.ctx(), v.tenant(), spend.DailyQuery{Days: page.Days, Agents: views.ChartAgents})
	if err != nil {
		return err
	}
	page.Chart = views.NewChart(daily, page.Currency)
	if v.isHTMX() {
		return v.show(http.StatusOK, views.ChartTable(v.frame, page.Chart))
	}
	return v.show(http.StatusOK, views.OverviewTable(v.titled("Spent by day and agent"), page))
}

// days is how far back the page looks.
func (v *visit) days() int {
	if n, err := strconv.Atoi(v.QueryParam("days")); err == nil && slices.Contains(views.OverviewDays(), n) {
		return n
	}
	return views.DefaultDays
}
