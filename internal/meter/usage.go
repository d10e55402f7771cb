package meter

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
)

// Kinds of scope: whose spending a meter counts.
const (
	ScopeAgent   = "agent"   // one agent's
	ScopeCompany = "company" // every agent's of the company
	ScopePolicy  = "policy"  // every agent's that the policy covers
)

// Scope names whose spending must be metered, in one currency and zone. For
// ScopeAgent the ID is the agent, for ScopeCompany the company, and for
// ScopePolicy the policy.
type Scope struct {
	Kind     string
	ID       uuid.UUID
	Currency money.Currency
	Zone     string
}

// Key is the scope's meter.
func (s Scope) Key() Key { return Key{Subject: s.ID, Currency: s.Currency, Zone: s.Zone} }

// Key names one meter: whose spending, in which currency, by which zone's days.
type Key struct {
	Subject  uuid.UUID
	Currency money.Currency
	Zone     string
}

// Usage is what a window has used, in minor units of the meter's currency.
type Usage struct {
	Spent, Reserved int64
}

// Used is spent plus reserved.
func (u Usage) Used() int64 { return addUsage(u.Spent, u.Reserved) }

// Running is the window that a meter is in for one period: where it starts, and
// what it has used.
type Running struct {
	From time.Time
	Usage
}

// Meter counts one key's spending in the running window of every period, in
// the order of Period.Index.
type Meter struct {
	Key
	Running [Count]Running
}

// In is what window w of period p has used. A meter whose window is older has
// used nothing in w yet. One whose window is newer keeps it: a window never
// rolls back when a clock does.
func (m *Meter) In(p Period, w Window) Usage {
	i := p.Index()
	if i < 0 || m.Running[i].From.Before(w.From) {
		return Usage{}
	}
	return m.Running[i].Usage
}

// Apply rolls every period forward to the window of now, then adds the deltas
// (minor units; negative ones give back) to each period whose running window
// contains at, the instant at which the authorization was decided. What belongs
// to a window that has ended changes nothing but the periods that still run.
func (m *Meter) Apply(now time.Time, loc *time.Location, at time.Time, spent, reserved int64) {
	for i, p := range Periods() {
		r := &m.Running[i]
		w := p.Window(now, loc)
		if r.From.Before(w.From) {
			*r = Running{From: w.From}
		} else if r.From.After(w.From) {
			w = p.Window(r.From, loc)
		}
		if w.Contains(at) {
			r.Spent = addUsage(r.Spent, spent)
			r.Reserved = addUsage(r.Reserved, reserved)
		}
	}
}

// addUsage adds without wrapping: a sum that no int64 holds stays at the edge.
func addUsage(a, b int64) int64 {
	sum, _ := money.AddMinor(a, b)
	return sum
}
