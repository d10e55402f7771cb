package reconcile_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/reconcile"
)

// service is one over the books whose jobs are worked off until the test ends.
func (b *books) service() *reconcile.Service {
	b.t.Helper()
	log := slog.New(slog.DiscardHandler)
	queue, err := notify.NewQueue(b.pool, log)
	if err != nil {
		b.t.Fatal(err)
	}
	s := reconcile.New(reconcile.Sources{Pool: b.pool, Log: b.log}, queue, log)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- queue.Run(ctx) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	return s
}

// ended waits for a tenant's n-th run and gives the newest.
func (b *books) ended(s *reconcile.Service, t ident.Tenant, n int) reconcile.Run {
	b.t.Helper()
	for range 600 {
		runs, err := s.Runs(b.t.Context(), t, 10, nil)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(runs) == n && !runs[0].Open() {
			return runs[0]
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatal("it did not end")
	return reconcile.Run{}
}

func (b *books) start(s *reconcile.Service, by audit.Actor) (fresh bool) {
	b.t.Helper()
	err := b.pool.InTx(b.t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		fresh, err = s.Start(ctx, tx, b.tenant, by)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return fresh
}

func (b *books) count(sql string) (n int) {
	b.t.Helper()
	if err := b.owner.QueryRow(b.t.Context(), sql).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// TestRuns: each mode is compared without being asked, and again when somebody
// asks; what was found is kept and told.
func TestRuns(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	s := b.service()
	first := b.ended(s, b.tenant, 1)
	if first.Found != 0 || first.AskedBy != "system" || first.Trouble != "" || first.Authorizations != 4 || first.Events != 5 {
		t.Errorf("%+v", first)
	}
	b.ended(s, ident.Tenant{Company: b.tenant.Company}, 1)
	b.do(`DELETE FROM known_merchants`)
	by := audit.Member(ident.New(), "req_1")
	if !b.start(s, by) {
		t.Error("nothing was started")
	}
	second := b.ended(s, b.tenant, 2)
	if second.Found != 1 || second.AskedBy != by.String() || len(second.Differences) != 1 || second.Differences[0].Check != reconcile.Merchants ||
		!strings.Contains(second.Differences[0].Cause, "was removed") {
		t.Errorf("%+v", second)
	}
	if again, err := s.Run(t.Context(), b.tenant, second.ID); err != nil || again.Found != 1 {
		t.Errorf("%+v %v", again, err)
	}
	if _, err := s.Run(t.Context(), ident.Tenant{Company: b.tenant.Company}, second.ID); !fault.Is(err, "not_found") {
		t.Errorf("the other mode's: %v", err)
	}
	if n := b.count(`SELECT count(*) FROM audit_events WHERE type IN ('reconciliation.started', 'reconciliation.differs')`); n != 2 {
		t.Errorf("%d events", n)
	}
}

// TestOneRunAtATime: a second one is the first, until that one is lost.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	queue, err := notify.NewQueue(b.pool, slog.New(slog.DiscardHandler)) // which nobody works off
	if err != nil {
		t.Fatal(err)
	}
	s := reconcile.New(reconcile.Sources{Pool: b.pool, Log: b.log}, queue, slog.New(slog.DiscardHandler))
	if first, second := b.start(s, audit.System()), b.start(s, audit.System()); !first || second {
		t.Errorf("%v, then %v", first, second)
	}
	b.do(`UPDATE reconciliations SET asked_at = asked_at - interval '2 hours'`)
	if !b.start(s, audit.System()) {
		t.Error("one that was lost keeps others from being made")
	}
	runs, err := s.Runs(t.Context(), b.tenant, 10, nil)
	if err != nil || len(runs) != 2 || !runs[0].Open() || runs[1].Trouble == "" {
		t.Errorf("%+v %v", runs, err)
	}
}
