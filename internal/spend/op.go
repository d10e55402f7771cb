package spend

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/once"
)

// retryAfter is what a refused caller is told to wait.
const retryAfter = time.Second

// op is one thing to do in a batch: what to read for it, and how to apply it
// in memory once everything is read and locked.
type op struct {
	tenant ident.Tenant
	// agent is nil while it is not known whose authorization the op changes.
	agent uuid.UUID
	call  Call
	reads reads
	// apply checks first and changes after: an error means that it changed
	// nothing.
	apply func(*batch) (Result, error)

	state atomic.Int32
	done  chan answer
	// preview has a result as soon as it is decided, so that its token can be
	// signed while the commit is in flight. It is not an answer yet.
	preview chan Result
}

// offer shows a result that is not committed. One of an earlier try goes.
func (o *op) offer(r Result) {
	if o.preview == nil {
		return
	}
	select {
	case <-o.preview:
	default:
	}
	o.preview <- r
}

// reads is what an op needs from the database beside its agent and meters.
type reads struct {
	authorization uuid.UUID
	approval      uuid.UUID
	voter         *Voter
	// alike says that what waits for the same as the authorization is read too.
	alike bool
	facts *factsNeeded
	// token says that a stored answer needs its token again, and with it the
	// authorization that it speaks of.
	token bool
}

type answer struct {
	result Result
	err    error
}

const (
	opQueued int32 = iota
	opTaken
	opAbandoned
)

// submit queues an op and waits for its answer. See, if not nil, is called with
// results that are not committed yet, in the caller's goroutine.
func (s *Service) submit(ctx context.Context, o *op, see func(Result)) (Result, error) {
	o.done = make(chan answer, 1)
	if see != nil {
		o.preview = make(chan Result, 1)
	}
	if err := s.laneOf(cmp.Or(o.agent, o.reads.authorization)).put(o); err != nil {
		return Result{}, err
	}
	patience := time.NewTimer(s.config.Patience)
	defer patience.Stop()
	for {
		select {
		case r := <-o.preview:
			see(r)
		case a := <-o.done:
			return a.result, a.err
		case <-ctx.Done():
			return Result{}, o.abandon()
		case <-patience.C:
			return Result{}, o.abandon()
		}
	}
}

// abandon is the answer to a caller who does not wait any longer.
func (o *op) abandon() error {
	if o.state.CompareAndSwap(opQueued, opAbandoned) {
		return fault.New(fault.Unavailable, "overloaded", "The request was not decided in time, and nothing was reserved: try again.").After(retryAfter)
	}
	return fault.New(fault.Unavailable, "outcome_unknown", "The decision is not known yet: repeat the request with the same Idempotency-Key.").After(retryAfter)
}

// drive runs a lane's committer until the lane is closed and empty.
func (s *Service) drive(l *lane) {
	for {
		taken := l.take(s.config.MaxBatch)
		if taken == nil {
			return
		}
		var live []*op
		for _, o := range taken {
			if o.state.CompareAndSwap(opQueued, opTaken) {
				live = append(live, o)
			}
		}
		live = s.place(live)
		for len(live) > 0 {
			var later []*op
			live, later = distinctKeys(live)
			s.commit(live)
			live = later
		}
	}
}

// distinctKeys puts off what repeats an Idempotency-Key of the same batch: it
// is answered from the record once that is stored.
func distinctKeys(ops []*op) (now, later []*op) {
	seen := map[once.ID]bool{}
	for _, o := range ops {
		if o.call.Once == nil {
			now = append(now, o)
			continue
		}
		if id := o.call.Once.Key.ID(); seen[id] {
			later = append(later, o)
		} else {
			seen[id] = true
			now = append(now, o)
		}
	}
	return now, later
}

// batchPatience bounds one transaction of the gate.
const batchPatience = 5 * time.Second

// commit decides the ops in one transaction. When that fails for a reason that
// lies in one of them, each is tried alone, so that one cannot sink the others.
func (s *Service) commit(ops []*op) {
	answers, err := s.decide(ops)
	switch {
	case err == nil:
		for i, o := range ops {
			o.done <- answers[i]
		}
	case len(ops) > 1 && fault.From(err).Kind != fault.Unavailable:
		for _, o := range ops {
			s.commit([]*op{o})
		}
	case once.IsRace(err):
		// The other transaction has committed: the record is there to be read.
		answers, err = s.decide(ops)
		if err != nil {
			ops[0].done <- answer{err: once.InFlight()}
			return
		}
		ops[0].done <- answers[0]
	default:
		for _, o := range ops {
			o.done <- answer{err: err}
		}
	}
}
