package views

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// Chart is what was spent by day and agent, in one currency.
type Chart struct {
	Currency money.Currency
	Days     []time.Time
	// Ends is when the last day ends.
	Ends   time.Time
	Series []ChartSeries
	Total  []int64 // minor units, one for each day
}

// ChartSeries is one agent, or all others together.
type ChartSeries struct {
	Agent uuid.UUID // nil for the others
	Name  string
	Spent []int64
	Total int64
}

// NewChart draws one currency of what was spent. A currency in which nothing was
// spent has days and no series.
func NewChart(d spend.Daily, c money.Currency) Chart {
	chart := Chart{Currency: c, Days: d.Days, Ends: d.Window.To, Total: make([]int64, len(d.Days))}
	for _, of := range d.Currencies {
		if of.Currency != c {
			continue
		}
		chart.Total = of.Total
		for _, a := range of.Agents {
			chart.Series = append(chart.Series, ChartSeries{a.Agent, a.Handle, a.Spent, a.Total})
		}
		if of.Others != nil {
			chart.Series = append(chart.Series, ChartSeries{Name: "Others", Spent: of.Others, Total: sumOf(of.Others)})
		}
	}
	return chart
}

func sumOf(amounts []int64) (sum int64) {
	for _, a := range amounts {
		sum, _ = money.AddMinor(sum, a)
	}
	return sum
}

// Sum is all that was spent.
func (c Chart) Sum() int64 { return sumOf(c.Total) }

// top is the highest day.
func (c Chart) top() (top int64) {
	for _, t := range c.Total {
		top = max(top, t)
	}
	return top
}

func (c Chart) money(minor int64) string { return money.Of(minor, c.Currency).String() }

// spendChartHeight is how many units high the chart is drawn, and chartDay how wide
// a day is, of which chartGap stay empty.
const spendChartHeight, chartDay, chartGap = barScale, 20, 4

// chartBar is one agent's part of a day.
type chartBar struct {
	series       int
	x, y, height int64
}

// bars are the parts of a day from the bottom up, which together are as high as
// the day's total.
func (c Chart) bars(day int) (bars []chartBar) {
	top, sum, from := c.top(), int64(0), int64(0)
	for i, s := range c.Series {
		sum, _ = money.AddMinor(sum, s.Spent[day])
		to := share(sum, top)
		if to > from {
			bars = append(bars, chartBar{series: i, x: int64(day)*chartDay + chartGap/2, y: spendChartHeight - to, height: to - from})
		}
		from = to
	}
	return bars
}

// seriesClass is the colour of a series.
func (c Chart) seriesClass(i int) string {
	if c.Series[i].Agent == uuid.Nil {
		return "chart-others"
	}
	return "chart-" + strconvInt(int64(i%chartColours+1))
}

// chartColours is how many colours there are, and so the most agents that are
// shown by themselves.
const chartColours = 6

// ChartAgents is how many agents a chart shows by themselves.
const ChartAgents = chartColours

func (c Chart) dayName(f Frame, day int) string {
	return c.Days[day].In(f.Zone()).Format("Mon 2 Jan")
}

// window is one day.
func (c Chart) window(day int) meter.Window {
	if day+1 < len(c.Days) {
		return meter.Window{From: c.Days[day], To: c.Days[day+1]}
	}
	return meter.Window{From: c.Days[day], To: c.Ends}
}

// label says a day in words, for who does not see the bars.
func (c Chart) label(f Frame, day int) string {
	parts := []string{c.dayName(f, day) + ": " + c.money(c.Total[day])}
	for _, s := range c.Series {
		if s.Spent[day] != 0 {
			parts = append(parts, s.Name+" "+c.money(s.Spent[day]))
		}
	}
	return strings.Join(parts, ", ")
}

// list is the address of what adds up to a day, or to all days where that is -1,
// of one series or of all where that is -1.
func (c Chart) list(f Frame, day, series int) string {
	filter := ListFilter{Status: spentStatus, Currency: string(c.Currency)}
	window := meter.Window{From: c.Days[0], To: c.Ends}
	if day >= 0 {
		window = c.window(day)
	}
	filter.Bound(f, window)
	if series >= 0 && c.Series[series].Agent != uuid.Nil {
		filter.Agent = ident.Format(ident.Agent, c.Series[series].Agent)
	}
	return filter.At(f, "/authorizations")
}

// linked says whether a cell of the table can lead to its list: that of the
// others is no list of one agent.
func (c Chart) linked(series int) bool { return c.Series[series].Agent != uuid.Nil }

func (c Chart) viewBox() string {
	return "0 0 " + strconvInt(int64(len(c.Days))*chartDay) + " " + strconvInt(spendChartHeight)
}

// bare is an amount without its currency, which the table's head says.
func (c Chart) bare(minor int64) string {
	return strings.TrimSuffix(c.money(minor), " "+c.Currency.Upper())
}
