package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

func insertOne(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, "INSERT INTO scratch VALUES (1, 1)")
	return err
}

// TestLostDuringCommit cuts the connection once COMMIT is under way: before the
// server sees it, and before the client sees the answer. Neither may be told
// from outside, so both are unknown, and only one has happened.
func TestLostDuringCommit(t *testing.T) {
	t.Parallel()
	for _, deliver := range []bool{false, true} {
		pool := table(t, scratch, postgres.Config{})
		through := open(t, cutter(t, pool.Config().ConnConfig, "commit\x00", deliver))
		err := through.InTx(t.Context(), insertOne)
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

func open(t *testing.T, address string) *postgres.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// cutter is a way to the database that breaks at the first message with the
// mark, which it may still deliver.
func cutter(t *testing.T, to *pgx.ConnConfig, mark string, deliver bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	target := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	u := url.URL{Scheme: "postgres", User: url.UserPassword(to.User, to.Password), Host: l.Addr().String(),
		Path: "/" + to.Database, RawQuery: "sslmode=disable"}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				return
			}
			go io.Copy(client, server)
			go cutAt(client, server, mark, deliver)
		}
	}()
	return u.String()
}

func cutAt(client, server net.Conn, mark string, deliver bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			server.Close()
			return
		}
		commits := bytes.Contains(buffer[:n], []byte(mark))
		if commits {
			client.Close()
		}
		if !commits || deliver {
			_, _ = server.Write(buffer[:n]) // the server may be gone; then the read fails next
		}
		if commits {
			time.Sleep(200 * time.Millisecond) // let the server do it
			server.Close()
			return
		}
	}
}

// TestStandbyIsLost commits while the synchronous standby is away: the row is
// on one server only, so that success may not be claimed, nor failure.
func TestStandbyIsLost(t *testing.T) {
	t.Parallel()
	dir, err := pgtest.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	options := pgtest.Options(dir)
	options.NoSync = false // no wait for a standby without syncing
	options.Settings = map[string]string{"fsync": "off"}
	server, err := embedded.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, server, dir) })
	pool := open(t, server.OwnerURL())
	for _, sql := range []string{scratch, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()"} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond) // the reload reaches every process soon
	t.Run("the caller's deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := pool.InTx(ctx, insertOne); !fault.Is(err, "outcome_unknown") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the server's own", func(t *testing.T) {
		err := pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SET statement_timeout = 300; INSERT INTO scratch VALUES (2, 1)")
			return err
		})
		if !fault.Is(err, "outcome_unknown") {
			t.Errorf("got %v", err)
		}
	})
	// The server gives up its wait once it hears that the client has.
	for deadline := time.Now().Add(5 * time.Second); count(t, pool) != 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d rows are there, want both", count(t, pool))
		}
	}
}

func remove(t *testing.T, server *embedded.Server, dir string) {
	if err := errors.Join(server.Stop(), os.RemoveAll(dir)); err != nil {
		t.Error(err)
	}
}
