package spend_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// berlin is a house whose company lives by Berlin's days, with a history of 40
// days that lies on both sides of every border of a window.
func berlin(t *testing.T) (*house, []uuid.UUID) {
	h := newHouse(t)
	h.exec(`UPDATE companies SET time_zone = 'Europe/Berlin'`)
	h.policy(`[{"type":"velocity","window":"1h","count":1000}]`)
	agents := h.agents(7)
	h.authorize(agents[0], 12345) // what the others are made of
	loc, err := meter.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	borders := []time.Time{now.Add(-time.Second)}
	for _, p := range []meter.Period{meter.Day, meter.Week, meter.Month} {
		borders = append(borders, p.Window(now, loc).From)
	}
	var at []time.Time
	for range 600 {
		at = append(at, now.Add(-time.Duration(rand.Int64N(int64(40*24*time.Hour)))))
	}
	for _, b := range borders {
		at = append(at, b, b.Add(-time.Microsecond), b.Add(time.Microsecond))
	}
	for _, when := range at {
		h.told(agents[rand.IntN(len(agents))], when)
	}
	return h, agents
}

var endings = []spend.Status{spend.Confirmed, spend.Confirmed, spend.Confirmed, spend.Confirmed, spend.Pending, spend.Held,
	spend.Voided, spend.Expired, spend.Denied, spend.Denied}

// told puts a made-up request into the history.
func (h *house) told(agent uuid.UUID, at time.Time) {
	h.t.Helper()
	status, shop := endings[rand.IntN(len(endings))], rand.IntN(9)
	code, decision := "ok", "APPROVED"
	if status == spend.Denied {
		code, decision = []string{"limit_exceeded", "merchant_blocked", "velocity_exceeded"}[rand.IntN(3)], "DENIED"
	}
	if status == spend.Held {
		decision = "REQUIRES_APPROVAL"
	}
	at = at.Truncate(time.Microsecond)
	amount, refunded := rand.Int64N(100000)+1, int64(0)
	if status == spend.Confirmed && rand.IntN(4) == 0 {
		refunded = rand.Int64N(amount)
	}
	key := fmt.Sprintf("shop%d.example.com", shop)
	h.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, refunded, merchant_name, merchant_domain, merchant_key, rail, capture, purpose, expires_in, expires_at, created_at, requested_by, explanation)
		SELECT company_id, live, $1, $2, $3, $4, $5, '', $6, $7, $7, $8, $9, $10, $10, 'api', 'explicit', $11, 900, $12, $13, 'key', explanation
		FROM authorizations LIMIT 1`, ident.At(at), agent, string(status), decision, code, []string{"usd", "eur"}[rand.IntN(2)], amount, refunded,
		fmt.Sprintf("Shop %d", shop), key, fmt.Sprintf("Order %d of Müller", rand.IntN(1000)), time.Now().Add(time.Hour), at)
}

// all is everything that List has, page by page.
func (h *house) all(f spend.Filter) (all []*spend.Authorization) {
	h.t.Helper()
	var before uuid.UUID
	for {
		page, err := h.gate.List(h.t.Context(), h.tenant, f, before, 200)
		if err != nil {
			h.t.Fatal(err)
		}
		if all = append(all, page...); len(page) < 200 {
			return all
		}
		before = page[len(page)-1].ID
	}
}

// listed adds up a list.
func (h *house) listed(f spend.Filter, of func(*spend.Authorization) int64) (sum, n int64) {
	h.t.Helper()
	for _, a := range h.all(f) {
		sum, n = sum+of(a), n+1
	}
	return sum, n
}

func in(w meter.Window) spend.Filter { return spend.Filter{From: w.From, To: w.To} }

// TestTotalsAddUp: every number is that of the list behind it.
func TestTotalsAddUp(t *testing.T) {
	t.Parallel()
	h, agents := berlin(t)
	for _, agent := range []uuid.UUID{uuid.Nil, agents[2]} {
		totals, err := h.gate.Totals(t.Context(), h.tenant, agent)
		if err != nil || totals.Zone != "Europe/Berlin" {
			t.Fatalf("%+v %v", totals, err)
		}
		for name, total := range map[string]spend.Total{"day": totals.Day, "week": totals.Week, "month": totals.Month} {
			if !total.Window.Contains(totals.Now) {
				t.Errorf("the %s %v does not run at %v", name, total.Window, totals.Now)
			}
			for _, c := range []string{"eur", "usd"} {
				f := in(total.Window)
				f.Agent, f.Currency = agent, c
				var want spend.Sum
				want.Currency = money.Currency(c)
				f.Status = spend.Confirmed
				want.Confirmed, want.ConfirmedCount = h.listed(f, (*spend.Authorization).Settled)
				f.Status = spend.Pending
				want.Pending, want.PendingCount = h.listed(f, (*spend.Authorization).Reserved)
				f.Status = spend.Held
				want.Held, want.HeldCount = h.listed(f, (*spend.Authorization).Reserved)
				i := slices.IndexFunc(total.Sums, func(s spend.Sum) bool { return s.Currency == want.Currency })
				var got spend.Sum
				if got.Currency = want.Currency; i >= 0 {
					got = total.Sums[i]
				}
				if got != want {
					t.Errorf("%s of %s for %v: %+v, the lists add up to %+v", name, c, agent, got, want)
				}
			}
		}
	}
	if r := (spend.Sum{Pending: 3, Held: 4}).Reserved(); r != 7 {
		t.Error(r)
	}
}

// TestTotalsLeaveOutWhatRanOut: a hold whose time is over is no reservation,
// and a company without history has no sums.
func TestTotalsLeaveOutWhatRanOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"velocity","window":"1h","count":1000}]`)
	bot := h.agent("bot")
	reserved := func() int {
		totals, err := h.gate.Totals(t.Context(), h.tenant, uuid.Nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(totals.Day.Sums) + len(totals.Week.Sums) + len(totals.Month.Sums)
	}
	if n := reserved(); n != 0 {
		t.Fatal(n)
	}
	h.authorize(bot, 500)
	if n := reserved(); n != 3 {
		t.Fatal(n)
	}
	h.expireAll()
	if n := reserved(); n != 0 {
		t.Fatal(n)
	}
}

