package meter

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/fault"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestWindows(t *testing.T) {
	cases := []struct {
		name, zone string
		period     Period
		at         string
		from, to   string
	}{
		{"summer time starts, 23 hours", "Europe/Berlin", Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"summer time ends, 25 hours", "Europe/Berlin", Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"week from Monday", "Europe/Berlin", Week, "2026-04-05T21:59:59Z", "2026-03-29T22:00:00Z", "2026-04-05T22:00:00Z"},
		{"month over a change", "Europe/Berlin", Month, "2026-03-31T21:59:59Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		{"leap February", "UTC", Month, "2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"quarter", "America/New_York", Quarter, "2026-06-30T23:00:00Z", "2026-04-01T04:00:00Z", "2026-07-01T04:00:00Z"},
		{"year", "Asia/Kolkata", Year, "2026-12-31T18:29:59Z", "2025-12-31T18:30:00Z", "2026-12-31T18:30:00Z"},
		{"midnight that does not exist", "America/Havana", Day, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
		{"midnight that comes twice", "America/Havana", Day, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"half an hour of summer time", "Australia/Lord_Howe", Day, "2026-10-03T20:00:00Z", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"},
		{"before a day that was skipped", "Pacific/Apia", Day, "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"after a day that was skipped", "Pacific/Apia", Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"a date shown again is over", "America/St_Johns", Day, "2010-11-07T02:45:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
	}
	for _, c := range cases {
		at, _ := time.Parse(time.RFC3339, c.at)
		w := c.period.Window(at, zone(t, c.zone))
		if from, to := w.From.Format(time.RFC3339), w.To.Format(time.RFC3339); from != c.from || to != c.to {
			t.Errorf("%s: %s to %s, want %s to %s", c.name, from, to, c.from, c.to)
		}
	}
	if w := Total.Window(time.Now(), time.UTC); !w.From.IsZero() || !w.To.IsZero() || !w.Contains(time.Now()) {
		t.Errorf("total: %v", w)
	}
}

// zoneNames lists the zones of the embedded database, one name for each that
// differs.
func zoneNames(t *testing.T) []string {
	t.Helper()
	archive, err := database()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	seen := map[uint32]bool{}
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") && !seen[f.CRC32] {
			seen[f.CRC32] = true
			names = append(names, f.Name)
		}
	}
	if len(names) < 300 {
		t.Fatalf("only %d zones", len(names))
	}
	return names
}

// TestTheLastDayOfALeapYear is when Go's bounds of a rule end before they begin.
func TestTheLastDayOfALeapYear(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	noon := time.Date(2028, 12, 31, 12, 0, 0, 0, time.UTC)
	want := Window{From: time.Date(2028, 12, 30, 23, 0, 0, 0, time.UTC), To: time.Date(2028, 12, 31, 23, 0, 0, 0, time.UTC)}
	if got := Day.window(noon, berlin); got != want {
		t.Fatalf("%v, want %v", got, want)
	}
}

func TestWindowsTileInEveryZone(t *testing.T) {
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(10, 0, 0)
	for _, name := range zoneNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, name)
			for _, p := range Periods() {
				if p != Total {
					tile(t, p, loc, first, last)
				}
			}
		})
	}
}

func tile(t *testing.T, p Period, loc *time.Location, first, last time.Time) {
	t.Helper()
	previous := p.window(first, loc)
	for at := previous.To; at.Before(last); {
		w := p.window(at, loc)
		middle, end := w, w
		if p != Day { // of a day, TestWindowsAtEveryChangeOfEveryClock looks at each that could differ
			middle = p.window(w.From.Add(w.To.Sub(w.From)/2), loc)
			end = p.window(w.To.Add(-1), loc)
		}
		if w.From != previous.To || !w.To.After(w.From) || middle != w || end != w {
			t.Fatalf("%s %s at %v: %v, %v, %v after %v", loc, p, at, w, middle, end, previous)
		}
		if was := w.From.Add(-1).In(loc); was.Day() == w.From.In(loc).Day() && was.Month() == w.From.In(loc).Month() {
			t.Fatalf("%s %s: %v does not start a date", loc, p, w.From.In(loc))
		}
		previous, at = w, w.To
	}
}

