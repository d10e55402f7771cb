package spend_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// The gate's own code at instants of choice, beside a model that keeps nothing
// but a list of authorizations: it adds up, for each limit, what was decided in
// the same day, week, month, quarter or year on that zone's calendar.

// pastLimits are in the order of the policies' rules; an empty zone is the
// company's.
var pastLimits = []struct {
	period meter.Period
	most   int64
	zone   string
	shared bool
	some   bool // of the second policy, which covers the first two agents
}{
	{meter.Day, 10000, "Europe/Berlin", false, false},
	{meter.Week, 25000, "America/Havana", false, false},
	{meter.Month, 60000, "", true, false},
	{meter.Quarter, 120000, "UTC", true, false},
	{meter.Year, 150000, "Asia/Kathmandu", false, false},
	{meter.Total, 400000, "", false, false},
	{meter.Month, 30000, "Australia/Lord_Howe", true, true},
}

const pastThreshold = 6000

var pastZones = []string{"UTC", "America/New_York", "Pacific/Apia", "Pacific/Kiritimati"}

type pastModel struct {
	*spend.Past
	company uuid.UUID
	agents  []uuid.UUID
	member  uuid.UUID
	by      audit.Actor
	now     time.Time
	zone    string
	frozen  bool
	stopped [3]bool
	all     []*pastOne
}

// pastOne is an authorization as the model knows it, beside the gate's.
type pastOne struct {
	got     *spend.Authorization
	agent   int
	status  spend.Status
	minor   int64
	created time.Time
	ends    time.Time
	auto    bool
}

func newPastModel(t *rapid.T) *pastModel {
	m := &pastModel{company: ident.New(), agents: []uuid.UUID{ident.New(), ident.New(), ident.New()}, member: ident.New(),
		by: audit.Key(ident.New(), "req"), zone: "UTC", now: time.Date(2026, 2, 27, 20, 0, 0, 0, time.UTC)}
	var scopes []meter.Scope
	for _, zone := range pastZones {
		scopes = append(scopes, m.set(t, zone).Scopes()...)
	}
	distinct := map[meter.ScopeKey]bool{}
	var each []meter.Scope
	for _, s := range scopes {
		if !distinct[s.Key()] {
			distinct[s.Key()] = true
			each = append(each, s)
		}
	}
	m.Past = spend.NewPast(ident.Tenant{Company: m.company, Live: true},
		spend.PastCompany{Currency: "usd", Zone: m.zone, ApprovalTimeout: 24 * time.Hour, Scopes: each})
	for i, id := range m.agents {
		m.Agent(id, fmt.Sprint("bot-", i), "active")
	}
	m.Member(m.member, "owner")
	m.MoveTo(m.now)
	m.Govern(m.set(t, m.zone))
	return m
}

