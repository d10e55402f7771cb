package policy

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// past is one request as it really was.
type past struct {
	id, agent uuid.UUID
	at        time.Time
	decision  Outcome // at once, before any people
	frozen    string  // the reason code of a freeze
	requested money.Amount
	merchant  Merchant
	key       string
	rail      string
	purpose   string
	metadata  map[string]string
	fate
}

// fate is what became of a request that held a budget.
type fate struct {
	// lived says that it was pending at some time: approved, or held and then
	// approved by people.
	lived bool
	// confirmed with spent minor units, refunds taken off, or else given back.
	confirmed bool
	spent     int64
	// closes is when; zero if it is still open.
	closes time.Time
}

// holding is a budget that the replay has reserved.
type holding struct {
	agent  uuid.UUID
	at     time.Time
	amount money.Amount
	key    string
	fate
}

// closings is a heap of holdings by the instant of their end.
type closings []*holding

func (c closings) Len() int           { return len(c) }
func (c closings) Less(i, j int) bool { return c[i].closes.Before(c[j].closes) }
func (c closings) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *closings) Push(x any)        { *c = append(*c, x.(*holding)) }
func (c *closings) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// purchase is what makes two requests twins.
type purchase struct {
	agent  uuid.UUID
	key    string
	amount money.Amount
}

// replay is the world as the draft would have had it.
type replay struct {
	q     *db.Queries
	t     ident.Tenant
	set   *Set
	trial Trial

	handles map[uuid.UUID]string
	needs   map[uuid.UUID]map[money.Currency]Needs
	lookups lookback
	meters  map[meter.Key]*meter.Meter
	zones   map[string]*time.Location
	recent  map[uuid.UUID]*latest
	twins   map[purchase][]time.Time
	known   map[string]bool
	open    closings
	tally   tally
}

func newReplay(q *db.Queries, t ident.Tenant, set *Set, loc *time.Location, trial Trial) *replay {
	return &replay{q: q, t: t, set: set, trial: trial, handles: map[uuid.UUID]string{},
		needs: map[uuid.UUID]map[money.Currency]Needs{}, lookups: set.lookback(), meters: map[meter.Key]*meter.Meter{},
		zones: map[string]*time.Location{}, recent: map[uuid.UUID]*latest{}, twins: map[purchase][]time.Time{},
		known: map[string]bool{}, tally: tally{flips: NewFlips(maxFlips), weeks: weeksOf(trial.From, trial.To, loc)}}
}

// decide replays one request.
func (r *replay) decide(h *past) {
	r.closeUntil(h.at)
	needs := r.needsOf(h.agent, h.requested.Currency)
	d := r.set.Evaluate(Request{Agent: h.agent, Handle: r.handles[h.agent], Amount: h.requested, Merchant: h.merchant,
		Purpose: h.purpose, Rail: h.rail, Metadata: h.metadata, At: h.at, Frozen: h.frozen}, r.facts(h, needs))
	r.tally.add(h, &d)
	if d.Outcome == Denied {
		return
	}
	r.remember(h.agent, h.at)
	r.hold(&holding{agent: h.agent, at: h.at, amount: h.requested, key: h.key, fate: h.after(d.Outcome)})
}

// after is the fate of a request under another decision than it had.
func (h *past) after(o Outcome) fate {
	f := h.fate
	if h.decision == Denied || o == Approved && !h.lived {
		f = fate{lived: true, confirmed: true, spent: h.requested.Minor, closes: h.at}
	}
	return f
}

func (r *replay) needsOf(agent uuid.UUID, c money.Currency) Needs {
	byCurrency := r.needs[agent]
	if byCurrency == nil {
		byCurrency = map[money.Currency]Needs{}
		r.needs[agent] = byCurrency
	}
	n, ok := byCurrency[c]
	if !ok {
		n = r.set.Needs(agent, c)
		byCurrency[c] = n
	}
	return n
}

