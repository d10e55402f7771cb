package access

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/fault"
)

// counters are the places where calls can be counted: in this process, in a
// stand-in for Redis, and in Redis itself where there is one.
func counters(t *testing.T) map[string]*redis.Client {
	t.Helper()
	out := map[string]*redis.Client{"memory": nil}
	fake := miniredis.RunT(t)
	out["miniredis"] = redis.NewClient(&redis.Options{Addr: fake.Addr()})
	if real := realRedis(t); real != nil {
		out["redis"] = real
	}
	return out
}

// realRedis starts a redis-server, or says that it found none.
func realRedis(t *testing.T) *redis.Client {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI must try the limits on a real Redis: no redis-server on PATH")
		}
		t.Log("NOT TESTED: no redis-server on PATH, so the limits were not tried on a real one")
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(address)
	server := exec.Command(binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { _ = client.Close(); _ = server.Process.Kill(); _ = server.Wait() })
	for client.Ping(t.Context()).Err() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	return client
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestLimitsAnswerTheSameEverywhere(t *testing.T) {
	t.Parallel()
	const window = 2 * time.Second // longer than a busy machine needs for five calls
	for name, client := range counters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRates(client, window, quiet())
			limits := Limits{PerMinute: 3, InFlight: 2}
			for want := 2; want >= 0; want-- {
				a, err := r.admit(t.Context(), "key", limits)
				if err != nil || a.Limit != 3 || a.Remaining != want || a.Reset <= 0 || a.Reset > window {
					t.Fatalf("%+v, %v", a, err)
				}
				a.Release()
				a.Release() // twice counts once
			}
			a, err := r.admit(t.Context(), "key", limits)
			f := fault.From(err)
			if f.Code != "rate_limited" || a.Remaining != 0 || a.Limit != 3 || f.RetryAfter != a.Reset || a.Reset > window {
				t.Fatalf("%+v, %v", a, err)
			}
			if _, err := r.admit(t.Context(), "another", limits); err != nil {
				t.Fatal(err)
			}
			time.Sleep(a.Reset + 20*time.Millisecond)
			if _, err := r.admit(t.Context(), "key", limits); err != nil {
				t.Fatalf("after the window: %v", err)
			}
		})
	}
}

func TestInFlightEverywhere(t *testing.T) {
	t.Parallel()
	for name, client := range counters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRates(client, time.Minute, quiet())
			limits := Limits{PerMinute: 100, InFlight: 2}
			one, err := r.admit(t.Context(), "key", limits)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.admit(t.Context(), "key", limits); err != nil {
				t.Fatal(err)
			}
			refused, err := r.admit(t.Context(), "key", limits)
			if !fault.Is(err, "too_many_in_flight") || refused.Remaining != 98 {
				t.Fatalf("%+v, %v", refused, err)
			}
			one.Release()
			next, err := r.admit(t.Context(), "key", limits)
			if err != nil || next.Remaining != 97 { // what was refused is not counted
				t.Fatalf("%+v, %v", next, err)
			}
		})
	}
}

func TestExactlyTheLimitAtAnyPace(t *testing.T) {
	t.Parallel()
	for name, client := range counters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Whatever happens in the middle of a burst, the bound is exact.
			r := newRates(client, time.Minute, quiet())
			var admitted atomic.Int64
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					for range 60 {
						if a, err := r.admit(context.Background(), "key", Limits{}); err == nil {
							admitted.Add(1)
							a.Release()
						}
					}
				})
			}
			all.Wait()
			if admitted.Load() != defaultPerMinute {
				t.Errorf("%d were admitted", admitted.Load())
			}
		})
	}
}

// TestSlidingWindow holds the log against what a window is: never more than
// the limit in any span of its length, and no refusal without need.
func TestSlidingWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		window := time.Duration(rapid.IntRange(1, 50).Draw(t, "window"))
		var e eventLog
		var taken []time.Duration
		now := time.Duration(0)
		for range rapid.IntRange(1, 80).Draw(t, "calls") {
			now += time.Duration(rapid.IntRange(0, 20).Draw(t, "pause"))
			recent := 0
			for _, at := range taken {
				if at > now-window {
					recent++
				}
			}
			e.drop(now - window)
			ok, remaining, reset := e.take(limit, now, window)
			if ok != (recent < limit) {
				t.Fatalf("at %d with %d of %d: %v", now, recent, limit, ok)
			}
			if ok {
				taken = append(taken, now)
				recent++
			}
			if remaining != limit-recent || reset <= 0 || reset > window {
				t.Fatalf("%d remain, reset in %d", remaining, reset)
			}
		}
	})
}

func TestRedisAwayIsNoFailure(t *testing.T) {
	t.Parallel()
	fake := miniredis.RunT(t)
	var log bytes.Buffer
	r := newRates(redis.NewClient(&redis.Options{Addr: fake.Addr(), MaxRetries: -1}), time.Minute, slog.New(slog.NewTextHandler(&log, nil)))
	a, err := r.admit(t.Context(), "key", Limits{PerMinute: 3})
	if err != nil {
		t.Fatal(err)
	}
	fake.Close()
	a.Release()
	for range 3 {
		if _, err := r.admit(t.Context(), "key", Limits{PerMinute: 3}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = r.admit(t.Context(), "key", Limits{PerMinute: 3})
	if !fault.Is(err, "rate_limited") {
		t.Errorf("nobody counts: %v", err)
	}
	if strings.Count(log.String(), "level=WARN") != 1 {
		t.Errorf("logged %s", log.String())
	}
	if err := fake.Restart(); err != nil {
		t.Fatal(err)
	}
	r.skipUntil.Store(0)
	if a, err := r.admit(t.Context(), "key", Limits{PerMinute: 9}); err != nil || a.Remaining >= 9 {
		t.Errorf("%+v, %v", a, err)
	}
	if keys := fake.Keys(); len(keys) == 0 {
		t.Error("Redis is back and not asked")
	}
}

func TestQuietNamesAreForgotten(t *testing.T) {
	t.Parallel()
	l := newSlidingLogs(time.Millisecond)
	for _, name := range []string{"a", "b", "c"} {
		l.take(name, 1)
	}
	time.Sleep(2 * time.Millisecond)
	l.sweep()
	for i := range l.shards {
		if len(l.shards[i].logs) != 0 {
			t.Errorf("%v is kept", l.shards[i].logs)
		}
	}
}
