// Package pgtest gives each test a database of its own, cloned from a migrated
// template. The cluster is the one that TEST_DATABASE_URL names (as its
// superuser; `make test` starts one for all packages), else a private one that
// starts with the first test of the package and goes with the test process.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/migrations"
)

// URLVariable is the environment variable that names a cluster to use.
const URLVariable = "TEST_DATABASE_URL"

// patience bounds each step of setting a database up.
const patience = time.Minute

// New gives the test a fresh, migrated database, and a pool that works in it
// under the server's role. Both go when the test ends.
func New(t testing.TB) *postgres.Pool {
	t.Helper()
	owner, _ := NewURLs(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: owner, Role: postgres.AppRole,
		ApplicationName: "purser-test", MaxConns: 8, AcquireTimeout: patience})
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// NewURLs gives the test a fresh, migrated database and its two addresses: the
// owner's, who may do everything, and one that works under the server's role.
func NewURLs(t testing.TB) (ownerURL, appURL string) {
	t.Helper()
	base, err := shared()
	if err == nil {
		ownerURL, err = clone(t, base)
	}
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	appURL, err = with(ownerURL, func(u *url.URL) {
		q := u.Query()
		q.Set("options", "-crole="+postgres.AppRole)
		u.RawQuery = q.Encode()
	})
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return ownerURL, appURL
}

// template is the database to clone, and the cluster it is in. A private
// cluster lives as long as the leash is held.
type template struct {
	cluster, name string
	leash         io.Closer
}

// shared makes the template once a process; across processes the database
// itself keeps the order.
var shared = sync.OnceValues(func() (template, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	out := template{cluster: os.Getenv(URLVariable)}
	var err error
	if out.cluster == "" {
		if out.cluster, out.leash, err = startPrivate(ctx); err != nil {
			return out, err
		}
	}
	if out.name, err = templateName(); err != nil {
		return out, err
	}
	return out, prepare(ctx, out.cluster, out.name)
})

// templateName changes with the migrations, so that an old template is never
// taken for a new one.
func templateName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(migrations.Files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	return "purser_template_" + hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// prepare migrates the template unless another process has. A template is
// marked as one only when it is complete.
func prepare(ctx context.Context, cluster, name string) error {
	conn, err := pgx.Connect(ctx, cluster)
	if err != nil {
		return fmt.Errorf("reach the test cluster: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(7705372302)"); err != nil {
		return err
	}
	var ready bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready)
	if err != nil || ready {
		return err
	}
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	address, err := with(cluster, func(u *url.URL) { u.Path = "/" + name })
	if err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, address); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true")
	return err
}

// clone makes the test's database and drops it when the test ends.
func clone(t testing.TB, from template) (string, error) {
	name := "purser_test_" + rand.Text()
	// Copying files beats logging pages, by much, where nothing is synced.
	if err := run(from.cluster, `CREATE DATABASE "`+name+`" TEMPLATE `+from.name+" STRATEGY FILE_COPY"); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := run(from.cluster, `DROP DATABASE "`+name+`" WITH (FORCE)`); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return with(from.cluster, func(u *url.URL) { u.Path = "/" + name })
}

func run(cluster, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, cluster)
	if err != nil {
		return fmt.Errorf("reach the test cluster: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// with changes an address.
func with(address string, change func(*url.URL)) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("%s is not a postgres:// address", URLVariable)
	}
	change(u)
	return u.String(), nil
}
