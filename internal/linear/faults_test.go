package linear

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var tight = Limits{PerAgent: 10000, Together: 16000, Threshold: 5000}

// toy is the sequential gate under one lock, with a fault of choice.
type toy struct {
	mu      sync.Mutex
	books   books
	fault   string
	counter [Agents]int64 // of the fault that keeps it outside
	old     books         // what a stale read sees
	calls   int
}

// pause is the time that the fault is open for.
func pause() { time.Sleep(time.Duration(rand.IntN(400)) * time.Microsecond) }

func (g *toy) Do(_ context.Context, in Input) Output {
	pause()
	defer pause()
	switch {
	case g.fault == "a check after the fact" && in.Kind == Authorize:
		return g.checkAfter(in)
	case g.fault == "a counter outside the transaction" && in.Kind == Authorize:
		return g.countOutside(in)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls++; g.calls%4 == 0 {
		g.old = g.books
	}
	if g.fault == "a stale budget" && in.Kind == Budget {
		_, out := g.old.perform(in, tight)
		return out
	}
	if g.fault == "a key that is forgotten" && in.Kind == Authorize && g.calls%7 == 0 {
		g.books.slots[in.Slot].status = none
	}
	before := g.books
	var out Output
	g.books, out = before.perform(in, tight)
	if g.fault == "an expiry that gives nothing back" && in.Kind == Expire {
		g.books = before
	}
	if g.fault == "a lost approval" && in.Kind == Approve {
		g.books = before
	}
	return g.named(in, out)
}

// named gives a new authorization its id. The lock is held.
func (g *toy) named(in Input, out Output) Output {
	if in.Kind != Authorize {
		return out
	}
	if s := &g.books.slots[in.Slot]; s.id == 0 || !out.Replayed {
		g.calls++
		s.id = int16(g.calls)
	}
	out.ID = int(g.books.slots[in.Slot].id)
	return out
}

// checkAfter takes the budget first, and gives it back when that was too much.
func (g *toy) checkAfter(in Input) Output {
	g.mu.Lock()
	before := g.books.slots[in.Slot].status
	next, out := g.books.perform(in, Limits{1 << 40, 1 << 40, tight.Threshold})
	g.books = next
	out = g.named(in, out)
	g.mu.Unlock()
	if before != none {
		return out
	}
	pause()
	g.mu.Lock()
	defer g.mu.Unlock()
	spent, reserved := g.books.used(in.Agent)
	if spent+reserved > tight.PerAgent && out.Status != denied {
		g.books.slots[in.Slot].status = denied
		out.Status = denied
	}
	return out
}

// countOutside decides by a counter that it adds to when the decision is
// already written.
func (g *toy) countOutside(in Input) Output {
	g.mu.Lock()
	spent, reserved := g.books.used(in.Agent)
	before, fits := g.books.slots[in.Slot].status, spent+reserved+in.Minor <= tight.PerAgent
	g.mu.Unlock()
	pause()
	g.mu.Lock()
	defer g.mu.Unlock()
	limits := tight
	if fits && before == none {
		limits = Limits{1 << 40, 1 << 40, tight.Threshold}
	}
	next, out := g.books.perform(in, limits)
	g.books = next
	return g.named(in, out)
}

// TestFaultsAreFound: a gate without a fault passes, and each planted fault is
// found in one of some histories.
func TestFaultsAreFound(t *testing.T) {
	for _, fault := range []string{"", "a stale budget", "a counter outside the transaction", "a check after the fact",
		"a key that is forgotten", "an expiry that gives nothing back", "a lost approval"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			found := 0
			for seed := range uint64(40) {
				g := &toy{fault: fault}
				if fault == "" && seed == 4 {
					break
				}
				ops := Run(t.Context(), g, Load{Clients: 6, Calls: 40, Agents: Agents, Limits: tight, Seed: seed})
				if err := Check(ops, tight, true, 20*time.Second); err != nil {
					found++
					if fault == "" {
						t.Fatal(err)
					}
					break
				}
			}
			if fault != "" && found == 0 {
				t.Fatal("it was not found")
			}
		})
	}
}
