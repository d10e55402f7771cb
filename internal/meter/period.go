// Package meter knows what was spent and reserved in which window. Windows are
// computed here alone, in Go, from the time zone database that the binary
// embeds; SQL only compares the instants that come out.
package meter

import "time"

// Period is how long a limit runs before it starts over.
type Period string

// The periods. A week starts on Monday; Total never ends.
const (
	Day     Period = "day"
	Week    Period = "week"
	Month   Period = "month"
	Quarter Period = "quarter"
	Year    Period = "year"
	Total   Period = "total"
)

// Count is the number of periods.
const Count = 6

// Periods lists every period, in the order of Index.
func Periods() [Count]Period { return [Count]Period{Day, Week, Month, Quarter, Year, Total} }

// Index is the period's place in a Meter's Running, -1 for an unknown period.
func (p Period) Index() int {
	switch p {
	case Day:
		return 0
	case Week:
		return 1
	case Month:
		return 2
	case Quarter:
		return 3
	case Year:
		return 4
	case Total:
		return 5
	}
	return -1
}

// Valid reports whether p is one of the periods.
func (p Period) Valid() bool { return p.Index() >= 0 }

// Window is the half-open span [From, To). A zero To has no end, and a zero
// From stands for the beginning of time.
type Window struct {
	From, To time.Time
}

// Contains reports whether the instant lies in the window.
func (w Window) Contains(at time.Time) bool {
	return !at.Before(w.From) && (w.To.IsZero() || at.Before(w.To))
}

// Window is the period's window at an instant, local to loc. Windows of one
// period and zone tile: the end of one is the start of the next, through
// daylight saving, skipped days and repeated midnights. A window starts at the
// first instant whose local date is its first date or later.
func (p Period) Window(at time.Time, loc *time.Location) Window {
	if p == Total {
		return Window{}
	}
	memo := memoOf(loc, p)
	if w, ok := memo.get(at); ok {
		return w
	}
	w := p.window(at, loc)
	memo.put(w)
	return w
}

func (p Period) window(at time.Time, loc *time.Location) Window {
	y, m, d := p.first(at.In(loc))
	w := Window{From: startOf(y, m, d, loc)}
	for {
		y, m, d = p.next(y, m, d)
		w.To = startOf(y, m, d, loc)
		if at.Before(w.To) {
			return w
		}
		// The clocks went back over the border: this instant shows the old
		// date again, but the next window has already begun.
		w.From = w.To
	}
}

// first is the first date of the period that the local time t shows.
func (p Period) first(t time.Time) (int, time.Month, int) {
	y, m, d := t.Date()
	switch p {
	case Week:
		sinceMonday := (int(t.Weekday()) + 6) % 7
		return time.Date(y, m, d-sinceMonday, 0, 0, 0, 0, time.UTC).Date()
	case Month:
		return y, m, 1
	case Quarter:
		return y, (m-1)/3*3 + 1, 1
	case Year:
		return y, time.January, 1
	}
	return y, m, d
}

// next is the first date of the following period, given a first date.
func (p Period) next(y int, m time.Month, d int) (int, time.Month, int) {
	switch p {
	case Week:
		d += 7
	case Month:
		m++
	case Quarter:
		m += 3
	case Year:
		y++
	default:
		d++
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Date()
}

// widestOffset is more than any zone was ever away from UTC.
const widestOffset = 26 * time.Hour

// startOf is the first instant whose local date is this date or later.
func startOf(y int, m time.Month, d int, loc *time.Location) time.Time {
	return FirstInstant(y, m, d, 0, loc)
}

// FirstInstant is the first instant at which a clock on the wall shows this
// date and minute of the day or later. It walks the zone's stretches of
// constant offset, so a time that is skipped gives the first instant after the
// gap, and one that comes twice gives the first.
func FirstInstant(y int, m time.Month, d, minute int, loc *time.Location) time.Time {
	wall := time.Date(y, m, d, 0, minute, 0, 0, time.UTC)
	at := wall.Add(-widestOffset)
	for {
		local := at.In(loc)
		_, offset := local.Zone()
		start := wall.Add(-time.Duration(offset) * time.Second)
		if start.Before(at) {
			start = at
		}
		end := stretchEnd(local)
		if end.IsZero() || start.Before(end) {
			return start.UTC()
		}
		at = end
	}
}

// stretchEnd is the end of the local time's stretch of constant offset, or a
// quarter of an hour on where Go does not know better: on 31 December of a leap
// year its bounds by rule end before they begin. Zero is never.
func stretchEnd(local time.Time) time.Time {
	_, end := local.ZoneBounds()
	if !end.IsZero() && !end.After(local) {
		return local.Add(15 * time.Minute)
	}
	return end
}
