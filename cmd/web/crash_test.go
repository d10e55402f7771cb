package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cycles is how often something is killed: a few in every test run, as many as
// PURSER_CRASH_CYCLES says in a long one.
func cycles(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("PURSER_CRASH_CYCLES"))
	if err != nil {
		return 4
	}
	return n
}

var authorizationID = regexp.MustCompile(`"id":"(auth_[a-z0-9]+)"`)

// process is the server as a process of its own, which can be killed.
type process struct {
	t       *testing.T
	binary  string
	dir     string
	port    string
	running *exec.Cmd
	log     *bytes.Buffer
}

func newProcess(t *testing.T) *process {
	t.Helper()
	p := &process{t: t, binary: filepath.Join(t.TempDir(), "web"), dir: t.TempDir(), port: freePort(t)}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		if p.running != nil {
			_ = p.running.Process.Signal(syscall.SIGTERM)
			late := time.AfterFunc(20*time.Second, func() { _ = p.running.Process.Kill() })
			_ = p.running.Wait()
			late.Stop()
		}
		if t.Failed() && p.log != nil {
			t.Logf("the last server said:\n%s", p.log)
		}
	})
	return p
}

func (p *process) url() string { return "http://localhost:" + p.port }

// start runs the server and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	p.log = &bytes.Buffer{}
	p.running = exec.Command(p.binary)
	p.running.Env = append(os.Environ(), "PORT="+p.port, "DATA_DIR="+p.dir, "METRICS_ADDR=", "SIGNING_ALG=ES256", "LOG_LEVEL=error", "DATABASE_URL=")
	p.running.Stdout, p.running.Stderr = p.log, p.log
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(p.url() + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	p.t.Fatalf("it did not become ready:\n%s", p.log)
}

// kill ends the server without a chance to say anything.
func (p *process) kill() {
	p.t.Helper()
	if err := p.running.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.running.Wait() // it was killed
}

// killPostgres kills the database below the server.
func (p *process) killPostgres() {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, "pg-*", "postmaster.pid"))
	if err != nil || len(found) != 1 {
		p.t.Fatalf("the cluster's pid file: %v %v", found, err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		p.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
}

// load sends authorizations until it is told to stop, each with its own key,
// and repeats one until it is answered. It keeps every answer.
type load struct {
	caller
	prefix  string
	next    atomic.Int64
	mu      sync.Mutex
	answers map[string]string // key → authorization id
}

func (l *load) run(ctx context.Context) {
	for ctx.Err() == nil {
		key := fmt.Sprintf("%s-%d", l.prefix, l.next.Add(1))
		a := l.insist(`{"agent":"bot","amount":1,"currency":"usd","merchant":{"name":"AWS"}}`, key)
		if a.status != http.StatusOK {
			l.t.Errorf("%s: %d %s", key, a.status, a.body)
			return
		}
		l.mu.Lock()
		l.answers[key] = a.field(l.t, "id")
		l.mu.Unlock()
	}
}

// insist repeats one authorization, with the same key, until it is answered:
// while a server is down, does not know, or cannot keep up, there is none.
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

// TestKillsAtAnyMoment kills the server and its PostgreSQL again and again under
// load. At the end no key has two effects, no answered effect is lost, and
// every budget equals its authorizations.
func TestKillsAtAnyMoment(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.start()
	c := signUp(t, p.url()).key(`"admin","spend"`)
	c.must("POST", "/v1/agents", `{"handle":"bot","name":"Bot"}`)
	c.must("POST", "/v1/policies", `{"name":"p","status":"active","rules":[
		{"type":"limit","period":"month","amount":1000000,"currency":"usd"},
		{"type":"limit","period":"total","amount":1000000,"currency":"usd","per":"company"}]}`)
	c.client = &http.Client{Timeout: 5 * time.Second}
	l := &load{caller: c, prefix: "crash", answers: map[string]string{}}
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { l.run(ctx) })
	}
	for i := range cycles(t) {
		time.Sleep(400*time.Millisecond + time.Duration(i%7)*67*time.Millisecond)
		if i%2 == 0 {
			p.kill()
			p.start()
		} else {
			p.killPostgres()
		}
	}
	time.Sleep(time.Second)
	stop()
	wait.Wait()
	l.check()
	checkBooks(t, p)
}

// check compares what was answered with what is stored.
func (l *load) check() {
	l.t.Helper()
	stored := map[string]bool{}
	for cursor := ""; ; {
		page := l.must("GET", "/v1/authorizations?limit=200"+cursor, "")
		ids := authorizationID.FindAllSubmatch(page.body, -1)
		for _, id := range ids {
			stored[string(id[1])] = true
		}
		next := page.field(l.t, "next_cursor")
		if next == "" {
			break
		}
		cursor = "&cursor=" + next
	}
	seen := map[string]bool{}
	for key, id := range l.answers {
		if !stored[id] {
			l.t.Errorf("%s was answered with %s, which is lost", key, id)
		}
		if seen[id] {
			l.t.Errorf("%s answers two keys", id)
		}
		seen[id] = true
	}
	if len(stored) != len(l.answers) || len(stored) < 20 {
		l.t.Errorf("%d keys were answered and %d authorizations stored", len(l.answers), len(stored))
	}
	l.t.Logf("%d authorizations, each once", len(stored))
}

// checkBooks stops the server and lets the server's own check look at the data.
func checkBooks(t *testing.T, p *process) {
	t.Helper()
	if err := p.running.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.running.Wait(); err != nil {
		t.Errorf("it did not stop cleanly: %v\n%s", err, p.log)
	}
	p.running = nil
	check := exec.Command(p.binary, "reconcile")
	check.Env = append(os.Environ(), "DATA_DIR="+p.dir, "DATABASE_URL=")
	out, err := check.CombinedOutput()
	if err != nil || !strings.Contains(string(out), " 0 differences") {
		t.Errorf("%v\n%s", err, out)
	}
}