// TestDailyAddsUp: every day of every agent is that of the list behind it.
func TestDailyAddsUp(t *testing.T) {
	t.Parallel()
	h, agents := berlin(t)
	d, err := h.gate.Daily(t.Context(), h.tenant, spend.DailyQuery{Days: 35, Agents: 3})
	if err != nil || len(d.Days) != 35 || len(d.Currencies) != 2 || d.Window.From != d.Days[0] {
		t.Fatalf("%+v %v", d, err)
	}
	for _, c := range d.Currencies {
		f := spend.Filter{Status: spend.Confirmed, Currency: string(c.Currency)}
		sum := func(agent uuid.UUID, day int) int64 {
			f.Agent, f.From, f.To = agent, d.Days[day], d.Window.To
			if day+1 < len(d.Days) {
				f.To = d.Days[day+1]
			}
			spent, _ := h.listed(f, (*spend.Authorization).Settled)
			return spent
		}
		if len(c.Agents) != 3 || c.Agents[0].Total < c.Agents[1].Total || c.Agents[1].Total < c.Agents[2].Total {
			t.Errorf("%+v", c.Agents)
		}
		for day := range d.Days {
			shown := c.Others[day]
			for _, a := range c.Agents {
				shown += a.Spent[day]
				if want := sum(a.Agent, day); a.Spent[day] != want || a.Handle == "" {
					t.Errorf("%s %s on %v: %d, the list adds up to %d", c.Currency, a.Handle, d.Days[day], a.Spent[day], want)
				}
			}
			if want := sum(uuid.Nil, day); c.Total[day] != want || shown != want {
				t.Errorf("%s on %v: %d and %d, the list adds up to %d", c.Currency, d.Days[day], c.Total[day], shown, want)
			}
		}
		for _, a := range agents { // nobody who is not shown spent more
			f.Agent, f.From, f.To = a, d.Window.From, d.Window.To
			if spent, _ := h.listed(f, (*spend.Authorization).Settled); spent > c.Agents[2].Total &&
				!slices.ContainsFunc(c.Agents, func(s spend.DailyAgent) bool { return s.Agent == a }) {
				t.Errorf("%v spent %d and is not shown", a, spent)
			}
		}
	}
	one, err := h.gate.Daily(t.Context(), h.tenant, spend.DailyQuery{Days: 1, Agents: 3, Agent: agents[1]})
	if err != nil || len(one.Days) != 1 {
		t.Fatalf("%+v %v", one, err)
	}
	for _, c := range one.Currencies {
		if len(c.Agents) != 1 || c.Agents[0].Agent != agents[1] || c.Others != nil {
			t.Errorf("%+v", c)
		}
	}
}

