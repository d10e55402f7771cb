package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// running is a server in this process.
type running struct {
	url  string
	stop context.CancelFunc
	done chan error
}

// start runs the whole server until the test ends, and waits until it is ready.
func start(t *testing.T, settings ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	r := running{stop: cancel, done: make(chan error, 1)}
	environ := append([]string{"PORT=" + freePort(t), "METRICS_ADDR=", "DATA_DIR=" + t.TempDir()}, settings...)
	go func() {
		err := realMain(ctx, environ, in, io.Discard)
		in.CloseWithError(err)
		r.done <- err
		close(r.done) // who asks again is not kept waiting
	}()
	t.Cleanup(func() { cancel(); <-r.done }) // before its directory goes
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("it did not start: %v", err)
	}
	r.url = strings.TrimSpace(line[strings.LastIndex(line, " ")+1:])
	return r
}

func status(t *testing.T, url string) int {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

func TestOnNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 { // and again on what the first left
		r := start(t, "DATA_DIR="+dir)
		for _, path := range []string{"/healthz", "/readyz"} {
			if got := status(t, r.url+path); got != http.StatusOK {
				t.Errorf("%s: %d", path, got)
			}
			if probe, err := http.Head(r.url + path); err != nil || probe.StatusCode != http.StatusOK {
				t.Errorf("HEAD %s: %v %v", path, probe, err)
			}
		}
		r.stop()
		if err := <-r.done; err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "pg-*", "postmaster.pid")); len(left) > 0 {
			t.Fatalf("PostgreSQL was not stopped: %v", left)
		}
	}
}

func TestTakenPortAndAwayDatabase(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	err = realMain(t.Context(), []string{"PORT=" + port, "DATA_DIR=" + t.TempDir()}, io.Discard, io.Discard)
	if err == nil || oneLine(err) != "PORT: "+port+" is taken by another program; stop it, or choose another" {
		t.Errorf("taken port: %v", err)
	}
	err = realMain(t.Context(), []string{"PORT=" + freePort(t), "DATA_DIR=" + t.TempDir(),
		"DATABASE_URL=postgres://u:hunter2@127.0.0.1:" + freePort(t) + "/d"}, io.Discard, io.Discard)
	if err == nil || !strings.HasPrefix(oneLine(err), "DATABASE_URL: the database cannot be used:") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no database: %v", err)
	}
}

func TestReadinessFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	gate := newGate(t, owner)
	r := start(t, "DATABASE_URL="+gate.url)
	if got := status(t, r.url+"/readyz"); got != http.StatusOK {
		t.Fatalf("ready: %d", got)
	}
	gate.shut.Store(true)
	if got := status(t, r.url+"/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("away: %d", got)
	}
	if got := status(t, r.url+"/healthz"); got != http.StatusOK {
		t.Errorf("alive: %d", got)
	}
	gate.shut.Store(false)
	if got := status(t, r.url+"/readyz"); got != http.StatusOK {
		t.Errorf("back: %d", got)
	}
}

// TestShutdownFinishesWhatItTook stops a server in the middle of a request and
// of a job's work.
func TestShutdownFinishesWhatItTook(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var answered, stopped atomic.Bool
	entered, drain := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-drain // a waiting request hears of the shutdown
		time.Sleep(100 * time.Millisecond)
		fmt.Fprint(w, "done")
	})
	work := job{name: "work", run: func(ctx context.Context) error {
		<-ctx.Done()
		if !answered.Load() {
			t.Error("the job was stopped before the last answer")
		}
		stopped.Store(true)
		return nil
	}}
	log := slog.New(slog.DiscardHandler)
	s := server{http: newServer(handler, usual, log), listener: l, drain: drain, limits: usual, log: log}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	client := make(chan string, 1)
	go func() {
		answer, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			client <- err.Error()
			return
		}
		body, _ := io.ReadAll(answer.Body)
		answered.Store(true)
		client <- string(body)
	}()
	if err := s.run(ctx, []job{work}, database{}, func() {}); err != nil || !stopped.Load() {
		t.Fatalf("%v, job stopped: %v", err, stopped.Load())
	}
	if got := <-client; got != "done" {
		t.Fatalf("the client got %q", got)
	}
}

// TestLimits has a client that never finishes its headers, and shows that a
// request may wait for longer than its headers may take.
func TestLimits(t *testing.T) {
	t.Parallel()
	short := limits{header: 200 * time.Millisecond, read: 3 * time.Second, write: 3 * time.Second, idle: time.Second, headerBytes: 4096}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(600 * time.Millisecond):
		case <-r.Context().Done():
			t.Error("the wait was cut short")
		}
	}), short, slog.New(slog.DiscardHandler))
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	if got := status(t, "http://"+l.Addr().String()); got != http.StatusOK {
		t.Errorf("a waiting request got %d", got)
	}
	slow, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprint(slow, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	if err := slow.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Read(make([]byte, 1)); os.IsTimeout(err) {
		t.Error("a client that never ends its headers was not cut off")
	}
	request, _ := http.NewRequest(http.MethodGet, "http://"+l.Addr().String(), nil)
	request.Header.Set("X-Big", strings.Repeat("x", 16<<10))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("16 KiB of headers got %d", answer.StatusCode)
	}
}

func TestMetricsToken(t *testing.T) {
	t.Parallel()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, test := range []struct {
		token, header string
		want          int
	}{
		{"", "", http.StatusTeapot}, {"s3", "", http.StatusUnauthorized}, {"s3", "Bearer s", http.StatusUnauthorized},
		{"s3", "Bearer s3", http.StatusTeapot}, {"s3", "s3", http.StatusUnauthorized},
	} {
		w := httptest.NewRecorder()
		r, _ := http.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Authorization", test.header)
		behindToken(test.token, next).ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("%q with %q: %d", test.token, test.header, w.Code)
		}
	}
}
