package spend

import (
	"hash/maphash"
	"sync"

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
}

func newLane(limit int) *lane {
	l := &lane{waiting: map[ident.Tenant][]*op{}, limit: limit}
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
	// Half of the room is for tenants that do not wait yet.
	mine := len(l.waiting[o.tenant])
	if l.size >= l.limit || mine > 0 && mine >= l.limit/2 {
		return fault.New(fault.Unavailable, "overloaded", "Too many requests are waiting: try again.").After(retryAfter)
	}
	if mine == 0 {
		l.turn = append(l.turn, o.tenant)
	}
	l.waiting[o.tenant] = append(l.waiting[o.tenant], o)
	l.size++
	l.filled.Signal()
	return nil
}

// take waits for requests and gives up to n of them, nil once closed and empty.
func (l *lane) take(n int) []*op {
	l.mu.Lock()
	defer l.mu.Unlock()
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
	return batch
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.filled.Broadcast()
}

var laneSeed = maphash.MakeSeed()

// laneOf keeps an agent's requests in one lane: its rows are then locked by one
// transaction of this process at a time.
func (s *Service) laneOf(agent uuid.UUID) *lane {
	return s.lanes[maphash.Bytes(laneSeed, agent[:])%uint64(len(s.lanes))]
}
