package meter

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
)

// Kinds of scope: whose spending its meters count.
const (
	ScopeAgent   = "agent"   // each agent's, by itself
	ScopeCompany = "company" // every agent's of the company together
	ScopeSet     = "set"     // every agent's of a set together
)

// Scope says which meters must be kept, in one currency and zone. For
// ScopeAgent the ID is nil, for ScopeCompany the company, and for ScopeSet the
// SetID of its Agents.
type Scope struct {
	Kind     string
	ID       uuid.UUID
	Currency money.Currency
	Zone     string
	Agents   []uuid.UUID // of ScopeSet
}

// Same reports whether both name the same meters.
func (s Scope) Same(o Scope) bool {
	return s.Kind == o.Kind && s.ID == o.ID && s.Currency == o.Currency && s.Zone == o.Zone
}

// Subject is whose meter an agent's spending goes to, and false when the scope
// does not count it.
func (s Scope) Subject(agent uuid.UUID) (uuid.UUID, bool) {
	switch s.Kind {
	case ScopeAgent:
		return agent, true
	case ScopeSet:
		return s.ID, slices.Contains(s.Agents, agent)
	}
	return s.ID, true
}

// SetID names a set of agents: the same for the same agents in any order.
func SetID(agents []uuid.UUID) uuid.UUID {
	sorted := slices.Clone(agents)
	slices.SortFunc(sorted, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	hash := sha256.New()
	for _, id := range slices.Compact(sorted) {
		hash.Write(id[:])
	}
	id := uuid.UUID(hash.Sum(nil)[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8: our own
	id[8] = id[8]&0x3f | 0x80
	return id
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
