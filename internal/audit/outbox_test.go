package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/ident"
)

// route runs outboxes over a route, two at a time as two replicas would, until
// the test ends.
func (w world) route(r audit.Route) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	for range 2 {
		o := audit.NewOutbox(w.app, slog.New(slog.DiscardHandler), r)
		running.Go(func() { o.Run(ctx) })
	}
	running.Go(func() { w.log.Run(ctx) })
	w.t.Cleanup(func() { cancel(); running.Wait() })
}

func (w world) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("never: " + what)
		}
	}
}

// TestOutboxTellsOnce: what a route stores is there once for every event, in
// order, with two servers at it and a route that fails now and then.
func TestOutboxTellsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.owner.Exec(t.Context(), "CREATE TABLE told (company_id uuid, n bigserial, position bigint); GRANT ALL ON told, told_n_seq TO purser_app"); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	w.route(audit.Route{Name: "told",
		Wants: func(context.Context, pgx.Tx, ident.Tenant) ([]string, error) { return []string{audit.Everything}, nil },
		Take: func(ctx context.Context, tx pgx.Tx, t ident.Tenant, news []proof.Record) error {
			for _, r := range news {
				if _, err := tx.Exec(ctx, "INSERT INTO told (company_id, position) VALUES ($1, $2)", t.Company, r.Position); err != nil {
					return err
				}
			}
			if calls.Add(1) == 1 {
				return errors.New("the first time fails after it wrote")
			}
			return nil
		}})
	w.write(1300)
	var count, disorder, distinct int64
	told := func() bool {
		err := w.app.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT position), count(*) FILTER (WHERE position < before)
			FROM (SELECT position, lag(position) OVER (ORDER BY n) AS before FROM told WHERE company_id = $1) s`, w.tenant.Company).
			Scan(&count, &distinct, &disorder)
		return err == nil && count >= 1300
	}
	w.until("1,300 events are told", told)
	w.write(1) // what would come twice has come by the time that this has
	w.until("the last is told", func() bool { return told() && count >= 1301 })
	if count != 1301 || distinct != 1301 || disorder != 0 {
		t.Errorf("%d told, %d distinct, %d out of order", count, distinct, disorder)
	}
}

// TestOutboxReadsWhatIsWanted: a route sees the types it asked for.
func TestOutboxReadsWhatIsWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := make(chan string, 10)
	w.route(audit.Route{Name: "some",
		Wants: func(context.Context, pgx.Tx, ident.Tenant) ([]string, error) { return []string{"agent.frozen"}, nil },
		Take: func(_ context.Context, _ pgx.Tx, _ ident.Tenant, news []proof.Record) error {
			for _, r := range news {
				seen <- r.Type
			}
			return nil
		}})
	for _, kind := range []string{"agent.created", "agent.frozen", "agent.unfrozen"} {
		err := w.app.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			return audit.Append(ctx, tx, w.tenant, audit.System(), audit.Event{Type: kind})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if kind := <-seen; kind != "agent.frozen" {
		t.Error(kind)
	}
	w.until("everything is routed", func() bool {
		var waiting bool
		err := w.app.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM audit_heads WHERE routed < size) OR EXISTS (SELECT FROM audit_pending)").Scan(&waiting)
		return err == nil && !waiting
	})
	if len(seen) != 0 {
		t.Errorf("also %s", <-seen)
	}
}
