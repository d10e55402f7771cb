package audit

import (
	"sync"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
)

// recent are events that this process has written and not sealed yet. They need
// not be read again: and what is sealed is what was written, also when somebody
// has changed it in between.
type recent struct {
	mu         sync.Mutex
	young, old map[uuid.UUID]db.AuditEvent
}

// manyRecent is when those that came before are forgotten, as another process
// seals them: about 600 bytes an event, and twice as many at most.
const manyRecent = sealBatch

func (r *recent) add(events []db.AuditEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young)+len(events) > manyRecent {
		r.young, r.old = make(map[uuid.UUID]db.AuditEvent, len(events)), r.young
	}
	for _, e := range events {
		if !e.CreatedAt.IsZero() { // else the database gave it its moment
			r.young[e.EventID] = e
		}
	}
}

// take gives those of the events that are known, and the ids of the others.
func (r *recent) take(ids []uuid.UUID) (known []db.AuditEvent, unknown []uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known = make([]db.AuditEvent, 0, len(ids))
	for _, id := range ids {
		e, found := r.young[id]
		if !found {
			e, found = r.old[id]
		}
		if !found {
			unknown = append(unknown, id)
			continue
		}
		known = append(known, e)
		delete(r.young, id)
		delete(r.old, id)
	}
	return known, unknown
}

// Remember takes what a transaction has written, once it is committed. A log
// that is nil remembers nothing.
func (l *Log) Remember(w Written) {
	if l != nil {
		l.recent.add(w)
	}
}
