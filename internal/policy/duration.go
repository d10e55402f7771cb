package policy

import (
	"math"
	"strconv"
	"time"
)

// ParseWindow reads a duration of one unit, such as 10s, 5m, 1h or 31d.
func ParseWindow(s string) (time.Duration, bool) {
	if len(s) < 2 || len(s) > 9 || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	unit := unitOf(s[len(s)-1])
	if err != nil || unit == 0 || time.Duration(n) > math.MaxInt64/unit {
		return 0, false // too long to count: it would wrap around to something else
	}
	return time.Duration(n) * unit, true
}

func unitOf(letter byte) time.Duration {
	switch letter {
	case 's':
		return time.Second
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	case 'd':
		return 24 * time.Hour
	}
	return 0
}

// FormatWindow writes whole seconds in the largest unit that is exact.
func FormatWindow(d time.Duration) string {
	for _, letter := range []byte("dhms") {
		if unit := unitOf(letter); d%unit == 0 && d > 0 {
			return strconv.FormatInt(int64(d/unit), 10) + string(letter)
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// parseClock reads HH:MM as minutes of the day. 24:00 is allowed when last.
func parseClock(s string, last bool) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, okH := twoDigits(s[:2])
	m, okM := twoDigits(s[3:])
	minutes := h*60 + m
	if !okH || !okM || m > 59 || minutes > minutesOfDay || minutes == minutesOfDay && !last {
		return 0, false
	}
	return minutes, true
}

const minutesOfDay = 24 * 60

func twoDigits(s string) (int, bool) {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

func formatClock(minutes int) string {
	h, m := minutes/60, minutes%60
	return string([]byte{byte('0' + h/10), byte('0' + h%10), ':', byte('0' + m/10), byte('0' + m%10)})
}
