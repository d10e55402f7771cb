package web

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// atOnce is how many simulations run on one server at the same time: they keep
// a core busy each, and decisions come first.
const atOnce = 2

// slots lets one simulation of a company run at a time, and a few on the whole
// server. Others wait for their turn, for as long as somebody waits for them.
type slots struct {
	all   chan struct{}
	mu    sync.Mutex
	lanes map[uuid.UUID]*lane
}

// lane is a company's turn, kept while somebody has it or wants it.
type lane struct {
	turn  chan struct{}
	users int
}

func newSlots(n int) *slots {
	return &slots{all: make(chan struct{}, n), lanes: map[uuid.UUID]*lane{}}
}

// enter waits for the company's turn. leave ends it. The error is the
// context's.
func (s *slots) enter(ctx context.Context, company uuid.UUID) (leave func(), err error) {
	l := s.join(company)
	if err := take(ctx, l.turn); err != nil {
		s.part(company, l)
		return nil, err
	}
	if err := take(ctx, s.all); err != nil {
		<-l.turn
		s.part(company, l)
		return nil, err
	}
	return func() {
		<-s.all
		<-l.turn
		s.part(company, l)
	}, nil
}

func take(ctx context.Context, turn chan struct{}) error {
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slots) join(company uuid.UUID) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[company]
	if l == nil {
		l = &lane{turn: make(chan struct{}, 1)}
		s.lanes[company] = l
	}
	l.users++
	return l
}

func (s *slots) part(company uuid.UUID, l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(s.lanes, company)
	}
}
