package company

import (
	"fmt"
	"strconv"
	"time"

	"github.com/getpurser/purser/internal/fault"
)

// The bounds of an approval timeout.
const (
	minTimeout = time.Second
	maxTimeout = 30 * 24 * time.Hour
)

// units are those of a timeout, from the longest. Days are 24 hours.
var units = []struct {
	letter byte
	length time.Duration
}{{'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// ParseTimeout reads a duration such as 24h, 90m or 1h30m: whole numbers with
// the units d, h, m and s in falling order, from 1s to 30d altogether. The
// fault is Invalid at "approval_timeout".
func ParseTimeout(text string) (time.Duration, error) {
	bad := fault.BadField("approval_timeout", "timeout_malformed", "This is not a duration such as 24h, 90m or 7d.")
	rest, total := text, time.Duration(0)
	for _, u := range units {
		i := 0
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		if i == len(rest) || rest[i] != u.letter {
			continue
		}
		n, err := strconv.ParseInt(rest[:i], 10, 64)
		if err != nil || n > int64(maxTimeout/time.Second) {
			return 0, bad
		}
		total, rest = total+time.Duration(n)*u.length, rest[i+1:]
	}
	if text == "" || rest != "" {
		return 0, bad
	}
	if total < minTimeout || total > maxTimeout {
		return 0, fault.BadField("approval_timeout", "timeout_out_of_range", "Approvals wait at least 1s and at most 30d.")
	}
	return total, nil
}

// FormatTimeout writes whole hours as 24h, else whole minutes as 90m, else
// seconds.
func FormatTimeout(d time.Duration) string {
	for _, u := range units[1:] {
		if d%u.length == 0 {
			return fmt.Sprintf("%d%c", d/u.length, u.letter)
		}
	}
	return d.String()
}