func (r *replay) facts(h *past, n Needs) Facts {
	f := Facts{MerchantKnown: r.known[h.key]}
	for _, key := range n.Meters {
		if m := r.meters[key]; m != nil {
			f.Meters = append(f.Meters, m)
		}
	}
	if n.Velocity > 0 {
		f.Recent = r.recent[h.agent].list()
	}
	if n.Duplicate > 0 {
		f.Twins = r.youngTwins(purchase{h.agent, h.key, h.requested}, h.at.Add(-n.Duplicate))
	}
	return f
}

// youngTwins drops those that no rule asks for any more.
func (r *replay) youngTwins(p purchase, after time.Time) []time.Time {
	list := slices.DeleteFunc(r.twins[p], func(at time.Time) bool { return !at.After(after) })
	if len(list) == 0 {
		delete(r.twins, p)
		return nil
	}
	r.twins[p] = list
	return list
}

func (r *replay) remember(agent uuid.UUID, at time.Time) {
	if r.lookups.velocity > 0 {
		l := r.recent[agent]
		if l == nil {
			l = &latest{keep: r.lookups.count}
			r.recent[agent] = l
		}
		l.push(at)
	}
}

// hold reserves, and settles at once what has been closed by then.
func (r *replay) hold(h *holding) {
	if r.lookups.duplicate > 0 {
		p := purchase{h.agent, h.key, h.amount}
		r.twins[p] = append(r.twins[p], h.at)
	}
	r.charge(h.at, h, 0, h.amount.Minor)
	switch {
	case h.closes.IsZero():
	case !h.closes.After(h.at):
		r.close(h)
	default:
		heap.Push(&r.open, h)
	}
}

func (r *replay) closeUntil(at time.Time) {
	for len(r.open) > 0 && !r.open[0].closes.After(at) {
		r.close(heap.Pop(&r.open).(*holding))
	}
}

func (r *replay) close(h *holding) {
	r.charge(h.closes, h, h.spent, -h.amount.Minor)
	if h.confirmed {
		r.known[h.key] = true
		return
	}
	if r.lookups.duplicate > 0 {
		p := purchase{h.agent, h.key, h.amount}
		if i := slices.IndexFunc(r.twins[p], h.at.Equal); i >= 0 {
			r.twins[p] = slices.Delete(r.twins[p], i, i+1)
		}
	}
}

// charge adds to every meter that counts the holding, as the gate does.
func (r *replay) charge(now time.Time, h *holding, spent, reserved int64) {
	for _, s := range r.set.Scopes() {
		if s.Currency != h.amount.Currency {
			continue
		}
		if key, covers := s.Meter(h.agent); covers {
			r.meter(key).Apply(now, r.zones[s.Zone], h.at, spent, reserved)
		}
	}
}

func (r *replay) meter(key meter.Key) *meter.Meter {
	m := r.meters[key]
	if m == nil {
		m = &meter.Meter{Key: key}
		r.meters[key] = m
	}
	return m
}

// run reads the requests in pages and replays them in order.
func (r *replay) run(ctx context.Context) error {
	total, err := r.count(ctx)
	if err != nil {
		return err
	}
	after := uuid.UUID{}
	for {
		page, err := r.page(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			r.decide(&page[i])
		}
		after = page[len(page)-1].id
		if r.trial.Progress != nil {
			r.trial.Progress(r.tally.total, total)
		}
	}
}

// latest keeps the newest instants, newest first.
type latest struct {
	keep int
	// buffer is filled from its end; head is the newest.
	buffer []time.Time
	head   int
}

func (l *latest) push(at time.Time) {
	if l.head == 0 {
		size := 2*l.keep + 8
		kept := l.list()
		next := make([]time.Time, size)
		l.head = size - len(kept)
		copy(next[l.head:], kept)
		l.buffer = next
	}
	l.head--
	l.buffer[l.head] = at
}

// list is the newest, at most keep of them. A nil latest has none.
func (l *latest) list() []time.Time {
	if l == nil {
		return nil
	}
	return l.buffer[l.head:min(len(l.buffer), l.head+l.keep)]
}
