package views

import (
	"strconv"
	"time"
)

// span is a length of time as pages write it: an hour, 10 minutes, 24 hours.
func span(d time.Duration) string {
	for _, u := range []struct {
		length time.Duration
		one    string
		many   string
	}{{time.Hour, "an hour", "hours"}, {time.Minute, "a minute", "minutes"}, {time.Second, "a second", "seconds"}} {
		switch {
		case d == u.length:
			return u.one
		case d >= u.length && d%u.length == 0:
			return strconv.FormatInt(int64(d/u.length), 10) + " " + u.many
		}
	}
	return d.String()
}
