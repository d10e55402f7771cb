package audit_test

import (
	"io"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/migrations"
)

// beforeTiles is the last version that had a row a leaf.
const beforeTiles = 14

// migrateTo brings the schema to a version, and gives a log that knows nothing of
// the one before.
func (w *world) migrateTo(url string, version int64) {
	w.t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		w.t.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()
	steps, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		w.t.Fatal(err)
	}
	if version < beforeTiles+1 {
		_, err = steps.DownTo(w.t.Context(), version)
	} else {
		_, err = steps.Up(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.app, w.owner = connect(w.t, url, postgres.AppRole), connect(w.t, url, "")
	w.log = audit.New(w.app, newNotary(), slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func (w *world) count(sql string) (n int) {
	w.t.Helper()
	if err := w.app.QueryRow(w.t.Context(), sql).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestLeavesBecomeTiles takes a log of the version before, with events that are
// sealed, late and waiting, to this one: it is the same log, and goes on.
func TestLeavesBecomeTiles(t *testing.T) {
	t.Parallel()
	url, _ := pgtest.NewURLs(t)
	w := world{t: t, tenant: ident.Tenant{Company: ident.New(), Live: true}}
	w.migrateTo(url, beforeTiles+1)
	w.writeStray()
	kept := w.checkpoint()
	before, _, err := w.log.List(t.Context(), w.tenant, audit.Filter{}, nil, 1000)
	if err != nil || len(before) != 520 || w.count("SELECT count(*) FROM audit_strays") != 1 {
		t.Fatalf("%d events, %v", len(before), err)
	}
	w.write(150)

	w.migrateTo(url, beforeTiles)
	if n := w.count("SELECT count(*) FROM audit_leaves WHERE position BETWEEN 0 AND 519 AND length(leaf_hash) = 32"); n != 520 {
		t.Fatalf("%d leaves", n)
	}
	if n := w.count("SELECT count(*) FROM audit_pending JOIN audit_events USING (company_id, live, event_id)"); n != 150 {
		t.Fatalf("%d wait", n)
	}

	w.migrateTo(url, beforeTiles+1)
	if tiles, runs, strays := w.count("SELECT count(*) FROM audit_tiles"), w.count("SELECT count(*) FROM audit_runs"),
		w.count("SELECT count(*) FROM audit_strays WHERE position = 300"); tiles != 3 || runs != 1 || strays != 1 {
		t.Errorf("%d tiles, %d runs, %d strays", tiles, runs, strays)
	}
	if r := w.verify(); !r.OK || r.Checked != 670 {
		t.Errorf("%+v", r)
	}
	p, err := w.log.Consistency(t.Context(), w.tenant, kept.Size)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Verify(kept.Note, w.keys()); err != nil {
		t.Error(err)
	}
	for _, r := range before {
		id, _ := ident.Parse(ident.Event, r.ID)
		proved, err := w.log.Proof(t.Context(), w.tenant, id)
		if err != nil || proved.Position != r.Position {
			t.Fatalf("%s at %d is proved at %d: %v", r.ID, r.Position, proved.Position, err)
		}
	}
}
