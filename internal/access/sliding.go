package access

import (
	"hash/maphash"
	"sync"
	"time"
)

// slidingLogs counts events by name exactly: at most so many in any window of
// time, at any pace. It remembers the instant of each event that counts, eight
// bytes each, and forgets names that were quiet for a window.
type slidingLogs struct {
	window time.Duration
	began  time.Time
	seed   maphash.Seed
	shards [shardCount]shard
}

const shardCount = 64

type shard struct {
	mu   sync.Mutex
	logs map[string]*eventLog
}

// eventLog holds instants since began, oldest at first, and how many calls are
// in flight under its name.
type eventLog struct {
	at       []time.Duration
	first    int
	inFlight int
}

func newSlidingLogs(window time.Duration) *slidingLogs {
	l := &slidingLogs{window: window, began: time.Now(), seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].logs = map[string]*eventLog{}
	}
	return l
}

// with runs fn on the log of a name, without the events that left the window.
func (l *slidingLogs) with(name string, fn func(e *eventLog, now time.Duration)) {
	s := &l.shards[maphash.String(l.seed, name)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.logs[name]
	if e == nil {
		e = &eventLog{}
		s.logs[name] = e
	}
	now := time.Since(l.began)
	e.drop(now - l.window)
	fn(e, now)
}

// take counts an event unless the limit is reached. It answers how many more
// are allowed now, and how long until the oldest leaves the window.
func (l *slidingLogs) take(name string, limit int) (ok bool, remaining int, reset time.Duration) {
	l.with(name, func(e *eventLog, now time.Duration) { ok, remaining, reset = e.take(limit, now, l.window) })
	return ok, remaining, reset
}

// full reports whether take would refuse, and for how long.
func (l *slidingLogs) full(name string, limit int) (wait time.Duration, full bool) {
	l.with(name, func(e *eventLog, now time.Duration) {
		full = e.count() >= limit
		wait = e.reset(now, l.window)
	})
	return wait, full
}

// sweep forgets what is over.
func (l *slidingLogs) sweep() {
	now := time.Since(l.began)
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for name, e := range s.logs {
			if e.drop(now - l.window); e.count() == 0 && e.inFlight == 0 {
				delete(s.logs, name)
			}
		}
		s.mu.Unlock()
	}
}

func (e *eventLog) count() int { return len(e.at) - e.first }

// drop forgets events at or before an instant. Space is given back once half
// of it is unused.
func (e *eventLog) drop(upTo time.Duration) {
	for e.first < len(e.at) && e.at[e.first] <= upTo {
		e.first++
	}
	if e.first > len(e.at)/2 {
		e.at = e.at[:copy(e.at, e.at[e.first:])]
		e.first = 0
	}
}

func (e *eventLog) take(limit int, now, window time.Duration) (ok bool, remaining int, reset time.Duration) {
	if e.count() >= limit {
		return false, 0, e.reset(now, window)
	}
	e.at = append(e.at, now)
	return true, limit - e.count(), e.reset(now, window)
}

// reset is how long until the oldest event leaves the window.
func (e *eventLog) reset(now, window time.Duration) time.Duration {
	if e.count() == 0 {
		return 0
	}
	return e.at[e.first] + window - now
}
