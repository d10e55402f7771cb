package iso8583

import "sync"

// serial lets one message of a network id through at a time, so that a repeat
// and a reversal find what the first has done. Other replicas are kept apart by
// the database.
type serial struct {
	mu    sync.Mutex
	turns map[string]*turn
}

type turn struct {
	sync.Mutex
	waiting int
}

func newSerial() *serial { return &serial{turns: map[string]*turn{}} }

// take waits for the id's turn; the function that it gives ends it.
func (s *serial) take(id string) func() {
	s.mu.Lock()
	t, ok := s.turns[id]
	if !ok {
		t = &turn{}
		s.turns[id] = t
	}
	t.waiting++
	s.mu.Unlock()
	t.Lock()
	return func() {
		t.Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(s.turns, id)
		}
	}
}
