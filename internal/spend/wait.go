package spend

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// waiters are the callers that wait for an authorization to be decided.
type waiters struct {
	mu      sync.Mutex
	waiting map[uuid.UUID]map[chan struct{}]bool
}

func newWaiters() *waiters { return &waiters{waiting: map[uuid.UUID]map[chan struct{}]bool{}} }

// wait registers; the channel gets a value when the authorization may have
// been decided. Call the function when done.
func (w *waiters) wait(id uuid.UUID) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[id] == nil {
		w.waiting[id] = map[chan struct{}]bool{}
	}
	w.waiting[id][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[id], c)
		if len(w.waiting[id]) == 0 {
			delete(w.waiting, id)
		}
	}
}

func (w *waiters) wake(ids []uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		for c := range w.waiting[id] {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

// Listen wakes waiting callers when another replica decides, until ctx ends. It
// only hurries: every waiting caller also looks by itself.
func (s *Service) Listen(ctx context.Context) {
	s.pool.Listen(ctx, decidedChannel, func(payload string) {
		if id, err := uuid.Parse(payload); err == nil {
			s.waiters.wake([]uuid.UUID{id})
		}
	})
}
