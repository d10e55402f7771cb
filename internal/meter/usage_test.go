package meter

import (
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestSumsNeverWrap: what no int64 holds is above every limit.
func TestSumsNeverWrap(t *testing.T) {
	var m Meter
	at := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	for range 3 {
		m.Apply(at, time.UTC, at, math.MaxInt64/2, math.MaxInt64/2)
	}
	u := m.In(Month, Month.Window(at, time.UTC))
	if u.Spent != math.MaxInt64 || u.Reserved != math.MaxInt64 || u.Used() != math.MaxInt64 {
		t.Fatalf("%+v", u)
	}
}

// TestHistoryGoesIntoItsWindow: what was surveyed before midnight is not put
// into the day after.
func TestHistoryGoesIntoItsWindow(t *testing.T) {
	monday := time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)
	tuesday := monday.AddDate(0, 0, 1)
	var m Meter
	m.Apply(monday, time.UTC, monday, 0, 1)
	m.AddTo(Day, Day.Window(monday, time.UTC), monday, time.UTC, Usage{10, 5})
	if u := m.In(Day, Day.Window(monday, time.UTC)); u != (Usage{10, 6}) {
		t.Errorf("the same day: %+v", u)
	}
	m.AddTo(Day, Day.Window(monday, time.UTC), tuesday, time.UTC, Usage{10, 5})
	if u := m.In(Day, Day.Window(tuesday, time.UTC)); u != (Usage{}) {
		t.Errorf("the day after: %+v", u)
	}
}

func TestWhomAScopeCovers(t *testing.T) {
	one, two, company := uuid.New(), uuid.New(), uuid.New()
	set := Scope{Kind: ScopeSet, ID: SetID([]uuid.UUID{one}), Agents: []uuid.UUID{one}, Currency: "usd", Zone: "UTC"}
	for name, c := range map[string]struct {
		scope   Scope
		agent   uuid.UUID
		subject uuid.UUID
		covers  bool
	}{
		"an agent's own":    {Scope{Kind: ScopeAgent}, one, one, true},
		"the company's":     {Scope{Kind: ScopeCompany, ID: company}, two, company, true},
		"a member of a set": {set, one, set.ID, true},
		"others":            {set, two, uuid.Nil, false},
	} {
		if key, covers := c.scope.Meter(c.agent); covers != c.covers || key.Subject != c.subject {
			t.Errorf("%s: %+v %t", name, key, covers)
		}
	}
	if SetID([]uuid.UUID{one, two}) != SetID([]uuid.UUID{two, one, two}) {
		t.Error("a set is its members, whatever their order")
	}
}

// TestMissingIsWhatIsNotCounted: a scope whose history is still being added up
// is missing.
func TestMissingIsWhatIsNotCounted(t *testing.T) {
	needed := []Scope{{Kind: ScopeAgent, Currency: "usd", Zone: "UTC"}}
	building, ready := needed[0], needed[0]
	ready.Ready = true
	for name, c := range map[string]struct {
		there   []Scope
		missing int
	}{"none": {nil, 1}, "building": {[]Scope{building}, 1}, "ready": {[]Scope{ready}, 0}} {
		if got := Missing(c.there, needed); len(got) != c.missing {
			t.Errorf("%s: %v", name, got)
		}
	}
}
