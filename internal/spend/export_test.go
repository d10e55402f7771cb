package spend

import (
	"time"

	"github.com/getpurser/purser/internal/meter"
)

// Queued is how many requests are queued and not yet taken.
func (s *Service) Queued() (n int) {
	for _, l := range s.lanes {
		l.mu.Lock()
		n += l.size
		l.mu.Unlock()
	}
	return n
}

// Stretch is one of Stretches.
type Stretch struct {
	meter.Window
	Lasting bool
}

// Stretches cut a window as reports do.
func Stretches(w meter.Window, now time.Time, loc *time.Location) (out []Stretch) {
	for _, s := range stretches(w, now, loc) {
		out = append(out, Stretch{s.Window, s.lasting})
	}
	return out
}
