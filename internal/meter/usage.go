package meter

import (
	"bytes"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
)

// Kinds of scope: whose spending a meter counts.
const (
	ScopeAgent   = "agent"   // each agent's own
	ScopeCompany = "company" // every agent's of the company
	ScopeSet     = "set"     // every agent's of a set
)

// Scope names whose spending must be metered, in one currency and zone. The ID
// is nil for ScopeAgent, which gives every agent a meter of its own; the
// company for ScopeCompany; and SetID(Agents) for ScopeSet.
type Scope struct {
	Kind     string
	ID       uuid.UUID
	Currency money.Currency
	Zone     string
	Agents   []uuid.UUID // of a ScopeSet
	// Ready says that the history is counted too. Until then the meters only
	// collect what happens.
	Ready bool
}

// ScopeKey is what makes two scopes the same.
type ScopeKey struct {
	Kind string
	Key
}

// Key identifies the scope.
func (s Scope) Key() ScopeKey {
	return ScopeKey{s.Kind, Key{Subject: s.ID, Currency: s.Currency, Zone: s.Zone}}
}

// Meter is the key of the meter that counts an agent's spending for this
// scope, and false when the scope does not cover the agent.
func (s Scope) Meter(agent uuid.UUID) (Key, bool) {
	subject := s.ID
	switch s.Kind {
	case ScopeAgent:
		subject = agent
	case ScopeSet:
		if !slices.Contains(s.Agents, agent) {
			return Key{}, false
		}
	}
	return Key{Subject: subject, Currency: s.Currency, Zone: s.Zone}, true
}

// SetID names a set of agents by its members alone, whatever their order: a
// changed set is another meter, and two policies over one set share theirs.
func SetID(agents []uuid.UUID) uuid.UUID {
	sorted := slices.Clone(agents)
	slices.SortFunc(sorted, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	var all []byte
	for _, id := range slices.Compact(sorted) {
		all = append(all, id[:]...)
	}
	return uuid.NewSHA1(uuid.Nil, all)
}

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

// AddTo adds usage to the window w of period p if that window still runs at
// now. It is how history is put under a meter that already counts.
func (m *Meter) AddTo(p Period, w Window, now time.Time, loc *time.Location, u Usage) {
	r := &m.Running[p.Index()]
	if current := p.Window(now, loc); r.From.Before(current.From) {
		*r = Running{From: current.From}
	}
	if r.From.Equal(w.From) {
		r.Spent = addUsage(r.Spent, u.Spent)
		r.Reserved = addUsage(r.Reserved, u.Reserved)
	}
}
