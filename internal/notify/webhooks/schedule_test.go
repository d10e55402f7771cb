package webhooks

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestSchedule(t *testing.T) {
	t.Parallel()
	var all time.Duration
	for n := 1; ; n++ {
		wait, more := waitAfter(n, 0)
		if !more {
			if n != Attempts {
				t.Errorf("%d attempts", n)
			}
			break
		}
		all += wait
	}
	if all < 72*time.Hour || all > 84*time.Hour {
		t.Errorf("it takes %s", all)
	}
	if wait, _ := waitAfter(1, time.Hour); wait < time.Hour || wait > 66*time.Minute {
		t.Errorf("asked for an hour: %s", wait)
	}
	if wait, _ := waitAfter(1, 1000*time.Hour); wait > 27*time.Hour {
		t.Errorf("asked for too much: %s", wait)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		text   string
		want   time.Duration
	}{
		{429, "120", 2 * time.Minute}, {503, "0", 0}, {503, now.Add(time.Hour).Format(http.TimeFormat), time.Hour},
		{503, now.Add(-time.Hour).Format(http.TimeFormat), 0}, {500, "120", 0}, {429, "-5", 0}, {429, "1e9", 0}, {429, "99999999999999999999", 0}, {429, "", 0},
	} {
		if got := retryAfter(c.status, http.Header{"Retry-After": {c.text}}, now); got != c.want {
			t.Errorf("%d %q: %s, not %s", c.status, c.text, got, c.want)
		}
	}
}

// TestSlots: so many calls of an endpoint, one of one that does not answer, and
// longer waits the more calls wait.
func TestSlots(t *testing.T) {
	t.Parallel()
	s := newSlots(15 * time.Second)
	company, endpoint := uuid.New(), uuid.New()
	for range perEndpoint {
		if ok, _ := s.take(company, endpoint); !ok {
			t.Fatal("there is room")
		}
	}
	if ok, wait := s.take(company, endpoint); ok || wait < time.Second || wait > 3*time.Second {
		t.Errorf("%v %s", ok, wait)
	}
	if ok, _ := s.take(company, uuid.New()); !ok {
		t.Error("another endpoint is kept waiting")
	}
	for range perEndpoint {
		s.giveBack(company, endpoint, false)
	}
	if ok, _ := s.take(company, endpoint); !ok {
		t.Error("a slow one is not called at all")
	}
	first := time.Duration(0)
	for i := range 100 {
		ok, wait := s.take(company, endpoint)
		if ok {
			t.Fatal("a slow one is called twice at once")
		}
		if i == 0 {
			first = wait
		} else if i == 99 && (wait < 2*first || wait > 3*longestTurn/2) {
			t.Errorf("first %s, and %s behind 100", first, wait)
		}
	}
	s.giveBack(company, endpoint, true)
	for range perEndpoint {
		if ok, _ := s.take(company, endpoint); !ok {
			t.Error("one that answers again is still slow")
		}
	}
	for range perCompany {
		s.take(company, uuid.New())
	}
	if ok, _ := s.take(company, uuid.New()); ok {
		t.Error("a company takes everything")
	}
	if ok, _ := s.take(uuid.New(), uuid.New()); !ok {
		t.Error("another company is kept waiting")
	}
}
