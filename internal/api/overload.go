package api

import (
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// The bounds of an entrance.
const (
	// fewest decisions may always be under way: two full batches.
	fewest = 256
	// worthwhile is how long a decision may take to be begun at all: a third of
	// the patience of the gate.
	worthwhile = 450 * time.Millisecond
	// paceOver is the time over which the pace is counted.
	paceOver = 100 * time.Millisecond
)

// entrance bounds how many decisions are under way, from before a body is read
// to the end of the answer: as many as end within worthwhile at the pace of
// late. The gate bounds its own queues, but there are others before them, for a
// connection to the database or for a core.
type entrance struct {
	// crowded is the gate's word that it would refuse the tenant.
	crowded func(ident.Tenant) bool
	now     func() time.Time

	mu       sync.Mutex
	underWay map[ident.Tenant]int
	total    int
	limit    int
	// ended is how many have ended since the moment from, busy whether the limit
	// was met meanwhile, so that the pace was not the callers'.
	from  time.Time
	ended int
	busy  bool
}

func newEntrance(crowded func(ident.Tenant) bool) *entrance {
	return &entrance{crowded: crowded, now: time.Now, underWay: map[ident.Tenant]int{}, limit: fewest}
}

// shed is the step that refuses new spending which would not be decided in time,
// before its body is read and its agent looked for: what a refusal costs is
// taken from those who are served. Whoever holds an authorization already may
// always try to end it.
func (e *entrance) shed(ctx huma.Context, next func(huma.Context)) {
	state := callOf(ctx.Context())
	if state.operation != "authorize" {
		next(ctx)
		return
	}
	if e.crowded(state.Tenant) || !e.enter(state.Tenant) {
		state.api.refuseHuma(ctx, fault.New(fault.Unavailable, "overloaded", "Too many requests are waiting: try again.").After(time.Second))
		return
	}
	defer e.leave(state.Tenant)
	next(ctx)
}

// enter counts the tenant in, unless there are too many and the tenant has its
// share of them.
func (e *entrance) enter(t ident.Tenant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	mine := e.underWay[t]
	if e.total >= e.limit {
		e.busy = true
		tenants := len(e.underWay)
		if mine == 0 {
			tenants++
		}
		if mine >= max(1, e.limit/tenants) {
			return false
		}
	}
	e.underWay[t]++
	e.total++
	return true
}

func (e *entrance) leave(t ident.Tenant) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.underWay[t]--; e.underWay[t] == 0 {
		delete(e.underWay, t)
	}
	e.total--
	e.ended++
	if past := e.now().Sub(e.from); past >= paceOver {
		e.adapt(past)
	}
}

// adapt sets the limit by what has ended of late. A faster pace counts whenever
// it is seen, a slower one only where it was not the callers who were slow.
func (e *entrance) adapt(past time.Duration) {
	limit := int(int64(e.ended) * int64(worthwhile) / int64(past))
	if limit > e.limit || e.busy && e.total >= e.limit/2 {
		e.limit = max(fewest, (e.limit+limit)/2)
	}
	e.from, e.ended, e.busy = e.now(), 0, false
}
