package main

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// asking sends one and the same request.
func asking(c *conn, client int) op {
	r := newRequest("k", "POST", "/v1/authorize", spending)
	return func() error {
		a, err := c.do(r.text)
		return expect(a, err, sayApproved)
	}
}

func address(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }

func TestRequestsDiffer(t *testing.T) {
	t.Parallel()
	r := newRequest("secret", "POST", "/v1/authorize/"+idRoom+"/confirm", spending)
	var k keys
	k.last.Store(41)
	r.fresh(&k)
	r.of(1234)
	r.about([]byte("auth_zzzzzzzzzzzzzzzzzzzzzzzzzz"))
	text := string(r.text)
	for _, want := range []string{"POST /v1/authorize/auth_zzzzzzzzzzzzzzzzzzzzzzzzzz/confirm HTTP/1.1\r\n", "X-API-Key: secret\r\n",
		"Idempotency-Key: bench-0000000000000042\r\n", `"agent":"bot-01234"`, fmt.Sprintf("Content-Length: %d\r\n", len(spending))} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestBothKindsOfBody: short answers have a length, long ones come in chunks.
func TestBothKindsOfBody(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Idempotent-Replayed", "true")
		if r.Header.Get("X-API-Key") == "long" {
			fmt.Fprint(w, long[:5000])
			w.(http.Flusher).Flush()
			fmt.Fprint(w, long[5000:])
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, "short")
	}))
	defer s.Close()
	c, err := dial(address(s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		for key, want := range map[string]string{"long": long, "short": "short"} {
			a, err := c.do(newRequest(key, "POST", "/", "{}").text)
			if err != nil || string(a.body) != want || !a.replayed || (a.status == 202) != (key == "short") {
				t.Fatalf("%s: %v %d %t %d bytes", key, err, a.status, a.replayed, len(a.body))
			}
		}
	}
}

// TestUnexpectedAnswerEnds: one wrong answer among thousands fails the case.
func TestUnexpectedAnswerEnds(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(http.ResponseWriter){
		"decision": func(w http.ResponseWriter) { fmt.Fprint(w, `{"decision":"DENIED"}`) },
		"status": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"decision":"APPROVED"}`)
		},
	} {
		var asked atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) == 50 {
				wrong(w)
				return
			}
			fmt.Fprint(w, `{"decision":"APPROVED"}`)
		}))
		if _, err := closed(t.Context(), address(s), 4, time.Minute/100, asking); err == nil || !strings.Contains(err.Error(), "unexpected answer") {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
}

// TestWaitingCounts: a server that stalls for 300 ms has kept everybody waiting
// who came meanwhile. One client that only asks when it was answered would see
// one slow request.
func TestWaitingCounts(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			time.Sleep(300 * time.Millisecond)
		}
		fmt.Fprint(w, `{"decision":"APPROVED"}`)
	}))
	defer s.Close()
	l, err := opened(t.Context(), address(s), 1, 200, 500*time.Millisecond, asking)
	if err != nil {
		t.Fatal(err)
	}
	if l.done != 100 || l.latency.ValueAtQuantile(70) < 40_000 {
		t.Errorf("%d answered; three in ten waited more than %d µs", l.done, l.latency.ValueAtQuantile(70))
	}
}

// TestLostArrivals: what a slow server never got to is lost, and not counted as
// done.
func TestLostArrivals(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(100 * time.Millisecond)
		fmt.Fprint(w, `{"decision":"APPROVED"}`)
	}))
	defer s.Close()
	l, err := opened(t.Context(), address(s), 1, 500, 200*time.Millisecond, asking)
	if err != nil || l.done > 20 || l.latency.TotalCount() != 100 {
		t.Errorf("%v: %d of %d done", err, l.done, l.latency.TotalCount())
	}
}

func TestReadPgbench(t *testing.T) {
	t.Parallel()
	const out = "number of transactions actually processed: 1234\nnumber of failed transactions: %s\nlatency average = 1 ms\n" +
		"initial connection time = 3 ms\ntps = 617.25 (without initial connection time)\n"
	if n, rate, err := readPgbench(fmt.Sprintf(out, "0 (0.000%)")); n != 1234 || rate != 617.25 || err != nil {
		t.Error(n, rate, err)
	}
	if _, _, err := readPgbench(fmt.Sprintf(out, "7 (0.5%)")); err == nil {
		t.Error("failed transactions were not minded")
	}
	if _, _, err := readPgbench("number of transactions actually processed: 0\n"); err == nil {
		t.Error("nothing at all was not minded")
	}
}

func TestRoundsOfASlowDiskAreDropped(t *testing.T) {
	t.Parallel()
	b := &bench{syncs: []float64{0.07, 0.2, 0.071, 0.1}}
	b.drop()
	if !b.dropped[1] || len(b.dropped) != 1 {
		t.Error(b.dropped)
	}
}

// made is a cell whose rounds had these rates.
func made(name, algorithm string, n int, rates ...float64) *cell {
	c := &cell{Case: name, Algorithm: algorithm, Connections: n}
	for round, rate := range rates {
		c.Samples = append(c.Samples, sample{Round: round, Rate: rate, P50: 1000 / rate, P99: 3000 / rate})
	}
	return c
}

// TestRatiosAreOfOneRound: the second round was slow for both.
func TestRatiosAreOfOneRound(t *testing.T) {
	t.Parallel()
	r := results{cells: []*cell{made(oneAgent, es, main64, 5000, 1000, 6000), made(pgbenchHot, "", main64, 1000, 200, 1000)}}
	goals := r.goals()
	if len(goals) != 2 {
		t.Fatalf("%+v", goals)
	}
	if g := goals[0]; g.Value != (figure{5, 5, 6}) || !g.Met {
		t.Errorf("%+v", g)
	}
	if g := goals[1]; g.Met != (g.Value.Median <= 10) || math.Abs(g.Value.Median-0.6) > 1e-9 {
		t.Errorf("%+v", g)
	}
	r.dropped = map[int]bool{0: true, 2: true}
	if g := r.goals()[0]; g.Value != (figure{5, 5, 5}) {
		t.Errorf("dropped rounds count: %+v", g)
	}
}

// TestNoMoreThanPossible: a server that signs more than all cores can has not met
// a goal, it was measured at another moment than they.
func TestNoMoreThanPossible(t *testing.T) {
	t.Parallel()
	for most, want := range map[float64]bool{1000: true, 1300: false} {
		r := results{cells: []*cell{made(oneAgent, rs, main64, 950, 980, most), made(rawSigning, rs, 0, 1000, 1000, 1000)}}
		if g := r.goals()[0]; g.Met != want {
			t.Errorf("%+v", g)
		}
	}
}

// TestComparison reads what an earlier run wrote.
func TestComparison(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	then := &report{Commit: "old", Dropped: []int{}, Cells: []*cell{made(oneAgent, es, 1, 100), made(pgbenchHot, "", 1, 1000)}}
	then.results.cells = then.Cells
	if err := then.write(dir, then.markdown(nil)); err != nil {
		t.Fatal(err)
	}
	base, err := readBase(dir + "/bench.json")
	if err != nil {
		t.Fatal(err)
	}
	now := &report{Cells: []*cell{made(oneAgent, es, 1, 1000), made(pgbenchHot, "", 1, 5000)}}
	now.results.cells = now.Cells
	if text := now.markdown(base); !strings.Contains(text, "| authorize, one agent | ES256 | 1 | 0.10 | 0.20 | +100 % |") {
		t.Error(text)
	}
}
