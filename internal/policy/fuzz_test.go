package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/meter"
)

// FuzzWindow holds that what is read can be written and read again.
func FuzzWindow(f *testing.F) {
	for _, s := range []string{"10s", "31d", "99999999d", "213504d", "0s", "1", "1w", "01h", "1٣s", "-1h", "1e2s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := ParseWindow(s)
		if !ok {
			return
		}
		if again, ok := ParseWindow(FormatWindow(d)); d <= 0 || ok && again != d || !ok && d <= maxWindow {
			t.Fatalf("%q is %v, and again %v", s, d, again)
		}
	})
}

// FuzzClock holds that a time of day has one spelling.
func FuzzClock(f *testing.F) {
	for _, s := range []string{"00:00", "24:00", "23:59", "24:01", "7:00", "08:0١", "-1:00", "08.00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, last := range []bool{false, true} {
			if n, ok := parseClock(s, last); ok && (formatClock(n) != s || n < 0 || n > minutesOfDay) {
				t.Fatalf("%q is minute %d", s, n)
			}
		}
	})
}

// FuzzMerchantKey holds that two spellings of one merchant have one key: case,
// width, invisible characters and outer space do not count.
func FuzzMerchantKey(f *testing.F) {
	for _, s := range []string{"AWS", "ＡＷＳ", "A\u200bWS", "straße", "İstanbul", "ﬁnance", "\u0345", "Å", "x.", "ẞ", "\u1e9e\u0307", " a\u00a0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := Merchant{Name: s}.Key()
		for _, same := range []string{" " + s + "\t", strings.ToUpper(key), "\u200b" + s, key} {
			if got := (Merchant{Name: same}).Key(); got != key && strings.EqualFold(strings.TrimSpace(same), strings.TrimSpace(s)) {
				t.Fatalf("%q has the key %q, and %q %q", s, key, same, got)
			}
		}
		if again := (Merchant{Name: key}).Key(); again != key {
			t.Fatalf("%q has the key %q, which has %q", s, key, again)
		}
	})
}

// FuzzTimeZone holds that a zone is one of the database's, by its one name, and
// that its periods tile.
func FuzzTimeZone(f *testing.F) {
	for _, s := range []string{"Europe/Berlin", "UTC", "Local", "../../etc/passwd", "/etc/localtime", "Europe//Berlin", "Europe/./Berlin", "posix/UTC", "EUROPE/BERLIN", "CET", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		loc, err := meter.LoadZone(name)
		if err != nil {
			return
		}
		if strings.Contains(name, "//") || strings.Contains(name, "./") || strings.HasPrefix(name, "/") || len(name) > 64 {
			t.Fatalf("%q is another name of a zone", name)
		}
		if at := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC).In(loc); at.Unix() != 1774747800 {
			t.Fatalf("%q moves time", name)
		}
	})
}
