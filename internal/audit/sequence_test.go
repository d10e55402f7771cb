package audit_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
)

// TestLateCommitIsNotMissed opens a transaction, lets a later one overtake it,
// reads, and then commits the first: who reads on from the position that they
// had gets it.
func TestLateCommitIsNotMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early, err := w.app.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = early.Rollback(context.WithoutCancel(t.Context())) }()
	if err := audit.Append(t.Context(), early, w.tenant, member, audit.Event{Type: "agent.created", Subject: "early"}); err != nil {
		t.Fatal(err)
	}
	if err := w.append(w.tenant, member, audit.Event{Type: "agent.created", Subject: "late"}); err != nil {
		t.Fatal(err)
	}
	read := func(after int64) (subjects []string, last int64) {
		if err := w.log.SealNow(t.Context(), w.tenant); err != nil {
			t.Fatal(err)
		}
		records, err := w.log.After(t.Context(), w.tenant, audit.Filter{}, after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			subjects, last = append(subjects, r.Subject), r.Position
		}
		return subjects, last
	}
	first, position := read(-1)
	if len(first) != 1 || first[0] != "late" {
		t.Fatalf("first %v", first)
	}
	if err := early.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second, _ := read(position); len(second) != 1 || second[0] != "early" {
		t.Fatalf("after position %d: %v", position, second)
	}
	if r := w.verify(); !r.OK || r.Checked != 2 {
		t.Errorf("%+v", r)
	}
}

// TestFollowerSeesEveryEventOnce writes from many sides at once while several
// replicas seal, and follows by position all the while.
func TestFollowerSeesEveryEventOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	var replicas, writers sync.WaitGroup
	for range 3 {
		replicas.Go(func() {
			audit.New(w.app, newNotary(), slog.New(slog.NewTextHandler(io.Discard, nil))).Run(ctx)
		})
	}
	const sides, each = 4, 60
	for range sides {
		writers.Go(func() {
			for i := range each {
				if err := w.appendSlowly(time.Duration(i%5)*time.Millisecond, audit.Event{Type: "agent.updated", Subject: ident.New().String()}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := map[string]bool{}
	next := int64(0)
	for end := time.Now().Add(20 * time.Second); len(seen) < sides*each && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		records, err := w.log.After(t.Context(), w.tenant, audit.Filter{}, next-1, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.Position != next || seen[r.Subject] {
				t.Fatalf("position %d where %d belongs, seen %v", r.Position, next, seen[r.Subject])
			}
			seen[r.Subject] = true
			next++
		}
	}
	writers.Wait()
	stop()
	replicas.Wait()
	if len(seen) != sides*each {
		t.Errorf("saw %d of %d", len(seen), sides*each)
	}
	if r := w.verify(); !r.OK || r.Checked != sides*each {
		t.Errorf("%+v", r)
	}
}

// appendSlowly leaves time between the write and the commit.
func (w world) appendSlowly(pause time.Duration, e audit.Event) error {
	return w.app.InTx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		defer time.Sleep(pause)
		return audit.Append(ctx, tx, w.tenant, member, e)
	})
}

// TestTenantsHaveTheirOwnLogs writes in one statement for several.
func TestTenantsHaveTheirOwnLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	moment := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	tenants := []ident.Tenant{w.tenant, {Company: w.tenant.Company, Live: false}, {Company: ident.New(), Live: true}}
	var entries []audit.Entry
	for i := range 30 {
		entries = append(entries, audit.Entry{Tenant: tenants[i%3], Actor: member, At: moment, Event: audit.Event{Type: "authorization.approved"}})
	}
	w.appendBatch(entries)
	origins := map[string]bool{}
	for _, tenant := range tenants {
		records, _, err := w.log.List(t.Context(), tenant, audit.Filter{}, nil, 50)
		if err != nil || len(records) != 10 || records[0].Position != 9 || !records[0].At.Equal(moment) {
			t.Fatalf("%v: %v, %v", tenant, records, err)
		}
		origins[audit.Origin(tenant)] = true
	}
	if len(origins) != len(tenants) {
		t.Errorf("origins %v", origins)
	}
}

func TestSystemEventNeedsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := time.Now().Add(-time.Minute)
	if err := w.append(w.tenant, audit.System(), audit.Event{Type: "authorization.expired"}); err != nil {
		t.Fatal(err)
	}
	records, more, err := w.log.List(t.Context(), w.tenant, audit.Filter{}, nil, 1)
	if err != nil || len(records) != 1 || more {
		t.Fatalf("%v, %v, %v", records, more, err)
	}
	r := records[0]
	if r.Actor != "system" || r.Agent != nil || string(r.Data) != "{}" || r.At.Before(before) || r.At.After(time.Now().Add(time.Minute)) {
		t.Errorf("%+v", r)
	}
}
