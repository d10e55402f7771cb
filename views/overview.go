package views

import (
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// OverviewPage is where the money goes, in one currency.
type OverviewPage struct {
	Currency   money.Currency
	Currencies []money.Currency // to choose from, the company's first
	// Days is how many days the chart and the lists look back.
	Days    int
	Periods []PeriodSum
	Waiting []spend.ListSum
	Chart   Chart
	// Window is that of the chart, the merchants and the denials.
	Window    meter.Window
	Merchants []spend.MerchantSum
	Denied    []spend.ReasonCount
	Near      []LimitRow
	// Started says that an agent has asked for something before.
	Started bool
}

// PeriodSum is what was spent and reserved in one running period, against what
// limits allow.
type PeriodSum struct {
	Title  string
	Period meter.Period
	Window meter.Window
	spend.Sum
	// Shared is the fullest limit of this period that all agents share, nil
	// without one; Together adds up the agents' own.
	Shared   *LimitRow
	Together Together
}

// OverviewDays are the spans to choose from.
func OverviewDays() []int { return []int{7, 30, 90} }

func (p OverviewPage) tableAt(f Frame) string {
	return f.With("/overview/table", "currency", string(p.Currency), "days", strconvInt(int64(p.Days)))
}

func (p OverviewPage) at(f Frame, c money.Currency, days int) string {
	pairs := []string{}
	if c != f.Company.Currency {
		pairs = append(pairs, "currency", string(c))
	}
	if days != DefaultDays {
		pairs = append(pairs, "days", strconvInt(int64(days)))
	}
	return f.With("/overview", pairs...)
}

// DefaultDays is how many days an overview looks back unless told.
const DefaultDays = 30

// list is the address of what adds up to a period's spent or reserved part.
func (s PeriodSum) list(f Frame, status string) string {
	filter := ListFilter{Status: status, Currency: string(s.Currency)}
	filter.Bound(f, s.Window)
	return filter.At(f, "/authorizations")
}

func (s PeriodSum) money(minor int64) string { return money.Of(minor, s.Currency).String() }

// budgets is the address of the limits that the period is held against.
func (s PeriodSum) budgets(f Frame) string {
	return BudgetFilter{Currency: s.Currency, Period: s.Period}.At(f)
}

func (p OverviewPage) merchantList(f Frame, m spend.MerchantSum) string {
	filter := ListFilter{Status: spentStatus, Currency: string(p.Currency), MerchantKey: m.Key}
	filter.Bound(f, p.Window)
	return filter.At(f, "/authorizations")
}

func (p OverviewPage) deniedList(f Frame, code string) string {
	filter := ListFilter{Status: string(spend.Denied), Reason: code}
	filter.Bound(f, p.Window)
	return filter.At(f, "/authorizations")
}

func (p OverviewPage) waitingList(f Frame, s spend.ListSum) string {
	return ListFilter{Status: string(spend.Held), Currency: string(s.Currency)}.At(f, "/authorizations", "sums", "1")
}

// waits is how many requests wait for a decision, in any currency.
func (p OverviewPage) waits() (n int64) {
	for _, s := range p.Waiting {
		n += s.Count
	}
	return n
}

// merchantShare is a merchant's part of the one that was paid most, in
// thousandths.
func (p OverviewPage) merchantShare(m spend.MerchantSum) string {
	return strconvInt(share(m.Spent, p.Merchants[0].Spent))
}

func (p OverviewPage) deniedShare(r spend.ReasonCount) string {
	return strconvInt(share(r.Count, p.Denied[0].Count))
}
