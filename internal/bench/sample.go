package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// sample is one case in one round. Latencies are in milliseconds, CPU times in
// microseconds an op, the settling after the load included.
type sample struct {
	Round int     `json:"round"`
	Rate  float64 `json:"per_second"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	// Server, Postgres and Clients are whose CPU time it took.
	Server   float64 `json:"server_us"`
	Postgres float64 `json:"postgres_us"`
	Clients  float64 `json:"clients_us"`
	// Mallocs and Bytes are what the server allocated for an op.
	Mallocs float64 `json:"mallocs"`
	Bytes   float64 `json:"bytes"`
	// WAL, Stored and Remembered are what an op wrote: to the log of
	// PostgreSQL, for good, and until its idempotency key is forgotten.
	WAL        float64 `json:"wal_bytes"`
	Stored     float64 `json:"stored_bytes"`
	Remembered float64 `json:"idempotency_bytes"`
	// Settled is for how long the server was busy after its last answer, in
	// seconds; Resident its memory then, in MiB.
	Settled  float64 `json:"settled_s"`
	Resident float64 `json:"resident_mib"`
	// Shares is how many each replica did, Refused what was refused, where that
	// belongs to the case.
	Shares  []int64   `json:"shares,omitempty"`
	Refused *refusals `json:"refused,omitempty"`
}

func newSample(l load) sample {
	ms := func(q float64) float64 { return float64(l.latency.ValueAtQuantile(q)) / 1000 }
	return sample{Rate: float64(l.done) / l.length.Seconds(), P50: ms(50), P99: ms(99), P999: ms(99.9)}
}

// used is what was consumed up to a moment.
type used struct {
	server, postgres, clients time.Duration
	mallocs, bytes            float64
	wal, stored, remembered   int64
}

// measure looks at everything before and after a load, and checks the books.
// Beside the server (s nil), only PostgreSQL's part is known.
func (b *bench) measure(ctx context.Context, s *server, do func() (load, error)) (sample, error) {
	before, err := b.look(ctx, s)
	if err != nil {
		return sample{}, err
	}
	l, err := do()
	if err != nil {
		return sample{}, err
	}
	done := time.Now()
	out := newSample(l)
	if s != nil {
		if err := s.settle(ctx); err != nil {
			return out, err
		}
	}
	out.Settled = time.Since(done).Seconds()
	after, err := b.look(ctx, s)
	if err != nil {
		return out, err
	}
	after.per(before, max(1, float64(l.done)), &out)
	if s != nil {
		out.Resident, _ = residentOf(s.command.Process.Pid)
		if !s.madeUp { // it is checked once, at the end: it is large
			err = s.audit(ctx)
		}
	}
	out.Refused = l.refused
	return out, err
}

func (u used) per(before used, ops float64, out *sample) {
	us := func(a, b time.Duration) float64 { return float64((a - b).Microseconds()) / ops }
	out.Server, out.Postgres, out.Clients = us(u.server, before.server), us(u.postgres, before.postgres), us(u.clients, before.clients)
	out.Mallocs, out.Bytes = (u.mallocs-before.mallocs)/ops, (u.bytes-before.bytes)/ops
	out.WAL = float64(u.wal-before.wal) / ops
	out.Stored, out.Remembered = float64(u.stored-before.stored)/ops, float64(u.remembered-before.remembered)/ops
}

func (b *bench) look(ctx context.Context, s *server) (u used, err error) {
	u.postgres, u.clients = cpuOfFamily(b.cluster.pid), cpuOf(os.Getpid())
	err = b.cluster.owner.QueryRow(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").Scan(&u.wal)
	if s == nil || err != nil {
		return u, err
	}
	u.server = cpuOf(s.command.Process.Pid)
	const mallocs, bytes = "go_memstats_mallocs_total", "go_memstats_alloc_bytes_total"
	found, err := s.gauges(ctx, mallocs, bytes)
	if err != nil {
		return u, err
	}
	u.mallocs, u.bytes = found[mallocs], found[bytes]
	u.stored, u.remembered, err = s.sizes(ctx)
	return u, err
}

// sizes is what the authorizations with their events take on disk, indexes
// included, and what their idempotency keys do.
func (s *server) sizes(ctx context.Context) (stored, remembered int64, err error) {
	err = s.db.QueryRow(ctx, `SELECT sum(pg_total_relation_size(c.oid)) FILTER (WHERE relname NOT LIKE 'idempotency%')::bigint,
		sum(pg_total_relation_size(c.oid)) FILTER (WHERE relname LIKE 'idempotency%')::bigint
		FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname = 'public' AND relkind IN ('r', 'p') AND relname ~ '^(authorizations|audit_|approvals|idempotency)'`).Scan(&stored, &remembered)
	return stored, remembered, err
}

// settle waits until the work that follows the answers is done: every event has
// its place in the audit log. What one case leaves undone would be counted in
// the next.
func (s *server) settle(ctx context.Context) error {
	for deadline := time.Now().Add(2 * time.Minute); ; {
		var waiting bool
		err := s.db.QueryRow(ctx, "SELECT EXISTS (SELECT FROM audit_pending)").Scan(&waiting)
		if err != nil || !waiting {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("the audit log did not take its events within two minutes")
		}
		pause(20 * time.Millisecond)
	}
}

// audit compares what is stored with what was answered, and every budget with
// its authorizations.
func (s *server) audit(ctx context.Context) error {
	var stored, confirmed, voided, denied, events, wrong int64
	err := s.db.QueryRow(ctx, `SELECT count(*) FILTER (WHERE status <> 'denied'), count(*) FILTER (WHERE status = 'confirmed'),
		count(*) FILTER (WHERE status = 'voided'), count(*) FILTER (WHERE status = 'denied') FROM authorizations WHERE `+s.mine()).
		Scan(&stored, &confirmed, &voided, &denied)
	if err != nil {
		return err
	}
	t := &s.tally
	if stored != t.approved.Load() || confirmed != t.confirmed.Load() || voided != t.voided.Load() || denied != t.denied.Load() {
		return fmt.Errorf("answered %d approved, %d confirmed, %d voided, %d denied; stored %d, %d, %d, %d",
			t.approved.Load(), t.confirmed.Load(), t.voided.Load(), t.denied.Load(), stored, confirmed, voided, denied)
	}
	// What expired while it ran was nobody's answer.
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM audit_events WHERE type LIKE 'authorization.%' AND type <> 'authorization.expired' AND `+s.mine()).Scan(&events)
	if want := stored + confirmed + voided + denied; err == nil && events != want {
		err = fmt.Errorf("%d decisions, confirmations and voids, but %d events", want, events)
	}
	if err != nil {
		return err
	}
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM (
		SELECT company_id, agent_id AS subject, coalesce(sum(amount) FILTER (WHERE status = 'pending'), 0) AS reserved,
			coalesce(sum(amount) FILTER (WHERE status = 'confirmed'), 0) AS spent
		FROM authorizations WHERE status <> 'denied' AND `+s.mine()+` GROUP BY 1, 2) a
		FULL JOIN (SELECT * FROM meters WHERE `+s.mine()+`) m USING (company_id, subject)
		WHERE (m.total_reserved, m.total_spent) IS DISTINCT FROM (a.reserved, a.spent)`).Scan(&wrong)
	if err == nil && wrong != 0 {
		err = fmt.Errorf("%d budgets do not equal their authorizations", wrong)
	}
	return err
}

// mine is the condition for the rows that this run answered for: all, but where
// a history was made up beside them.
func (s *server) mine() string {
	if !s.madeUp {
		return "true"
	}
	return fmt.Sprintf("company_id IN ('%s', '%s')", s.careful.id, s.quick.id)
}

// times has n clients do a thing a number of times in all.
func times(address string, n, total int, does maker) error {
	left := make(chan struct{}, total)
	for range total {
		left <- struct{}{}
	}
	close(left)
	_, err := clients(address, n, does, func(_ int, do op, _ *histogram) error {
		for range left {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// median is the middle, or the mean of the two in the middle; zero of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
