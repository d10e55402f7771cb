package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/embedded"
)

// NewStandby copies a primary into a node that follows it, and starts nothing.
func NewStandby(t testing.TB, primary *Node, dir, name string, settings ...string) *Node {
	t.Helper()
	n := newNode(t, dir, name, settings)
	n.copy(primary)
	return n
}

// Refollow throws the node's data away and copies the primary's: what Patroni
// does to a primary that was lost and comes back.
func (n *Node) Refollow(primary *Node) {
	n.t.Helper()
	if err := os.RemoveAll(n.dir); err != nil {
		n.t.Fatalf("pgtest: %v", err)
	}
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		n.t.Fatalf("pgtest: %v", err)
	}
	if err := n.programs.Own(n.dir); err != nil {
		n.t.Fatalf("pgtest: %v", err)
	}
	n.copy(primary)
}

// copy takes a base backup that is set to follow its origin.
func (n *Node) copy(primary *Node) {
	n.t.Helper()
	n.must("pg_basebackup", "-d", primary.URL("postgres"), "-D", n.dir, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
}

// Promote makes a standby the primary and waits until it is.
func (n *Node) Promote() {
	n.t.Helper()
	n.Exec("SELECT pg_promote(true, 60)")
}

// Exec runs statements as the superuser, one after the other, in its database.
func (n *Node) Exec(statements ...string) {
	n.t.Helper()
	n.with(embedded.Database, func(ctx context.Context, conn *pgx.Conn) error {
		for _, sql := range statements {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// CreateDatabase makes the database that a server would use.
func (n *Node) CreateDatabase() {
	n.t.Helper()
	n.with("postgres", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "CREATE DATABASE "+embedded.Database)
		return err
	})
}

// Dump is what pg_dump makes of the database.
func (n *Node) Dump() []byte {
	n.t.Helper()
	out, err := n.programs.Command(context.Background(), "pg_dump", "-d", n.URL(embedded.Database)).Output()
	if err != nil {
		n.t.Fatalf("pgtest: pg_dump: %v", err)
	}
	return out
}

// Await asks until the query answers true.
func (n *Node) Await(query string) {
	n.t.Helper()
	n.with("postgres", func(ctx context.Context, conn *pgx.Conn) error {
		for {
			var yes bool
			if err := conn.QueryRow(ctx, query).Scan(&yes); err != nil || yes {
				return err
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

func (n *Node) with(database string, fn func(context.Context, *pgx.Conn) error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, n.URL(database))
	if err == nil {
		err = fn(ctx, conn)
		_ = conn.Close(ctx)
	}
	if err != nil {
		n.t.Fatalf("pgtest: %s: %v", filepath.Base(n.dir), err)
	}
}

// LogPath is where it writes what it has to say.
func (n *Node) LogPath() string { return n.dir + ".log" }

// Log is what it has said.
func (n *Node) Log() string {
	raw, err := os.ReadFile(n.LogPath())
	if err != nil {
		n.t.Fatalf("pgtest: %v", err)
	}
	return strings.TrimSpace(string(raw))
}
