package spend

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// lane is a queue in front of one committer. It is fair by tenant: a batch
// takes one request of each tenant that waits, then a second of each, so that
// the flood of one does not hold up the others.
type lane struct {
	mu      sync.Mutex
	filled  sync.Cond
	waiting map[ident.Tenant][]*op
	turn    []ident.Tenant
	size    int
	limit   int
	closed  bool

	// longest is how long a request may have to wait for its turn to be let in
	// at all. Zero: as long as there is room.
	longest time.Duration
	// takenAt is when the batch under way was taken, of which there are taken
	// requests; each is what one takes in a batch that is at least half full.
	takenAt time.Time
	taken   int
	each    time.Duration
	// most is what a batch has at most, once one was taken.
	most int
	now  func() time.Time
}

func newLane(limit int, longest time.Duration) *lane {
	l := &lane{waiting: map[ident.Tenant][]*op{}, limit: limit, longest: longest, now: time.Now}
	l.filled.L = &l.mu
	return l
}

// put adds a request, or refuses it at once when too many wait.
func (l *lane) put(o *op) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fault.New(fault.Unavailable, "shutting_down", "The server is shutting down: try again.").After(retryAfter)
	}
	if l.crowded(o.tenant) {
		return overloaded()
	}
	if len(l.waiting[o.tenant]) == 0 {
		l.turn = append(l.turn, o.tenant)
	}
	l.waiting[o.tenant] = append(l.waiting[o.tenant], o)
	l.size++
	l.filled.Signal()
	return nil
}

func overloaded() error {
	return fault.New(fault.Unavailable, "overloaded", "Too many requests are waiting: try again.").After(retryAfter)
}

// crowded says that another request of the tenant has no place: there is no
// room, of which half is for tenants that do not wait yet; or it would wait for
// longer than is worth it. A queue that takes what it will not get to in time
// makes everybody late and serves nobody more.
func (l *lane) crowded(t ident.Tenant) bool {
	mine := len(l.waiting[t])
	if l.size >= l.limit || mine > 0 && mine >= l.limit/2 {
		return true
	}
	return l.longest > 0 && l.size > 0 && (l.wait(mine) > l.longest || l.hangs())
}

// wait is for how long a tenant's request would wait for its turn, with so many
// of the tenant before it, at the pace of late. The next batch may always fill,
// or a pace that was bad once would never be seen to be better.
func (l *lane) wait(mine int) time.Duration {
	ahead := min(l.size, (mine+1)*len(l.waiting))
	if ahead < l.most {
		return 0
	}
	return time.Duration(ahead) * l.each
}

// hangs says that the batch under way takes so long that who comes now would
// hardly be decided in time after it. What a checkpoint takes, say, is waited
// for.
func (l *lane) hangs() bool { return l.taken > 0 && l.now().Sub(l.takenAt) > 2*l.longest }

// done learns from the batch that was under way, of at most n. Small batches say
// nothing of the pace: most of their time is the commit's, whatever their size.
func (l *lane) done(n int) {
	if l.taken > 0 && l.taken*2 >= n {
		each := l.now().Sub(l.takenAt) / time.Duration(l.taken)
		if l.each == 0 {
			l.each = each
		}
		l.each += (each - l.each) / 4
	}
	l.taken, l.most = 0, n
}

// Crowded says that a request of the tenant would be refused whichever agent it
// is for, so that it need not be read first.
func (s *Service) Crowded(t ident.Tenant) bool {
	for _, l := range s.lanes {
		l.mu.Lock()
		crowded := l.crowded(t)
		l.mu.Unlock()
		if !crowded {
			return false
		}
	}
	return true
}

// take waits for requests and gives up to n of them, nil once closed and empty.
func (l *lane) take(n int) []*op {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done(n)
	for l.size == 0 {
		if l.closed {
			return nil
		}
		l.filled.Wait()
	}
	batch := make([]*op, 0, min(n, l.size))
	for len(batch) < n && l.size > 0 {
		t := l.turn[0]
		l.turn = l.turn[1:]
		queue := l.waiting[t]
		batch = append(batch, queue[0])
		l.size--
		if len(queue) == 1 {
			delete(l.waiting, t)
			continue
		}
		l.waiting[t] = queue[1:]
		l.turn = append(l.turn, t)
	}
	l.takenAt, l.taken = l.now(), len(batch)
	return batch
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.filled.Broadcast()
}

var laneSeed = maphash.MakeSeed()

// laneOf keeps an agent's requests in one lane: its rows are then mostly locked by
// one transaction of this process at a time. What changes an authorization of an
// agent that is not known yet is in the lane of the authorization instead.
func (s *Service) laneOf(id uuid.UUID) *lane {
	return s.lanes[maphash.Bytes(laneSeed, id[:])%uint64(len(s.lanes))]
}
