package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var approvalID = regexp.MustCompile(`appr_[a-z0-9]+`)

// inTime is how soon everything that moves money has to be answered, by a
// decision or by 503.
const inTime = 1500 * time.Millisecond

// ask is one request of a wave. Who repeats it later, with the same key, has to
// hear that it was done.
type ask struct {
	caller
	method, path, body, key string
}

// prepare makes everything that a wave asks about, while all is well.
func (s *siege) prepare(name string) []ask {
	key, boss := s.load.caller, s.load.session
	key.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	boss.client = key.client
	open := func(i int, agent string, amount int) string {
		a := key.insist(fmt.Sprintf(`{"agent":%q,"amount":%d,"currency":"usd","merchant":{"name":"AWS"}}`, agent, amount), fmt.Sprintf("%s-%s-%d", name, agent, i))
		if agent == "held" {
			return approvalID.FindString(string(a.body))
		}
		return a.field(s.t, "id")
	}
	var all []ask
	for i := range 2 {
		k := fmt.Sprintf("%s-%d", name, i)
		pending := open(i, "bot", 2)
		all = append(all,
			ask{key, "POST", "/v1/authorize", `{"agent":"bot","amount":3,"currency":"usd","merchant":{"name":"AWS"}}`, k + "a"},
			ask{key, "POST", "/v1/authorize/" + pending + "/confirm", `{}`, k + "c"},
			ask{key, "POST", "/v1/authorize/" + open(10+i, "bot", 4) + "/void", `{}`, k + "v"},
			ask{boss, "POST", "/v1/approvals/" + open(i, "held", 150) + "/approve", `{}`, k + "y"},
			ask{boss, "POST", "/v1/approvals/" + open(10+i, "held", 150) + "/deny", `{}`, k + "n"},
			ask{key, "GET", "/v1/budget/bot", "", ""},
			ask{key, "GET", "/v1/authorize/" + pending, "", ""})
	}
	return all
}

// wave sends all at once and says what is wrong with the answers. How much later
// than in time they may come is what an empty answer takes at that moment.
func (s *siege) wave(all []ask) (complaints []string) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	lag := s.lag()
	answered := map[string]time.Duration{}
	for i, q := range all {
		wait.Go(func() {
			start := time.Now()
			a, err := q.try(q.method, q.path, q.body, "Idempotency-Key", q.key)
			took := time.Since(start)
			mu.Lock()
			defer mu.Unlock()
			if wrong := unfit(a, err); wrong != "" {
				complaints = append(complaints, fmt.Sprintf("%s %s: %s", q.method, q.path, wrong))
			}
			answered[fmt.Sprintf("%s %s (%d): %d", q.method, q.path, i, a.status)] = took
		})
	}
	wait.Wait()
	late := inTime + lag()
	for what, took := range answered {
		if took > late {
			complaints = append(complaints, fmt.Sprintf("%s is late: %v, where %v is in time", what, took, late))
		}
	}
	return complaints
}

// unfit says what is wrong with an answer, be it of success or of trouble.
func unfit(a answered, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case a.status == http.StatusOK, a.status == http.StatusCreated:
		return ""
	case a.status != http.StatusServiceUnavailable:
		return fmt.Sprintf("%d %s", a.status, a.body)
	case a.header.Get("Retry-After") == "" || a.header.Get("Content-Type") != "application/problem+json":
		return fmt.Sprintf("503 with %v", a.header)
	}
	return ""
}

// lag asks for an empty answer all the time, until the function is called that
// tells the longest wait.
func (s *siege) lag() (longest func() time.Duration) {
	stop, result := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			start := time.Now()
			_, _ = s.load.try("GET", "/healthz", "") // it is the time that counts
			most = max(most, time.Since(start))
			select {
			case <-stop:
				result <- most
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() time.Duration { close(stop); return <-result }
}

// recover waits until the server decides again, and then for everybody's truth.
func (s *siege) recover(all []ask) time.Duration {
	start := time.Now()
	first := s.load.caller.insist(`{"agent":"bot","amount":1,"currency":"usd","merchant":{"name":"AWS"}}`, all[0].key+"again")
	took := time.Since(start)
	if first.status != http.StatusOK {
		s.t.Errorf("after the trouble: %d %s", first.status, first.body)
	}
	var wait sync.WaitGroup
	for _, q := range all {
		wait.Go(func() { s.truth(q) })
	}
	wait.Wait()
	return took
}

// truth repeats a request until it is answered, which has to be with success.
func (s *siege) truth(q ask) {
	var a answered
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var err error
		if a, err = q.try(q.method, q.path, q.body, "Idempotency-Key", q.key); err == nil && a.status == http.StatusOK {
			return
		}
	}
	s.t.Errorf("the repeat of %s %s after the trouble: %d %s", q.method, q.path, a.status, a.body)
}

// TestTroubledDatabase: whatever happens to PostgreSQL or to the way there, who
// asks about money has a decision or a 503 in time, nothing is told that is not
// stored, and the server recovers by itself.
func TestTroubledDatabase(t *testing.T) {
	t.Parallel()
	s := newSiege(t)
	for _, x := range []trouble{
		toxic("everything swallowed", "timeout", `{"timeout":0}`),
		toxic("300 ms later each way", "latency", `{"latency":300}`),
		toxic("1 kB/s", "bandwidth", `{"rate":1}`),
		toxic("connections reset", "reset_peer", `{"timeout":20}`),
		{"PostgreSQL stopped", func(s *siege) { s.node.Signal(syscall.SIGSTOP) }, func(s *siege) { s.node.Signal(syscall.SIGCONT) }},
		{"PostgreSQL killed", func(s *siege) { s.node.Signal(syscall.SIGKILL) }, func(s *siege) { s.node.Start() }},
		crowded(),
		occupied(),
	} {
		all := s.prepare(strings.ReplaceAll(x.name, " ", "-"))
		x.begin(s)
		for i := range rounds(t, "PURSER_STALL_WAVES", 1) {
			if complaints := s.wave(all); len(complaints) > 0 {
				t.Errorf("%s, wave %d: %d complaints:\n%s", x.name, i, len(complaints), strings.Join(complaints, "\n"))
			}
		}
		x.end(s)
		t.Logf("%s: decides again after %v", x.name, s.recover(all))
	}
	s.load.end()
	judge(t, s.load, s.node.URL("purser")).mustBeClean(t, "a database in trouble", 20)
}

// TestLateAnswersAreFound: what may take its time is not in time where nothing
// is heard of the database, and the harness says so.
func TestLateAnswersAreFound(t *testing.T) {
	t.Parallel()
	s := newSiege(t)
	slow, patient := toxic("slow", "latency", `{"latency":300}`), s.load.caller
	patient.client = &http.Client{Timeout: time.Minute}
	slow.begin(s)
	complaints := s.wave([]ask{{patient, "POST", "/v1/agents", `{"handle":"late","name":"Late"}`, "late"}})
	slow.end(s)
	if len(complaints) != 1 || !strings.Contains(complaints[0], "201 is late") {
		t.Errorf("%v", complaints)
	}
}
