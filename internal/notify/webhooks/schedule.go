package webhooks

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Attempts is how many are made of a delivery.
const Attempts = 10

// Schedule is how long after each attempt but the last the next one is made, as
// Standard Webhooks recommends it: a little over three days in all.
func Schedule() [Attempts - 1]time.Duration {
	return [...]time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
}

const (
	// longestWait bounds what a receiver may ask for with Retry-After.
	longestWait = 24 * time.Hour
	// jitter is the share of a wait that is added at random, so that what failed
	// together does not come again together.
	jitter = 0.1
)

// waitAfter is how long to wait after the nth attempt, from 1; false when it was
// the last.
func waitAfter(n int, asked time.Duration) (time.Duration, bool) {
	waits := Schedule()
	if n > len(waits) {
		return 0, false
	}
	wait := max(waits[n-1], min(asked, longestWait))
	return wait + time.Duration(rand.Float64()*jitter*float64(wait)), true
}

// retryAfter is what a receiver that is overloaded asks for; zero is nothing.
func retryAfter(status int, h http.Header, now time.Time) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
