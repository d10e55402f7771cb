package api

import (
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// The bounds of an entrance.
const (
	// fewest decisions may always be under way: two full batches.
	fewest = 256
	// worthwhile is how long a decision may take to be begun at all. Who waits
	// for longer is served no better, and costs memory and, in the end, their
	// patience: what is decided then is decided for nobody.
	worthwhile = 150 * time.Millisecond
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

	// guests are the tenants of credentials that were let in, by the hash of what
	// was presented: whose request it is can be told before it is proved, which
	// is enough to refuse it.
	guests *otter.Cache[uint64, ident.Tenant]
	seed   maphash.Seed
	// turned counts who was turned away at the door since it was last logged.
	turned   int
	loggedAt time.Time
}

// maxGuests bounds the credentials that are known at the door.
const maxGuests = 20_000

func newEntrance(crowded func(ident.Tenant) bool) *entrance {
	return &entrance{crowded: crowded, now: time.Now, underWay: map[ident.Tenant]int{}, limit: fewest,
		guests: otter.Must(&otter.Options[uint64, ident.Tenant]{MaximumSize: maxGuests}), seed: maphash.MakeSeed()}
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
	who := e.credential(humaecho.Unwrap(ctx).Request().Header)
	if known, ok := e.guests.GetIfPresent(who); !ok || known != state.Tenant {
		e.guests.Set(who, state.Tenant)
	}
	if e.crowded(state.Tenant) || !e.enter(state.Tenant) {
		state.api.refuseHuma(ctx, overloaded())
		return
	}
	defer e.leave(state.Tenant)
	next(ctx)
}

func overloaded() *fault.Error {
	return fault.New(fault.Unavailable, "overloaded", "Too many requests are waiting: try again.").After(time.Second)
}

// credential is a number for what a request presents, and for where a session
// says that it acts.
func (e *entrance) credential(given http.Header) uint64 {
	var h maphash.Hash
	h.SetSeed(e.seed)
	for _, name := range [...]string{"X-Api-Key", "Authorization", "X-Company-Id", "X-Mode"} {
		_, _ = h.WriteString(given.Get(name)) // a hash takes everything
		_ = h.WriteByte('\n')
	}
	return h.Sum64()
}

// turnsAway says at the door whether a request would be refused inside: it comes
// from somebody who was here before and has no place now.
func (e *entrance) turnsAway(r *http.Request) bool {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/authorize" {
		return false
	}
	t, known := e.guests.GetIfPresent(e.credential(r.Header))
	return known && (e.crowded(t) || !e.hasPlace(t))
}

func (e *entrance) hasPlace(t ident.Tenant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.place(t)
}

// refusal is what is answered at the door, written beforehand: it is the same for
// everybody, but for the request's id in the middle.
type refusal struct {
	problem       *Problem
	before, after string
	count         prometheus.Counter
}

// noID is where a problem without an id has its place.
const noID = `"request_id":""`

func (a *API) newRefusal() (refusal, error) {
	p := a.problem("", overloaded())
	body, err := encode(p)
	before, after, _ := strings.Cut(string(body), noID)
	return refusal{problem: p, before: before + noID[:len(noID)-1], after: `"` + after,
		count: a.metrics.requests.WithLabelValues("/v1/authorize", http.MethodPost, strconv.Itoa(p.Status))}, err
}

// turnAway refuses at the door, before anything is known or written down of the
// request: at twice of what can be served, what a refusal costs is most of what
// there is. One line a second says how many there were.
func (a *API) turnAway(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !a.entrance.turnsAway(c.Request()) {
			return next(c)
		}
		r := &a.refusal
		r.count.Inc()
		if n := a.entrance.toLog(); n > 0 {
			a.log.Warn("requests were turned away at the door", "count", n)
		}
		r.problem.headers(c.Response().Header())
		id := callOf(c.Request().Context()).id // nothing in it has to be escaped
		return c.Blob(r.problem.Status, problemType, []byte(r.before+id+r.after))
	}
}

// toLog counts one who was turned away, and gives their number once a second.
func (e *entrance) toLog() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turned++
	if e.now().Sub(e.loggedAt) < time.Second {
		return 0
	}
	n, e.turned, e.loggedAt = e.turned, 0, e.now()
	return n
}

// enter counts the tenant in, unless there are too many and the tenant has its
// share of them.
func (e *entrance) enter(t ident.Tenant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.place(t) {
		return false
	}
	e.underWay[t]++
	e.total++
	return true
}

// place says whether there is room for another of the tenant's.
func (e *entrance) place(t ident.Tenant) bool {
	if e.total < e.limit {
		return true
	}
	e.busy = true
	mine, tenants := e.underWay[t], len(e.underWay)
	if mine == 0 {
		tenants++
	}
	return mine < max(1, e.limit/tenants)
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