// TestMerchantsAddUp: who was paid most, and what was denied, as the lists say.
func TestMerchantsAddUp(t *testing.T) {
	t.Parallel()
	h, agents := berlin(t)
	w := meter.Window{From: time.Now().Add(-30 * 24 * time.Hour), To: time.Now().Add(-time.Minute)}
	for _, agent := range []uuid.UUID{uuid.Nil, agents[0]} {
		top, err := h.gate.TopMerchants(t.Context(), h.tenant, w, agent, 4)
		if err != nil || len(top) != 2 {
			t.Fatalf("%+v %v", top, err)
		}
		for _, c := range top {
			last := int64(1) << 62
			for _, m := range c.Merchants {
				f := in(w)
				f.Agent, f.Status, f.Currency, f.MerchantKey = agent, spend.Confirmed, string(c.Currency), m.Key
				spent, n := h.listed(f, (*spend.Authorization).Settled)
				if m.Spent != spent || m.Count != n || m.Name != "Shop "+m.Key[4:5] || m.Domain != m.Key || m.Spent > last {
					t.Errorf("%+v, the list has %d that add up to %d", m, n, spent)
				}
				last = m.Spent
			}
			if len(c.Merchants) > 4 {
				t.Errorf("%d merchants", len(c.Merchants))
			}
		}
		reasons, err := h.gate.DeniedReasons(t.Context(), h.tenant, w, agent)
		if err != nil {
			t.Fatal(err)
		}
		var counted int64
		for _, r := range reasons {
			f := in(w)
			f.Agent, f.Status = agent, spend.Denied
			found, err := h.gate.Search(t.Context(), h.tenant, spend.Search{Filter: f, ReasonCode: r.Code}, uuid.Nil, 1000)
			if err != nil || int64(len(found.Authorizations)) != r.Count {
				t.Errorf("%+v, the list has %d (%v)", r, len(found.Authorizations), err)
			}
			counted += r.Count
		}
		f := in(w)
		f.Agent, f.Status = agent, spend.Denied
		if _, n := h.listed(f, (*spend.Authorization).Settled); n != counted {
			t.Errorf("%d denials have a reason, of %d", counted, n)
		}
	}
}

// TestMerchantHistoryAddsUp: what an approver is told of a merchant.
func TestMerchantHistoryAddsUp(t *testing.T) {
	t.Parallel()
	h, _ := berlin(t)
	w := meter.Window{From: time.Now().Add(-20 * 24 * time.Hour)}
	paid := time.Now().Add(-50 * 24 * time.Hour).Truncate(time.Microsecond)
	h.exec(`INSERT INTO known_merchants VALUES ($1, true, 'shop3.example.com', $2)`, h.tenant.Company, paid)
	histories, err := h.gate.MerchantHistories(t.Context(), h.tenant, []string{"shop3.example.com", "shop5.example.com", "nobody"}, w)
	if err != nil || len(histories) != 3 {
		t.Fatalf("%+v %v", histories, err)
	}
	if n := histories["nobody"]; n.Sums != nil || !n.FirstSeen.IsZero() || !n.FirstPaid.IsZero() {
		t.Errorf("%+v", n)
	}
	if !histories["shop3.example.com"].FirstPaid.Equal(paid) {
		t.Error(histories["shop3.example.com"].FirstPaid)
	}
	for _, key := range []string{"shop3.example.com", "shop5.example.com"} {
		got := histories[key]
		list := h.all(spend.Filter{MerchantKey: key, From: w.From})
		if !got.FirstSeen.Equal(list[len(list)-1].CreatedAt) {
			t.Errorf("%s was first seen %v", key, got.FirstSeen)
		}
		var denied int64
		sums := map[money.Currency]spend.Sum{}
		for _, a := range list {
			s := sums[a.Currency]
			s.Currency = a.Currency
			switch a.Status {
			case spend.Denied:
				denied++
				continue
			case spend.Confirmed:
				s.Confirmed, s.ConfirmedCount = s.Confirmed+a.Settled(), s.ConfirmedCount+1
			case spend.Pending:
				s.Pending, s.PendingCount = s.Pending+a.Amount, s.PendingCount+1
			case spend.Held:
				s.Held, s.HeldCount = s.Held+a.Amount, s.HeldCount+1
			default:
				continue
			}
			sums[a.Currency] = s
		}
		if got.Denied != denied || len(got.Sums) != len(sums) {
			t.Errorf("%+v, want %d denied and %+v", got, denied, sums)
		}
		for _, s := range got.Sums {
			if s != sums[s.Currency] {
				t.Errorf("%s: %+v, want %+v", key, s, sums[s.Currency])
			}
		}
	}
}
