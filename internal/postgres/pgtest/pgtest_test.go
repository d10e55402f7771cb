package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestEachTestHasItsOwn(t *testing.T) {
	t.Parallel()
	a, b := New(t), New(t)
	var nameA, nameB string
	for pool, name := range map[interface {
		QueryRow(context.Context, string, ...any) pgx.Row
	}]*string{a: &nameA, b: &nameB} {
		if err := pool.QueryRow(t.Context(), "SELECT current_database()").Scan(name); err != nil {
			t.Fatal(err)
		}
	}
	if nameA == nameB {
		t.Fatalf("both are %s", nameA)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	owner, app := NewURLs(t)
	for address, want := range map[string]bool{owner: true, app: false} {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		var super bool
		if _, err := conn.Exec(t.Context(), "RESET ROLE"); err != nil {
			t.Fatal(err)
		}
		err = conn.QueryRow(t.Context(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&super)
		if err != nil || super != want {
			t.Errorf("superuser %v (%v), want %v", super, err, want)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	t.Parallel()
	var owner string
	t.Run("inner", func(t *testing.T) { owner, _ = NewURLs(t) })
	if conn, err := pgx.Connect(t.Context(), owner); err == nil {
		t.Fatalf("%s is still there: %v", conn.Config().Database, conn.Close(t.Context()))
	}
}

func BenchmarkNew(b *testing.B) {
	for range b.N {
		b.Run("", func(b *testing.B) { NewURLs(b) })
	}
}