// set compiles the two policies for a company of that zone.
func (m *pastModel) set(t *rapid.T, zone string) *policy.Set {
	rules := [2][]map[string]any{{{"type": "approval_threshold", "amount": pastThreshold / 100, "currency": "usd"}}, nil}
	for _, l := range pastLimits {
		r := map[string]any{"type": "limit", "period": l.period, "amount": l.most / 100, "currency": "usd", "per": "agent"}
		if l.zone != "" {
			r["time_zone"] = l.zone
		}
		if l.shared {
			r["per"] = "company"
		}
		n := 0
		if l.some {
			n = 1
		}
		rules[n] = append(rules[n], r)
	}
	var policies []policy.Policy
	for i, list := range rules {
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := policy.DecodeRules(text)
		if err != nil {
			t.Fatal(err)
		}
		p := policy.Policy{ID: uuid.UUID{byte(i + 1)}, Version: 1, Content: policy.Content{Name: "p", Status: policy.Active, Rules: decoded}}
		if i == 1 {
			p.Agents = m.agents[:2]
		}
		policies = append(policies, p)
	}
	set, err := policy.Compile(m.company, zone, policies)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// page is the leaf of a zone's calendar that an instant is on.
func page(p meter.Period, at time.Time, loc *time.Location) string {
	local := at.In(loc)
	switch p {
	case meter.Day:
		return local.Format(time.DateOnly)
	case meter.Week:
		y, w := local.ISOWeek()
		return fmt.Sprint(y, " ", w)
	case meter.Month:
		return local.Format("2006-01")
	case meter.Quarter:
		return fmt.Sprint(local.Year(), " ", (int(local.Month())+2)/3)
	case meter.Year:
		return local.Format("2006")
	}
	return ""
}

// used is what a limit has used for an agent at the model's now, without one
// authorization.
func (m *pastModel) used(limit, agent int, without *pastOne) (sum int64) {
	l := pastLimits[limit]
	loc, err := meter.LoadZone(cmpOr(l.zone, m.zone))
	if err != nil {
		panic(err)
	}
	for _, a := range m.all {
		counted := a.status.Open() || a.status == spend.Confirmed
		if a == without || !counted || !l.shared && a.agent != agent || l.some && a.agent > 1 {
			continue
		}
		if page(l.period, a.created, loc) == page(l.period, m.now, loc) {
			sum += a.minor
		}
	}
	return sum
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// allows says whether every limit has room, and no freeze stands against it.
func (m *pastModel) allows(agent int, minor int64, without *pastOne) bool {
	for i, l := range pastLimits {
		if (!l.some || agent < 2) && m.used(i, agent, without)+minor > l.most {
			return false
		}
	}
	return !m.frozen && !m.stopped[agent]
}

// pass moves both clocks.
func (m *pastModel) pass(by time.Duration) {
	m.now = m.now.Add(by)
	m.MoveTo(m.now)
	for _, a := range m.all {
		if a.status.Open() && !a.ends.After(m.now) {
			a.status = spend.Expired
		}
	}
}

func (m *pastModel) ask(t *rapid.T) {
	agent := rapid.IntRange(0, 2).Draw(t, "agent")
	q := ask(m.agents[agent], rapid.SampledFrom([]int64{1, 2500, 5000, 6000, 6001, 9999, 10000, 10001}).Draw(t, "minor"))
	if rapid.IntRange(0, 3).Draw(t, "auto") == 0 {
		q.Capture = spend.Auto
	}
	a := &pastOne{agent: agent, minor: q.Amount.Minor, created: m.now, auto: q.Capture == spend.Auto, ends: m.now.Add(q.ExpiresIn)}
	switch {
	case !m.allows(agent, a.minor, nil):
		a.status = spend.Denied
	case a.minor > pastThreshold:
		a.status, a.ends = spend.Held, m.now.Add(24*time.Hour)
	case a.auto:
		a.status = spend.Confirmed
	default:
		a.status = spend.Pending
	}
	var err error
	if a.got, err = m.Authorize(m.by, q); err != nil {
		t.Fatal(err)
	}
	m.sees(t, a)
	m.all = append(m.all, a)
}

// sees compares what every limit of the trace has used with the model's sum.
func (m *pastModel) sees(t *rapid.T, a *pastOne) {
	var trace []struct {
		Rule   string      `json:"rule"`
		Used   json.Number `json:"used"`
		Window struct {
			From *time.Time `json:"from"`
			To   *time.Time `json:"to"`
		} `json:"window"`
	}
	if err := json.Unmarshal(a.got.Trace, &trace); err != nil {
		t.Fatal(err)
	}
	limit := 0
	for _, s := range trace {
		if s.Rule != "limit" {
			continue
		}
		if want := money.Of(m.used(limit, a.agent, a), "usd").Decimal(); s.Used.String() != want {
			t.Fatalf("at %s %+v has used %s, and %s was decided on that page", m.now, pastLimits[limit], s.Used, want)
		}
		if w := s.Window; w.To != nil && (w.From.After(m.now) || !w.To.After(m.now)) {
			t.Fatalf("at %s the window is %s to %s", m.now, w.From, w.To)
		}
		limit++
	}
	if want := len(pastLimits); limit != want && !(a.agent == 2 && limit == want-1) {
		t.Fatalf("%d limits of %d", limit, want)
	}
}

// move does one thing to one authorization in both worlds.
func (m *pastModel) move(t *rapid.T, a *pastOne) {
	var err error
	code := "authorization_" + string(a.status)
	switch do := rapid.SampledFrom([]string{"confirm", "less", "void", "approve", "approve less", "deny"}).Draw(t, "do"); do {
	case "confirm":
		if a.status == spend.Pending || a.status == spend.Confirmed {
			a.status, code = spend.Confirmed, ""
		}
		err = m.Confirm(m.by, a.got, nil, "")
	case "less":
		some := money.Number("0.01")
		if a.status == spend.Pending || a.status == spend.Confirmed && a.minor == 1 {
			a.status, a.minor, code = spend.Confirmed, 1, ""
		}
		err = m.Confirm(m.by, a.got, &some, "")
	case "void":
		if a.status.Open() || a.status == spend.Voided {
			a.status, code = spend.Voided, ""
		}
		err = m.Void(m.by, a.got, "")
	default:
		if a.got.ApprovalID == uuid.Nil {
			return
		}
		code = m.vote(t, a, do)
		err = m.cast(a, do)
	}
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Fatalf("%+v: %v, want %q", a, err, code)
	}
}

// vote is what a vote does in the model, or the code of its refusal.
func (m *pastModel) vote(t *rapid.T, a *pastOne, do string) string {
	minor := a.minor
	if do == "approve less" {
		minor = 100
	}
	switch {
	case a.status != spend.Held:
		return "authorization_" + string(a.status)
	case do == "deny":
		a.status = spend.Denied
	case m.frozen:
		return "company_frozen"
	case m.stopped[a.agent]:
		return "agent_frozen"
	case !m.allows(a.agent, minor, a):
		return "limit_exceeded"
	default:
		a.status, a.minor, a.ends = spend.Pending, minor, m.now.Add(15*time.Minute)
		if a.auto {
			a.status = spend.Confirmed
		}
	}
	return ""
}

func (m *pastModel) cast(a *pastOne, do string) error {
	v := spend.Ballot{Approval: a.got.ApprovalID, Voter: spend.Voter{Person: m.member, Member: m.member}, Verdict: spend.ForApproval}
	switch do {
	case "deny":
		v.Verdict = spend.Against
	case "approve less":
		one := money.Number("1.00")
		v.Amount = &one
	}
	return m.Cast(m.by, v)
}

// change alters the ground: a freeze, or the company's time zone.
func (m *pastModel) change(t *rapid.T) {
	switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
	case what == 0:
		m.frozen = !m.frozen
		m.Freeze(m.frozen)
	case what == 1:
		i := rapid.IntRange(0, 2).Draw(t, "which")
		m.stopped[i] = !m.stopped[i]
		m.Agent(m.agents[i], fmt.Sprint("bot-", i), map[bool]string{true: "frozen", false: "active"}[m.stopped[i]])
	case what < 4:
		m.frozen, m.stopped = false, [3]bool{}
		m.Freeze(false)
		for i, id := range m.agents {
			m.Agent(id, fmt.Sprint("bot-", i), "active")
		}
	default:
		m.zone = rapid.SampledFrom(pastZones).Draw(t, "zone")
		m.Govern(m.set(t, m.zone))
	}
}

var passages = []time.Duration{time.Minute, 14 * time.Minute, 15 * time.Minute, time.Hour, 5 * time.Hour, 24 * time.Hour,
	3 * 24 * time.Hour, 8 * 24 * time.Hour, 40 * 24 * time.Hour, 100 * 24 * time.Hour, 400 * 24 * time.Hour}

// TestPastAgainstModel lets years pass: every decision, and what every limit
// says that it has used, must be what the calendar's pages add up to.
func TestPastAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newPastModel(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind < 4 || len(m.all) == 0:
				m.ask(t)
			case kind < 7:
				m.move(t, m.all[max(0, len(m.all)-1-rapid.IntRange(0, 9).Draw(t, "which"))])
			case kind < 9:
				m.pass(rapid.SampledFrom(passages).Draw(t, "passage"))
			default:
				m.change(t)
			}
			m.agree(t)
		}
	})
}

func (m *pastModel) agree(t *rapid.T) {
	for _, a := range m.all {
		if a.got.Status != a.status || a.got.Amount != a.minor {
			t.Fatalf("at %s the gate has %s %d, the model %s %d", m.now, a.got.Status, a.got.Amount, a.status, a.minor)
		}
	}
}
