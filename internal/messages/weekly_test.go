package messages

import (
	"testing"
	"time"

	"github.com/getpurser/purser/internal/meter"
)

func TestMondayMorning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, at string
		want     bool
		from, to string
	}{
		{"UTC", "2026-11-23T07:59:59Z", false, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"UTC", "2026-11-23T08:00:00Z", true, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"UTC", "2026-11-23T19:59:59Z", true, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"UTC", "2026-11-23T20:00:00Z", false, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"UTC", "2026-11-22T09:00:00Z", false, "2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z"},
		{"Europe/Berlin", "2026-11-23T07:00:00Z", true, "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z"},
		{"Pacific/Apia", "2026-11-22T19:00:00Z", true, "2026-11-15T11:00:00Z", "2026-11-22T11:00:00Z"},
		// The clocks went back on the Sunday: that week was an hour longer.
		{"Europe/Berlin", "2026-10-26T07:00:00Z", true, "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"},
	} {
		loc, err := meter.LoadZone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := mondayMorning(at, loc); got != c.want {
			t.Errorf("%s in %s: %t", c.at, c.zone, got)
		}
		w := lastWeek(at, loc)
		if from, to := w.From.UTC().Format(time.RFC3339), w.To.UTC().Format(time.RFC3339); from != c.from || to != c.to {
			t.Errorf("%s in %s: the week is %s to %s", c.at, c.zone, from, to)
		}
	}
}