func TestMemoChangesNothing(t *testing.T) {
	loc := zone(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom([]Period{Day, Week, Month, Quarter, Year}).Draw(t, "period")
		at := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "at"), 0)
		if got, want := p.Window(at, loc), p.window(at, loc); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestLoadZoneRefuses(t *testing.T) {
	for _, name := range []string{"", "Local", "Europe/Nowhere", "../etc/passwd", "Mars"} {
		if _, err := LoadZone(name); !fault.Is(err, "unknown_time_zone") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestMeterNeverRollsBack(t *testing.T) {
	loc := zone(t, "UTC")
	march := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	april := time.Date(2026, 4, 15, 12, 0, 0, 0, time.UTC)
	m := Meter{Key: Key{Subject: uuid.New(), Currency: "usd", Zone: "UTC"}}
	m.Apply(march, loc, march, 0, 100)
	if got := m.In(Month, Month.Window(march, loc)); got != (Usage{0, 100}) {
		t.Fatalf("March has %v", got)
	}
	if got := m.In(Month, Month.Window(april, loc)); got != (Usage{}) {
		t.Fatalf("April already has %v", got)
	}
	m.Apply(april, loc, april, 0, 7)
	if got := m.In(Month, Month.Window(march, loc)); got.Reserved != 7 {
		t.Fatalf("a clock that went back sees %v", got)
	}
	m.Apply(april, loc, march, 100, -100) // March's hold is confirmed in April
	if got := m.In(Month, Month.Window(april, loc)); got != (Usage{0, 7}) {
		t.Fatalf("April has %v", got)
	}
	if got := m.In(Year, Year.Window(april, loc)); got != (Usage{100, 7}) {
		t.Fatalf("the year has %v", got)
	}
	m.Apply(march, loc, march, 0, 1) // late: the month has rolled on, the year has not
	if got := m.In(Month, Month.Window(april, loc)); got != (Usage{0, 7}) {
		t.Fatalf("April has %v", got)
	}
	if got := m.In(Total, Window{}); got != (Usage{100, 8}) {
		t.Fatalf("the total has %v", got)
	}
}

// TestMeterAgreesWithHistory rebuilds each window from the list of what
// happened and compares.
func TestMeterAgreesWithHistory(t *testing.T) {
	loc := zone(t, "America/Havana")
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			at    time.Time
			minor int64
		}
		var history []entry
		var m Meter
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40*24).Draw(t, "hours")) * time.Hour)
			e := entry{at: now, minor: rapid.Int64Range(1, 1000).Draw(t, "minor")}
			if len(history) > 0 && rapid.Bool().Draw(t, "give back") {
				i := rapid.IntRange(0, len(history)-1).Draw(t, "which")
				e = entry{at: history[i].at, minor: -history[i].minor}
				history[i].minor = 0
				history = append(history, entry{at: e.at})
			} else {
				history = append(history, e)
			}
			m.Apply(now, loc, e.at, e.minor, 0)
		}
		for _, p := range Periods() {
			w, want := p.Window(now, loc), int64(0)
			for _, e := range history {
				if w.Contains(e.at) {
					want += e.minor
				}
			}
			if got := m.In(p, w); got.Spent != want {
				t.Fatalf("%s has %d, want %d", p, got.Spent, want)
			}
		}
	})
}

func BenchmarkWindow(b *testing.B) {
	loc := zone(b, "Europe/Berlin")
	at := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		Month.Window(at, loc)
	}
}

func BenchmarkApply(b *testing.B) {
	loc := zone(b, "Europe/Berlin")
	at := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	var m Meter
	for b.Loop() {
		m.Apply(at, loc, at, 1, -1)
	}
}
