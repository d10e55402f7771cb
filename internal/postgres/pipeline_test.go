package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres"
)

// batch is one message of statements.
func batch(statements ...string) *pgx.Batch {
	var b pgx.Batch
	for _, s := range statements {
		b.Queue(s)
	}
	return &b
}

func TestPipelineCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch, postgres.Config{MaxConns: 1})
	mine := errors.New("mine")
	for name, c := range map[string]struct {
		first, last *pgx.Batch
		err         error
		want        func(error) bool
	}{
		"two messages":               {batch("SELECT 1"), batch("INSERT INTO scratch VALUES (1, 1)"), nil, func(err error) bool { return err == nil }},
		"only the last":              {nil, batch("INSERT INTO scratch VALUES (2, 1)"), nil, func(err error) bool { return err == nil }},
		"nothing to write":           {batch("SELECT 1"), batch(), nil, func(err error) bool { return err == nil }},
		"a failure in the first":     {batch("INSERT INTO scratch VALUES (3, 1)", "SELECT 1/0"), batch(), nil, func(err error) bool { return err != nil }},
		"a failure in the last":      {batch("INSERT INTO scratch VALUES (4, 1)"), batch("INSERT INTO scratch VALUES (5, 1)", "INSERT INTO scratch VALUES (6, 1000)"), nil, func(err error) bool { return postgres.Violates(err, "small") }},
		"an error of the function's": {batch("INSERT INTO scratch VALUES (7, 1)"), batch(), mine, func(err error) bool { return errors.Is(err, mine) }},
	} {
		err := pool.InPipeline(t.Context(), func(ctx context.Context, tx *postgres.Pipeline) (*pgx.Batch, error) {
			if c.first != nil {
				if err := tx.Send(ctx, c.first); err != nil {
					return nil, err
				}
			}
			return c.last, c.err
		})
		if !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// With one connection this also shows that it came back each time.
	if n := count(t, pool); n != 2 {
		t.Fatalf("%d committed, want 2", n)
	}
}

// TestPipelineLostDuringCommit is TestLostDuringCommit for the message that
// writes and commits.
func TestPipelineLostDuringCommit(t *testing.T) {
	t.Parallel()
	for _, deliver := range []bool{false, true} {
		pool := table(t, scratch, postgres.Config{})
		through := open(t, cutter(t, pool.Config().ConnConfig, "424242", deliver))
		err := through.InPipeline(t.Context(), func(ctx context.Context, tx *postgres.Pipeline) (*pgx.Batch, error) {
			if err := tx.Send(ctx, batch("SELECT 1")); err != nil {
				return nil, err
			}
			var last pgx.Batch
			last.Queue("INSERT INTO scratch VALUES ($1::text::int, 1)", "424242")
			return &last, nil
		})
		if f := fault.From(err); f.Kind != fault.Unavailable || f.Code != "outcome_unknown" || f.RetryAfter <= 0 {
			t.Errorf("delivered %v: %v", deliver, err)
		}
		for deadline := time.Now().Add(5 * time.Second); deliver && count(t, pool) != 1; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the delivered commit did not happen")
			}
		}
		if !deliver && count(t, pool) != 0 {
			t.Error("the undelivered commit happened")
		}
	}
}

// TestPipelineRepeatsConflicts has two transactions take two rows in opposite
// orders.
func TestPipelineRepeatsConflicts(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch+"; INSERT INTO scratch VALUES (1, 0), (2, 0)", postgres.Config{})
	tries := make(chan struct{}, 100)
	var both sync.WaitGroup
	both.Add(2)
	done := make(chan error)
	for _, order := range [][2]string{{"1", "2"}, {"2", "1"}} {
		go func() {
			met := sync.OnceFunc(func() { both.Done(); both.Wait() })
			done <- pool.InPipeline(t.Context(), func(ctx context.Context, tx *postgres.Pipeline) (*pgx.Batch, error) {
				tries <- struct{}{}
				if err := tx.Send(ctx, batch("UPDATE scratch SET n = n + 1 WHERE id = "+order[0])); err != nil {
					return nil, err
				}
				met()
				return batch("UPDATE scratch SET n = n + 1 WHERE id = " + order[1]), nil
			})
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("conflict came through: %v", err)
		}
	}
	if n := count(t, pool); n != 4 || len(tries) < 3 {
		t.Fatalf("%d additions in %d tries, want 4 in more than 2", n, len(tries))
	}
}

// TestSnapshotOverADeadConnection: PostgreSQL has ended the connection since it
// was last used, which is no reason to answer nothing.
func TestSnapshotOverADeadConnection(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch, postgres.Config{MaxConns: 1})
	other := open(t, pool.Config().ConnString())
	var backend int
	read := func() error {
		return pool.Snapshot(t.Context(), func(b *pgx.Batch) {
			b.Queue("SELECT pg_backend_pid()").QueryRow(func(row pgx.Row) error { return row.Scan(&backend) })
		})
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	ended := backend
	if _, err := other.Exec(t.Context(), "SELECT pg_terminate_backend($1)", ended); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil || backend == ended {
		t.Fatalf("%v, on %d after %d", err, backend, ended)
	}
}
