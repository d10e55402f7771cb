package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tight is all that the agent of that handle may ever spend, in dollars.
const tight = 10

// load is many clients that spend under Idempotency-Keys and repeat each
// request until it is answered. It keeps every answer.
type load struct {
	caller
	// session is the person's who owns the company.
	session caller
	name    string
	next    atomic.Int64
	wait    sync.WaitGroup
	stop    context.CancelFunc
	// between is held for reading while a request is under way, so that who
	// holds it for writing has a quiet moment: everything is answered.
	between sync.RWMutex

	mu      sync.Mutex
	answers map[string]spent
	keys    []string // of answers
	// unknown counts answers 503 and 429.
	unknown int
	// twice, refused, silent and bare are what must not be: keys that were
	// answered two ways, repeats that were told 4xx, keys that never got an
	// answer, and 503 that do not say when to come back.
	twice, refused, silent, bare []string
}

// spent is what a key was answered with.
type spent struct {
	id        string
	approved  bool
	confirmed bool // and that was answered too
}

// newLoad makes a company with an agent that may spend a lot and one that may
// not, and lets that many clients spend until the load is ended.
func newLoad(t testing.TB, base string, clients int) *load {
	t.Helper()
	session := signUp(t, base)
	c := session.key(`"admin","spend"`)
	for agent, limit := range map[string]int{"bot": 10_000_000, "tight": tight} {
		c.must("POST", "/v1/agents", fmt.Sprintf(`{"handle":%q,"name":"Bot"}`, agent))
		c.must("POST", "/v1/policies", fmt.Sprintf(`{"name":%q,"status":"active","agents":[%q],"rules":[
			{"type":"limit","period":"month","amount":%d,"currency":"usd"},
			{"type":"limit","period":"total","amount":20000000,"currency":"usd","per":"company"}]}`, agent, agent, limit))
	}
	c.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	l := &load{caller: c, session: session, name: fmt.Sprintf("%08x", rand.Uint32()), answers: map[string]spent{}}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	for range clients {
		l.wait.Go(func() {
			for ctx.Err() == nil {
				l.between.RLock()
				l.one()
				l.between.RUnlock()
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

// end lets every request under way be answered.
func (l *load) end() {
	l.stop()
	l.wait.Wait()
}

// await waits until so many more keys have been used.
func (l *load) await(n int64) {
	l.t.Helper()
	until := l.next.Load() + n
	for deadline := time.Now().Add(time.Minute); l.next.Load() < until; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatal("nothing is answered any more")
		}
	}
}

// quiet runs fn while no request is under way.
func (l *load) quiet(fn func()) {
	l.between.Lock()
	defer l.between.Unlock()
	fn()
}

// one spends once under a new key, confirms every other time, and now and then
// repeats a key that was answered before, however long ago.
func (l *load) one() {
	n := l.next.Add(1)
	key := fmt.Sprintf("%s-%d", l.name, n)
	l.ask(key)
	if n%3 == 0 {
		l.ask(l.earlier())
	}
}

func (l *load) earlier() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.keys) == 0 {
		return l.name + "-1"
	}
	return l.keys[rand.IntN(len(l.keys))]
}

// ask authorizes under a key; the key says everything about the request.
func (l *load) ask(key string) {
	var n int64
	_, _ = fmt.Sscanf(key[len(l.name):], "-%d", &n) // it is ours
	agent := "bot"
	if n%5 == 0 {
		agent = "tight"
	}
	a, ok := l.insist("/v1/authorize", fmt.Sprintf(`{"agent":%q,"amount":1,"currency":"usd","merchant":{"name":"AWS"},"purpose":%q}`, agent, key), key)
	if !ok {
		return
	}
	var got struct{ ID, Decision string }
	if err := json.Unmarshal(a.body, &got); err != nil {
		l.t.Error(err)
	}
	l.mu.Lock()
	before, known := l.answers[key]
	if known && before.id != got.ID {
		l.twice = append(l.twice, key)
	}
	if !known {
		before = spent{id: got.ID, approved: got.Decision == "APPROVED"}
		l.answers[key], l.keys = before, append(l.keys, key)
	}
	l.mu.Unlock()
	if before.approved && !before.confirmed && n%2 == 0 {
		l.confirm(key, before)
	}
}

func (l *load) confirm(key string, s spent) {
	if _, ok := l.insist("/v1/authorize/"+s.id+"/confirm", `{}`, key+"-confirm"); !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.confirmed = true
	l.answers[key] = s
}

// insist repeats a request, with the same key, until it is answered: while a
// server is down, does not know, or cannot keep up, there is no answer.
func (l *load) insist(path, body, key string) (answered, bool) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		a, err := l.try("POST", path, body, "Idempotency-Key", key)
		switch {
		case err != nil:
		case a.status == http.StatusOK:
			return a, true
		case a.status == http.StatusServiceUnavailable, a.status == http.StatusTooManyRequests:
			l.note(&l.unknown, &l.bare, fmt.Sprintf("%s: %d %v %s", key, a.status, a.header, a.body), a.header.Get("Retry-After") == "" || a.header.Get("Content-Type") != "application/problem+json")
		case a.status == http.StatusConflict && a.field(l.t, "code") == "idempotency_in_flight":
		default:
			l.note(new(int), &l.refused, fmt.Sprintf("%s: %s %d %s", key, path, a.status, a.body), true)
			return a, false
		}
	}
	l.note(new(int), &l.silent, key, true)
	return answered{}, false
}

// note counts an answer, and remembers it if it is bad.
func (l *load) note(count *int, list *[]string, what string, bad bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*count++
	if bad {
		*list = append(*list, what)
	}
}

// insist repeats one authorization until it is answered, for tests that have
// few of them.
func (c caller) insist(body, key string) (last answered) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		a, err := c.try("POST", "/v1/authorize", body, "Idempotency-Key", key)
		switch {
		case err != nil:
		case a.status == http.StatusServiceUnavailable || a.status == http.StatusTooManyRequests || a.status == http.StatusConflict:
			last = a
		default:
			return a
		}
	}
	return last
}
