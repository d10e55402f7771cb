package once_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

func key(value string) once.Key {
	return once.Key{Tenant: ident.Tenant{Company: ident.New(), Live: true}, Value: value, Route: "POST /v1/things"}
}

func TestOneEffectUnderConcurrency(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	k := key("k")
	var effects atomic.Int32
	var replays atomic.Int32
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			answer, replayed, err := once.Do(context.Background(), pool, k, func(context.Context, pgx.Tx) (once.Answer, error) {
				effects.Add(1)
				time.Sleep(20 * time.Millisecond)
				return once.Answer{Status: 201, Body: []byte("made")}, nil
			})
			if err != nil || answer.Status != 201 || string(answer.Body) != "made" {
				t.Errorf("%+v %v", answer, err)
			}
			if replayed {
				replays.Add(1)
			}
		})
	}
	wait.Wait()
	if effects.Load() != 1 || replays.Load() != 19 {
		t.Fatalf("%d effects, %d replays", effects.Load(), replays.Load())
	}
}

func TestWhatIsStored(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	made := func(context.Context, pgx.Tx) (once.Answer, error) { return once.Answer{Status: 200}, nil }
	k := key("k")
	boom := errors.New("boom")
	if _, _, err := once.Do(t.Context(), pool, k, func(context.Context, pgx.Tx) (once.Answer, error) {
		return once.Answer{}, boom
	}); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if _, _, err := once.Do(t.Context(), pool, k, func(context.Context, pgx.Tx) (once.Answer, error) {
		return once.Answer{Status: 409}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, replayed, err := once.Do(t.Context(), pool, k, made); err != nil || replayed {
		t.Fatalf("a failure or a refusal was kept: %v %v", replayed, err)
	}
	if _, replayed, err := once.Do(t.Context(), pool, k, made); err != nil || !replayed {
		t.Fatalf("the effect was not kept: %v %v", replayed, err)
	}
	for name, change := range map[string]func(*once.Key){
		"another body":  func(k *once.Key) { k.BodyHash[3] = 1 },
		"another route": func(k *once.Key) { k.Route = "POST /v1/others" },
	} {
		other := k
		change(&other)
		if _, _, err := once.Do(t.Context(), pool, other, made); !fault.Is(err, "idempotency_conflict") {
			t.Errorf("%s: %v", name, err)
		}
	}
	test := k
	test.Tenant.Live = false
	if _, replayed, err := once.Do(t.Context(), pool, test, made); err != nil || replayed {
		t.Errorf("the other mode: %v %v", replayed, err)
	}
}

func TestKeptForThirtyDays(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	made := func(context.Context, pgx.Tx) (once.Answer, error) { return once.Answer{Status: 200}, nil }
	age := func(k once.Key, by string) {
		if _, err := pool.Exec(t.Context(), `UPDATE idempotency_keys SET created_at = now() - $1::interval WHERE key = $2`, by, k.Value); err != nil {
			t.Fatal(err)
		}
	}
	for value, kept := range map[string]struct {
		age      string
		replayed bool
	}{"young": {"29 days 23 hours", true}, "old": {"30 days 1 second", false}} {
		k := key(value)
		if _, _, err := once.Do(t.Context(), pool, k, made); err != nil {
			t.Fatal(err)
		}
		age(k, kept.age)
		if _, replayed, err := once.Do(t.Context(), pool, k, made); err != nil || replayed != kept.replayed {
			t.Errorf("%s: %v %v", value, replayed, err)
		}
		age(k, kept.age)
	}
	if err := once.Purge(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM idempotency_keys`).Scan(&left); err != nil || left != 1 {
		t.Fatalf("%d left: %v", left, err)
	}
}

// TestOutlivedOnlyWhenRead: two find a key outlived, and the one that comes
// later must not put its effect in the place of the other's.
func TestOutlivedOnlyWhenRead(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	k := key("k")
	if _, _, err := once.Do(t.Context(), pool, k, func(context.Context, pgx.Tx) (once.Answer, error) { return once.Answer{Status: 200}, nil }); err != nil {
		t.Fatal(err)
	}
	err := pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		return once.Write(ctx, tx, []once.Record{{Key: k, Answer: once.Answer{Status: 201}, Outlived: true}})
	})
	if !once.IsRace(err) {
		t.Errorf("%v", err)
	}
}
