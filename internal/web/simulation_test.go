package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"
)

func TestSimulations(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	id := ""
	for _, a := range owner.get("/policies?status=active").all("article h2 a") {
		if strings.TrimSpace(text(a)) == "Procurement" {
			id = attribute(a, "href")
		}
	}
	edit := owner.get(id + "/edit").want(http.StatusOK)
	page := edit.submit("button[value='simulate:90']", "rules[0].amount", "20").want(http.StatusOK)
	mannered(t, page)
	said := page.text("#simulation")
	for _, s := range []string{"The last 90 days", "decisions would have been others", "that were approved would wait for people", "times a week", "more than now", "USD"} {
		if !strings.Contains(said, s) {
			t.Errorf("nobody says %q: %s", s, said)
		}
	}
	if len(page.all("#simulation svg[role=img] rect")) < 12*2*2 {
		t.Errorf("the chart has %d bars", len(page.all("#simulation svg[role=img] rect")))
	}
	if got := attribute(page.find("[name='rules[0].amount']"), "value"); got != "20" {
		t.Errorf("what was typed became %q", got)
	}
	streamed(t, owner, edit)
}

// streamed asks as the script does: lines of progress, then the part.
func streamed(t *testing.T, owner *browser, edit *answer) {
	t.Helper()
	values := fields(edit.find("#policy-form"))
	values.Set("do", "simulate:30")
	a := owner.postForm("/policies/simulate", values).want(http.StatusOK)
	if got := a.header.Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("it is %q", got)
	}
	lines := strings.Split(strings.TrimSpace(a.body), "\n")
	var last struct {
		Done, Total int
		HTML        string
	}
	for _, line := range lines {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if len(lines) < 2 || last.Done == 0 || last.Done > last.Total {
		t.Errorf("%d lines, %d of %d", len(lines), last.Done, last.Total)
	}
	part, err := html.Parse(strings.NewReader(last.HTML))
	if err != nil || !strings.Contains(text(part), "The last 30 days") {
		t.Errorf("the part is %s", last.HTML)
	}
	values.Set("rules[0].amount", "x")
	owner.postForm("/policies/simulate", values).want(http.StatusUnprocessableEntity)
	values.Set("policy", "pol_x")
	owner.postForm("/policies/simulate", values).want(http.StatusNotFound)
}

// TestSimulationsTakeTurns lets one of a company and two altogether run at a
// time, and forgets who has left.
func TestSimulationsTakeTurns(t *testing.T) {
	s := newSlots(2)
	var running atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		company := uuid.New()
		var own atomic.Int64
		for range 5 {
			wg.Go(func() {
				leave, err := s.enter(t.Context(), company)
				if err != nil {
					t.Error(err)
					return
				}
				if own.Add(1) > 1 {
					t.Error("two of one company run")
				}
				if running.Add(1) > 2 {
					t.Error("more than two run at a time")
				}
				time.Sleep(time.Millisecond)
				running.Add(-1)
				own.Add(-1)
				leave()
			})
		}
	}
	wg.Wait()
	if len(s.lanes) != 0 {
		t.Errorf("%d companies are remembered", len(s.lanes))
	}
}

// TestWhoLeavesGivesUpTheTurn waits behind another of the same company, and
// behind others when the server is full.
func TestWhoLeavesGivesUpTheTurn(t *testing.T) {
	s := newSlots(1)
	first, other := uuid.New(), uuid.New()
	leave, err := s.enter(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	for _, company := range []uuid.UUID{first, other} {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.enter(gone, company); err == nil {
			t.Error("who has left gets a turn")
		}
	}
	leave()
	for _, company := range []uuid.UUID{first, other} {
		leave, err := s.enter(t.Context(), company)
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if len(s.lanes) != 0 {
		t.Errorf("%d companies are remembered", len(s.lanes))
	}
}
