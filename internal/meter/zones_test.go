package meter

import (
	"testing"
	"time"
)

// TestWindowsAtEveryChangeOfEveryClock looks at the instants at which a zone's
// clocks change, and at the borders of the long periods: each instant is in its
// own window, windows around it tile, and no long period ends within a day.
func TestWindowsAtEveryChangeOfEveryClock(t *testing.T) {
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(10, 0, 0)
	changes := 0
	for _, name := range zoneNames(t) {
		loc := zone(t, name)
		for at := first; at.Before(last); {
			end := stretchEnd(at.In(loc))
			if end.IsZero() {
				break
			}
			_, before := at.In(loc).Zone()
			if _, after := end.In(loc).Zone(); after != before {
				changes++
				for _, p := range Periods() {
					around(t, p, loc, end)
				}
			}
			at = end
		}
		for _, p := range []Period{Week, Month, Quarter, Year} {
			for at := first; at.Before(last); {
				w := p.window(at, loc)
				if from := Day.window(w.From, loc).From; !from.Equal(w.From) {
					t.Fatalf("%s: the %s from %s begins within the day from %s", name, p, w.From, from)
				}
				at = w.To
			}
		}
	}
	if changes < 1000 {
		t.Fatalf("only %d changes were seen", changes)
	}
}

// around looks at an instant, and at the last one before it.
func around(t *testing.T, p Period, loc *time.Location, at time.Time) {
	t.Helper()
	if p == Total {
		return
	}
	before, after := p.window(at.Add(-1), loc), p.window(at, loc)
	if !before.Contains(at.Add(-1)) || !after.Contains(at) {
		t.Fatalf("%s %s: %s is not in its own window", loc, p, at)
	}
	if before != after && !(before.To.Equal(at) && after.From.Equal(at)) {
		t.Fatalf("%s %s at %s: %v and %v do not tile", loc, p, at, before, after)
	}
}
