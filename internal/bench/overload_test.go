package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

func TestEveryFateIsTold(t *testing.T) {
	t.Parallel()
	approved := []byte(`{"decision":"APPROVED","token":"eyJ"}`)
	for name, c := range map[string]struct {
		a     answer
		err   error
		want  fate
		wrong bool
	}{
		"approved":            {answer{status: 200, body: approved}, nil, good, false},
		"refused":             {answer{status: 503, later: true}, nil, refused, false},
		"too many":            {answer{status: 429, later: true}, nil, refused, false},
		"unknown":             {answer{status: 503, later: true, body: []byte(`{"code":"outcome_unknown"}`)}, nil, unknown, false},
		"does not say when":   {answer{status: 503}, nil, broken, true},
		"an error":            {answer{status: 500, later: true}, nil, broken, true},
		"late":                {answer{}, os.ErrDeadlineExceeded, timedOut, false},
		"cut off":             {answer{}, errors.New("reset"), broken, false},
		"approved, not so":    {answer{status: 503, later: true, body: approved}, nil, refused, false},
		"approved, no token":  {answer{status: 200, body: approved[:22]}, nil, broken, true},
		"denied all the same": {answer{status: 200, body: []byte(`{"decision":"DENIED"}`)}, nil, broken, true},
	} {
		if got, err := sort(c.a, c.err); got != c.want || (err != nil) != c.wrong {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

// TestFloodCountsEveryRequest has a server that approves every other request,
// refuses the rest, and lets one hang.
func TestFloodCountsEveryRequest(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n := asked.Add(1); {
		case n == 7:
			time.Sleep(hopeless + time.Second/2)
		case n%2 == 0:
			fmt.Fprint(w, `{"decision":"APPROVED","token":"eyJ"}`)
		default:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer web.Close()
	s := &server{address: address(web), world: &world{careful: &tenant{secrets: []string{"k"}, agents: 3}}}
	flooders, err := s.flooders(8)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := flooders[i%8].ask(s, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	l, err := gather(flooders, time.Second, 100)
	if r := l.refused; err != nil || r.Good != 50 || r.Refused != 49 || r.TimedOut != 1 || r.Unknown != 0 || l.done != 50 || s.tally.approved.Load() != 50 {
		t.Errorf("%v: %+v", err, l.refused)
	}
}

func TestFairness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shares []int64
		want   float64
	}{{[]int64{10, 20, 40}, 0.25}, {[]int64{5}, 1}, {[]int64{0, 3}, 0}, {nil, 0}} {
		if got := fairness(sample{Shares: c.shares}); got != c.want {
			t.Errorf("%v: %v", c.shares, got)
		}
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 10_000_000: "10,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

// TestGrownCasesFindTheirOther compares full with empty by round.
func TestGrownCasesFindTheirOther(t *testing.T) {
	t.Parallel()
	full, empty := made(onFull+manyAgents, es, main64, 850, 900), made(onEmpty+manyAgents, es, main64, 1000, 1000)
	full.Section, empty.Section = "growth", "growth"
	r := results{cells: []*cell{empty, full}}
	for _, g := range r.goals() {
		if g.Name == manyAgents+": full ÷ empty" {
			if g.Value.Median != 0.875 || !g.Met {
				t.Errorf("%+v", g)
			}
			return
		}
	}
	t.Error("there is no such goal")
}
