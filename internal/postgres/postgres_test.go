package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// table makes a scratch table as the owner and opens pools on the database.
func table(t *testing.T, sql string, c postgres.Config) *postgres.Pool {
	t.Helper()
	owner, _ := pgtest.NewURLs(t)
	c.URL = owner
	pool, err := postgres.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	return pool
}

func count(t *testing.T, pool *postgres.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT coalesce(sum(n), 0) FROM scratch").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const scratch = "CREATE TABLE scratch (id int CONSTRAINT scratch_key PRIMARY KEY, n int NOT NULL CONSTRAINT small CHECK (n < 1000))"

func TestInTxCommitsOrRollsBack(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch, postgres.Config{MaxConns: 1})
	insert := func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO scratch VALUES (1, 1)")
		return err
	}
	if err := pool.InTx(t.Context(), insert); err != nil || count(t, pool) != 1 {
		t.Fatalf("commit: %v, %d", err, count(t, pool))
	}
	if err := pool.InTx(t.Context(), insert); !postgres.Violates(err, "scratch_key") || postgres.Violates(err, "small") {
		t.Fatalf("duplicate: %v", err)
	}
	mine := errors.New("mine")
	err := pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE scratch SET n = 2")
		return errors.Join(mine, err)
	})
	if !errors.Is(err, mine) || count(t, pool) != 1 {
		t.Fatalf("own error: %v, %d", err, count(t, pool))
	}
	func() {
		defer func() { _ = recover() }()
		_ = pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_, _ = tx.Exec(ctx, "UPDATE scratch SET n = 3")
			panic("at the disco")
		})
	}()
	// With one connection this also shows that it came back.
	if n := count(t, pool); n != 1 {
		t.Fatalf("after a panic: %d", n)
	}
}

func TestInTxRepeatsConflicts(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch+"; INSERT INTO scratch VALUES (1, 0), (2, 0)", postgres.Config{})
	serializable := pgx.TxOptions{IsoLevel: pgx.Serializable}
	var tries atomic.Int32
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			// Two lock the rows in one order, two in the other.
			err := pool.InTxOptions(t.Context(), serializable, func(ctx context.Context, tx pgx.Tx) error {
				tries.Add(1)
				for j := range 2 {
					if _, err := tx.Exec(ctx, "UPDATE scratch SET n = n + 1 WHERE id = $1", 1+(i+j)%2); err != nil {
						return err
					}
					time.Sleep(5 * time.Millisecond)
				}
				return nil
			})
			if err != nil {
				t.Errorf("conflict came through: %v", err)
			}
		})
	}
	wg.Wait()
	if n := count(t, pool); n != 8 || tries.Load() <= 4 {
		t.Fatalf("%d additions in %d tries, want 8 in more than 4", n, tries.Load())
	}
}

func wantAway(t *testing.T, what string, err error) {
	t.Helper()
	f := fault.From(err)
	if f.Kind != fault.Unavailable || f.Code != "database_unavailable" || f.RetryAfter != time.Second {
		t.Errorf("%s: %v", what, err)
	}
}

func TestTroubleIsUnavailable(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch, postgres.Config{MaxConns: 1, AcquireTimeout: 50 * time.Millisecond,
		StatementTimeout: 100 * time.Millisecond})
	_, err := pool.Exec(t.Context(), "SELECT pg_sleep(5)")
	wantAway(t, "statement timeout", err)
	_ = pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := pool.Exec(ctx, "SELECT 1")
		wantAway(t, "exhausted pool, Exec", err)
		wantAway(t, "exhausted pool, QueryRow", pool.QueryRow(ctx, "SELECT 1").Scan(new(int)))
		_, err = pool.Query(ctx, "SELECT 1")
		wantAway(t, "exhausted pool, Query", err)
		wantAway(t, "exhausted pool, InTx", pool.InTx(ctx, func(context.Context, pgx.Tx) error { return nil }))
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = postgres.Open(t.Context(), postgres.Config{URL: "postgres://u:secret@" + l.Addr().String() + "/db"})
	wantAway(t, "connection refused", err)
	_, err = postgres.Open(t.Context(), postgres.Config{URL: "postgres://u:secret@%zz"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("malformed address: %v", err)
	}
}

// TestSurvivesCutConnections has the server end every pooled connection, as a
// restart does: the next transaction must not notice.
func TestSurvivesCutConnections(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	pool := table(t, scratch, postgres.Config{})
	other, err := postgres.Open(t.Context(), postgres.Config{URL: owner})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = $1`, pool.Config().ConnConfig.Database)
	if err != nil {
		t.Fatal(err)
	}
	err = pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO scratch VALUES (1, 1)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoleIsWhereResetLeads(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	err := pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		for _, sql := range []string{"SELECT 1", "RESET ROLE", "RESET ALL"} {
			var role string
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, "SELECT current_user").Scan(&role); err != nil || role != postgres.AppRole {
				t.Errorf("after %s: %s, %v", sql, role, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	pool := table(t, scratch, postgres.Config{})
	address := strings.Replace(owner, owner[strings.LastIndex(owner, "/")+1:strings.LastIndex(owner, "?")], pool.Config().ConnConfig.Database, 1)
	files := fstest.MapFS{"9001_slow.sql": {Data: []byte("-- +goose Up\nSELECT pg_sleep(0.2);\nINSERT INTO scratch VALUES (1, 1);\n")}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := postgres.MigrateFiles(t.Context(), address, files); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, pool); n != 1 {
		t.Fatalf("it ran %d times", n)
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch, postgres.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan string, 16), make(chan struct{})
	go func() {
		pool.Listen(ctx, "Some Channel", func(payload string) { heard <- payload })
		close(ended)
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Fatalf("heard %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("did not hear %q", want)
		}
	}
	say := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	expect("")
	say(`NOTIFY "Some Channel", 'one'`)
	expect("one")
	say(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	expect("") // again connected
	say(`NOTIFY "Some Channel", 'two'`)
	expect("two")
	cancel()
	<-ended
}
