package webhooks

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
)

// slots bound how many calls of one endpoint, and of one company, are under way
// on this server: those that hang must not take every worker.
type slots struct {
	patience time.Duration

	mu        sync.Mutex
	endpoints map[uuid.UUID]*lane
	companies map[uuid.UUID]int
}

// lane is what is known of an endpoint that is being called or was turned away.
type lane struct {
	busy int
	// slow says that the last call had no answer in time, or none at all.
	slow bool
	// turned is how many calls are waiting for a slot, more or less.
	turned int
	// seen is when it was last used.
	seen time.Time
}

const (
	// perEndpoint and perCompany are how many calls are made at once.
	perEndpoint, perCompany = 4, 16
	// longestTurn bounds how long a call waits that found no slot.
	longestTurn = 5 * time.Minute
	// forgetAfter is when an endpoint that is not called is forgotten.
	forgetAfter = 10 * time.Minute
)

func newSlots(patience time.Duration) *slots {
	return &slots{patience: patience, endpoints: map[uuid.UUID]*lane{}, companies: map[uuid.UUID]int{}}
}

// take gives a slot, or says how long to wait before asking again: the longer
// the more calls wait already. An endpoint that did not answer is called one
// call at a time until it does.
func (s *slots) take(company, endpoint uuid.UUID) (ok bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.endpoints[endpoint]
	if l == nil {
		s.forget()
		l = &lane{}
		s.endpoints[endpoint] = l
	}
	l.seen = time.Now()
	room := perEndpoint
	each := 50 * time.Millisecond
	if l.slow {
		room, each = 1, s.patience
	}
	if l.busy >= room || s.companies[company] >= perCompany {
		l.turned++
		wait = min(longestTurn, time.Second+time.Duration(l.turned)*each/time.Duration(room))
		return false, wait + rand.N(wait/2)
	}
	l.busy++
	l.turned = max(0, l.turned-1)
	s.companies[company]++
	return true, 0
}

// giveBack ends a call, which had an answer or had none.
func (s *slots) giveBack(company, endpoint uuid.UUID, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.endpoints[endpoint]; l != nil {
		l.busy--
		if answered && l.slow {
			l.turned = 0 // those who wait come sooner than was thought
		}
		l.slow = !answered
	}
	if s.companies[company]--; s.companies[company] == 0 {
		delete(s.companies, company)
	}
}

// forget drops what is not used any more.
func (s *slots) forget() {
	for id, l := range s.endpoints {
		if l.busy == 0 && time.Since(l.seen) > forgetAfter {
			delete(s.endpoints, id)
		}
	}
}
