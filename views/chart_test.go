package views

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// TestBarsStandOnEachOther draws any amounts: the parts of a day touch, and end
// at the height of its total.
func TestBarsStandOnEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(1, 5).Draw(t, "days")
		c := Chart{Currency: "usd", Days: make([]time.Time, days), Total: make([]int64, days)}
		for range rapid.IntRange(1, 8).Draw(t, "agents") {
			s := ChartSeries{Agent: ident.New(), Spent: rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64/100), days, days).Draw(t, "spent")}
			for day, minor := range s.Spent {
				c.Total[day] += minor
			}
			c.Series = append(c.Series, s)
		}
		for day := range days {
			at := int64(spendChartHeight)
			for _, b := range c.bars(day) {
				if b.y+b.height != at || b.height <= 0 || b.y < 0 {
					t.Fatalf("day %d: %+v does not stand at %d", day, b, at)
				}
				at = b.y
			}
			if want := spendChartHeight - share(c.Total[day], c.top()); at != want {
				t.Fatalf("day %d ends at %d, wanted %d", day, at, want)
			}
		}
	})
}

func TestChartOfOneCurrency(t *testing.T) {
	agent := ident.New()
	d := spend.Daily{Days: []time.Time{time.Unix(0, 0), time.Unix(86400, 0)}, Currencies: []spend.DailyCurrency{
		{Currency: "eur", Total: []int64{9, 9}},
		{Currency: "usd", Total: []int64{5, 7}, Others: []int64{0, 2}, Agents: []spend.DailyAgent{{Agent: agent, Handle: "a", Spent: []int64{5, 5}, Total: 10}}}}}
	c := NewChart(d, "usd")
	if c.Sum() != 12 || len(c.Series) != 2 || c.Series[1].Name != "Others" || c.Series[1].Total != 2 || c.linked(1) || !c.linked(0) {
		t.Errorf("%+v", c)
	}
	if c := NewChart(d, "gbp"); c.Sum() != 0 || len(c.Total) != 2 || len(c.Series) != 0 {
		t.Errorf("a currency without any: %+v", c)
	}
}

func TestBoundsOfAList(t *testing.T) {
	f := Frame{Live: true, Company: company.Company{TimeZone: "Europe/Berlin"}}
	at := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC) // a day of 23 hours
	for _, c := range []struct {
		zone     string
		period   meter.Period
		from, to string
	}{
		{"Europe/Berlin", meter.Day, "2026-03-29", "2026-03-29"},
		{"Europe/Berlin", meter.Month, "2026-03-01", "2026-03-31"},
		{"America/New_York", meter.Day, "2026-03-29T04:00:00Z", "2026-03-30T04:00:00Z"},
		{"Europe/Berlin", meter.Total, "", ""},
	} {
		loc, err := meter.LoadZone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		var l ListFilter
		l.Bound(f, c.period.Window(at, loc))
		if l.From != c.from || l.To != c.to {
			t.Errorf("a %s in %s is from %q to %q", c.period, c.zone, l.From, l.To)
		}
	}
}

func TestLimitsInOrder(t *testing.T) {
	agent, p := ident.New(), ident.New()
	state := func(index int, per policy.Per, spent, limit int64) policy.LimitState {
		return policy.LimitState{Policy: p, Version: 1, Index: index, Per: per, Period: meter.Month, Zone: "UTC", Limit: limit, Spent: spent, Remaining: limit - spent}
	}
	room := policy.Headroom{Currency: "usd", BoundedBy: &policy.RuleRef{Policy: p, Index: 1}, Limits: []policy.LimitState{
		state(0, policy.PerAgent, 1, math.MaxInt64), state(1, policy.PerAgent, 12, 10), state(2, policy.PerCompany, 5, 10)}}
	other := ident.New()
	rows := AllLimits(map[uuid.UUID][]policy.Headroom{agent: {room}, other: {room}}, map[uuid.UUID]string{agent: "a", other: "b"}, nil)
	var said []string
	for _, l := range rows {
		said = append(said, l.Whose())
	}
	if got := strings.Join(said, ", "); got != "a, b, All agents together, a, b" || !rows[0].Binds || rows[2].Binds || rows[0].Percent() != 120 || rows[3].Percent() != 0 {
		t.Errorf("%s, %+v", got, rows[0])
	}
	if sum := AddLimits(rows, meter.Month, "usd"); sum.Agents != 2 || sum.Limit != 20 {
		t.Errorf("the tightest add up to %+v", sum)
	}
	if s := Shared(rows, meter.Month, "usd"); s == nil || s.Limit != 10 || Shared(rows, meter.Day, "usd") != nil {
		t.Errorf("shared: %+v", s)
	}
}

func TestSumsByCurrency(t *testing.T) {
	s := AddUp([]spend.ListSum{{Currency: "eur", Status: spend.Held, Count: 2, Requested: 9, Amount: 7}, {Currency: "eur", Status: spend.Pending, Count: 1, Amount: 5},
		{Currency: "eur", Status: spend.Voided, Count: 3, Requested: 4}, {Currency: "usd", Status: spend.Confirmed, Count: 1, Requested: 9, Amount: 8}})
	if len(s.Currencies) != 2 || s.Count != 7 || s.Currencies[0].Reserved != 12 || s.Currencies[0].ReservedCount != 3 || s.Currencies[0].Other != 4 || s.Currencies[1].Spent != 8 {
		t.Errorf("%+v", s)
	}
}
