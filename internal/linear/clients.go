package linear

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Gate is what is asked. A call's context may end early: a client that gives
// up.
type Gate interface {
	Do(ctx context.Context, in Input) Output
}

// Load is what the clients do.
type Load struct {
	Clients, Calls int // calls of each client
	Agents         int
	Limits         Limits
	Seed           uint64
	// Hurry is how many of a hundred calls give up within milliseconds.
	Hurry int
}

// history collects what happened, and which authorizations there are.
type history struct {
	mu     sync.Mutex
	began  time.Time
	ops    []porcupine.Operation
	asked  []Input // by slot: what was first asked
	known  []int   // slots whose authorization exists
	exists [Slots]bool
}

// Run lets the clients loose and gives back what they were answered.
func Run(ctx context.Context, g Gate, l Load) []porcupine.Operation {
	h := &history{began: time.Now()}
	var wait sync.WaitGroup
	for client := range l.Clients {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(l.Seed, uint64(client)))
			for range l.Calls {
				h.call(ctx, g, client, h.next(random, l), l.Hurry > random.IntN(100))
			}
		})
	}
	wait.Wait()
	return h.ops
}

// never is when a call returns of which nobody knows whether it happened: it
// may happen at any time later.
const never = int64(1) << 60

// call asks, and asks again under the same key where the answer is not known.
// Once the repetition is answered, what was not known has happened or never
// will.
func (h *history) call(ctx context.Context, g Gate, client int, in Input, hurry bool) {
	var open []porcupine.Operation
	for {
		o := h.once(ctx, g, client, in, hurry)
		out := o.Output.(Output)
		settled := !out.Unknown && out.Code != NothingDone
		if in.Kind == Authorize && !settled {
			open, hurry = append(open, o), false
			continue
		}
		for i := range open {
			if open[i].Output.(Output).Unknown {
				open[i].Return = o.Return
			}
		}
		if out.Unknown {
			o.Return = never
		}
		h.keep(append(open, o)...)
		return
	}
}

func (h *history) once(ctx context.Context, g Gate, client int, in Input, hurry bool) porcupine.Operation {
	if hurry {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, 3*time.Millisecond)
		defer stop()
	}
	called := time.Since(h.began).Nanoseconds()
	out := g.Do(ctx, in)
	return porcupine.Operation{ClientId: client, Input: in, Call: called, Output: out, Return: time.Since(h.began).Nanoseconds()}
}

func (h *history) keep(ops ...porcupine.Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, ops...)
	last := ops[len(ops)-1]
	in, out := last.Input.(Input), last.Output.(Output)
	if in.Kind == Authorize && !h.exists[in.Slot] {
		h.exists[in.Slot] = out.ID != 0
		h.known = append(h.known, in.Slot)
	}
}

// next draws a call.
func (h *history) next(random *rand.Rand, l Load) Input {
	h.mu.Lock()
	defer h.mu.Unlock()
	dice := random.IntN(100)
	switch {
	case dice < 18:
		return Input{Kind: Budget, Agent: random.IntN(l.Agents)}
	case dice < 20:
		return Input{Kind: Freeze, Agent: random.IntN(l.Agents)}
	case dice < 24:
		return Input{Kind: Unfreeze, Agent: random.IntN(l.Agents)}
	case dice < 28 && len(h.asked) > 0:
		return h.asked[random.IntN(len(h.asked))] // the same key again
	case dice < 60 && len(h.asked) < Slots || len(h.known) == 0:
		return h.ask(random, l)
	}
	// What was made lately is what several clients fight over.
	slot := h.known[max(0, len(h.known)-1-random.IntN(8))]
	in := Input{Agent: h.asked[slot].Agent, Slot: slot}
	in.Kind = []Kind{Confirm, Confirm, Void, Void, Approve, Approve, Deny, Look, Expire}[random.IntN(9)]
	if (in.Kind == Confirm || in.Kind == Approve) && random.IntN(2) == 0 {
		in.Minor = max(1, h.asked[slot].Minor*int64(1+random.IntN(5))/4) // sometimes more than there is
	}
	return in
}

// ask draws a new authorization; when every slot is taken, an old one again.
func (h *history) ask(random *rand.Rand, l Load) Input {
	if len(h.asked) == Slots {
		return h.asked[random.IntN(Slots)]
	}
	in := Input{Kind: Authorize, Agent: random.IntN(l.Agents), Slot: len(h.asked),
		Minor: 1 + random.Int64N(l.Limits.PerAgent*2/3), Auto: random.IntN(6) == 0}
	h.asked = append(h.asked, in)
	return in
}
