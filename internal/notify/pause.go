package notify

import "time"

// pauses are the waits between attempts; the last is repeated.
var pauses = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute,
	2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour}

// DayOfAttempts is how many attempts, with a Pause after each, come to a bit
// more than a day.
const DayOfAttempts = 36

// Pause is when to try again after so many attempts to reach somebody else.
func Pause(attempt int) time.Time { return time.Now().Add(pauses[min(max(attempt, 1), len(pauses))-1]) }

// ShortPause is Pause for work of our own: a minute at most.
func ShortPause(attempt int) time.Time { return Pause(min(attempt, 6)) }
