package spend

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// DailyQuery says what to draw.
type DailyQuery struct {
	// Days is how many local days, today included; at least 1, at most 400.
	Days int
	// Agents is how many agents are shown by themselves in each currency.
	Agents int
	// Agent, unless nil, is the only one.
	Agent uuid.UUID
}

// Daily is what was confirmed on each local day.
type Daily struct {
	Zone   string
	Window meter.Window
	// Days are where the days begin, oldest first; each ends where the next
	// begins, and the last at Window.To.
	Days       []time.Time
	Currencies []DailyCurrency // in alphabetical order
}

// DailyCurrency is one currency of a Daily. Amounts are minor units, one for
// each of its days.
type DailyCurrency struct {
	Currency money.Currency
	Agents   []DailyAgent // who spent most first
	// Others is everybody else, nil when that is nobody.
	Others []int64
	Total  []int64
	place  map[uuid.UUID]int // of each agent, while they are added up
}

// DailyAgent is what one agent spent: List with status confirmed, this agent and
// the day adds up to each of Spent.
type DailyAgent struct {
	Agent  uuid.UUID
	Handle string
	Spent  []int64
	Total  int64
}

// maxDays bounds what is drawn.
const maxDays = 400

// Daily adds up what was confirmed by the day on which it was decided.
func (s *Service) Daily(ctx context.Context, t ident.Tenant, q DailyQuery) (Daily, error) {
	now, zone, loc, err := s.clock(ctx, t)
	if err != nil {
		return Daily{}, err
	}
	out := Daily{Zone: zone, Days: daysUntil(now, min(max(q.Days, 1), maxDays), loc)}
	out.Window = meter.Window{From: out.Days[0], To: meter.Day.Window(now, loc).To}
	err = s.addUp(ctx, t, out.Window, now, loc, func(p stretch, c *cell) {
		if c.status == Confirmed && c.of(q.Agent) {
			day, found := slices.BinarySearchFunc(out.Days, p.From, time.Time.Compare)
			if !found {
				day-- // an hour of today
			}
			out.currency(c.currency).add(c, day, len(out.Days))
		}
	})
	if err != nil {
		return out, err
	}
	for i := range out.Currencies {
		out.Currencies[i].show(q.Agents)
	}
	return out, s.nameDaily(ctx, t, &out)
}

// daysUntil are the beginnings of the last n local days.
func daysUntil(now time.Time, n int, loc *time.Location) []time.Time {
	days := make([]time.Time, n)
	at := now
	for i := n - 1; i >= 0; i-- {
		days[i] = meter.Day.Window(at, loc).From
		at = days[i].Add(-time.Nanosecond)
	}
	return days
}

// currency is the part of one currency, which is made when there is none yet.
func (d *Daily) currency(name string) *DailyCurrency {
	i, found := slices.BinarySearchFunc(d.Currencies, name, func(c DailyCurrency, s string) int { return strings.Compare(string(c.Currency), s) })
	if !found {
		d.Currencies = slices.Insert(d.Currencies, i, DailyCurrency{Currency: money.Currency(name), Total: make([]int64, len(d.Days)), place: map[uuid.UUID]int{}})
	}
	return &d.Currencies[i]
}

func (c *DailyCurrency) add(of *cell, day, days int) {
	c.Total[day], _ = money.AddMinor(c.Total[day], of.minor)
	i, found := c.place[of.agent]
	if !found {
		i = len(c.Agents)
		c.place[of.agent] = i
		c.Agents = append(c.Agents, DailyAgent{Agent: of.agent, Spent: make([]int64, days)})
	}
	a := &c.Agents[i]
	a.Spent[day], _ = money.AddMinor(a.Spent[day], of.minor)
	a.Total, _ = money.AddMinor(a.Total, of.minor)
}

func (c *DailyCurrency) other(day int, spent int64) {
	if c.Others == nil {
		c.Others = make([]int64, len(c.Total))
	}
	c.Others[day], _ = money.AddMinor(c.Others[day], spent)
}

// show puts those that spent most in front, and adds up the others.
func (c *DailyCurrency) show(most int) {
	slices.SortFunc(c.Agents, func(a, b DailyAgent) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), bytes.Compare(a.Agent[:], b.Agent[:]))
	})
	for _, a := range c.Agents[min(most, len(c.Agents)):] {
		for day, spent := range a.Spent {
			c.other(day, spent)
		}
	}
	c.Agents, c.place = c.Agents[:min(most, len(c.Agents))], nil
}

// nameDaily fills in the handles.
func (s *Service) nameDaily(ctx context.Context, t ident.Tenant, d *Daily) error {
	var agents []uuid.UUID
	for _, c := range d.Currencies {
		for _, a := range c.Agents {
			agents = append(agents, a.Agent)
		}
	}
	if len(agents) == 0 {
		return nil
	}
	rows, err := db.New(s.pool).SpendingAgents(ctx, t.Company, t.Live, agents)
	handles := make(map[uuid.UUID]string, len(rows))
	for _, r := range rows {
		handles[r.AgentID] = r.Handle
	}
	for _, c := range d.Currencies {
		for i := range c.Agents {
			c.Agents[i].Handle = handles[c.Agents[i].Agent]
		}
	}
	return err
}
