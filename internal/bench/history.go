package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
)

// A history is made of copies of rows that the server wrote: an authorization
// that was confirmed, with its two events, and one that was denied, with its
// one. Only ids and times differ.
type history struct {
	*server
	total int
	// companies are the measured one, then those beside it; agents are of each.
	companies []uuid.UUID
	agents    [][]uuid.UUID
	// counted is how many confirmed ones each agent got.
	counted map[uuid.UUID]int
	confirmed, denied,
	events int
	dice *rand.Rand
}

const (
	// chunk is how many authorizations are made in one transaction.
	chunk = 100_000
	// ours is the measured company's share, one in so many; the server seals
	// its log itself. The logs of the others only look like sealed ones.
	ours = 20
	// one in so many is denied.
	deniedShare = 10
)

// makeHistory stores as many authorizations as were asked for.
func (b *bench) makeHistory(ctx context.Context, s *server) error {
	if err := b.roomFor(ctx, s); err != nil {
		return err
	}
	h := &history{server: s, total: b.Growth, counted: map[uuid.UUID]int{}, dice: rand.New(rand.NewPCG(3, 5))} //nolint:gosec // it is to repeat
	began := time.Now()
	if err := h.template(ctx); err != nil {
		return err
	}
	if err := h.found(ctx, min(10_000, max(10, b.Growth/1000))); err != nil {
		return err
	}
	before, _, err := s.sizes(ctx)
	if err != nil {
		return err
	}
	for done := 0; done < h.total; done += chunk {
		if err := h.chunk(ctx, done, min(chunk, h.total-done)); err != nil {
			return err
		}
		if done/chunk%10 == 0 {
			say("  %d of %d stored after %.0f s", done+min(chunk, h.total-done), h.total, time.Since(began).Seconds())
		}
	}
	if err := h.close(ctx); err != nil {
		return err
	}
	after, _, err := s.sizes(ctx)
	b.grown = growth{Authorizations: h.total, Companies: len(h.companies), Each: float64(after-before) / float64(h.total)}
	for _, agents := range h.agents {
		b.grown.Agents += len(agents)
	}
	if err == nil {
		err = s.db.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&b.grown.Database)
	}
	say("  a history of %d authorizations, %d agents and %d companies took %.0f s; %.0f bytes each", h.total, b.grown.Agents, b.grown.Companies,
		time.Since(began).Seconds(), b.grown.Each)
	return err
}

// roomFor refuses what would fill the disk: so far, one takes what it took here,
// and half of that again for its logs.
func (b *bench) roomFor(ctx context.Context, s *server) error {
	var stored, n int64
	stored, _, err := s.sizes(ctx)
	if err == nil {
		err = s.db.QueryRow(ctx, "SELECT count(*) FROM authorizations").Scan(&n)
	}
	if err != nil {
		return err
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(b.cluster.dir, &fs); err != nil {
		return err
	}
	need, free := float64(b.Growth)*float64(stored)/float64(max(1, n))*1.5, float64(fs.Bavail)*float64(fs.Bsize)
	if need > free-5e9 {
		return fmt.Errorf("%d authorizations would take about %.0f GB with their logs, and %s has %.0f GB free", b.Growth, need/1e9, b.cluster.dir, free/1e9)
	}
	return nil
}

// template keeps the rows that the history repeats.
func (h *history) template(ctx context.Context) error {
	makers := []maker{h.pairing(h.careful, hot), h.overreaching(h.careful, hot)}
	for _, does := range makers {
		if err := times(h.address, 1, 1, does); err != nil {
			return err
		}
	}
	if err := h.settle(ctx); err != nil {
		return err
	}
	h.madeUp = true
	return h.run(ctx,
		`CREATE TABLE made_authorizations AS (SELECT * FROM authorizations WHERE status = 'confirmed' LIMIT 1) UNION ALL (SELECT * FROM authorizations WHERE status = 'denied' LIMIT 1)`,
		`CREATE TABLE made_events AS SELECT DISTINCT ON (type) * FROM audit_events
			WHERE type IN ('authorization.approved', 'authorization.confirmed', 'authorization.denied') ORDER BY type, event_id`,
		`CREATE TABLE made_meters AS SELECT m.* FROM meters m JOIN made_authorizations t ON m.company_id = t.company_id AND m.subject = t.agent_id AND t.status = 'confirmed'`,
		`CREATE UNLOGGED TABLE made (company_id uuid, agent_id uuid, authorization_id uuid, public_id text, created_at timestamptz, status authorization_status,
			first_event uuid, last_event uuid)`,
		// The load itself need not survive a crash; the measuring is durable again.
		`ALTER SYSTEM SET full_page_writes = off`, `ALTER SYSTEM SET max_wal_size = '8GB'`, `SELECT pg_reload_conf()`)
}

func (h *history) run(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := h.db.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%w in %s", err, statement)
		}
	}
	return nil
}

// copied writes INSERT … SELECT for a table: its columns come from t, but those
// that are named from the given expressions. Names that the table lacks are
// passed over.
func (h *history) copied(ctx context.Context, table, from string, named map[string]string) (string, error) {
	rows, err := h.db.Query(ctx, "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum", table)
	if err != nil {
		return "", err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	values := make([]string, len(columns))
	for i, c := range columns {
		if values[i] = named[c]; values[i] == "" {
			values[i] = "t." + c
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s", table, strings.Join(columns, ", "), strings.Join(values, ", "), from), err
}

// found makes the companies beside the measured one, with its rules, and their
// agents: ten times as many as companies in all.
func (h *history) found(ctx context.Context, companies int) error {
	h.companies, h.agents = []uuid.UUID{h.careful.id}, make([][]uuid.UUID, companies)
	rows, err := h.db.Query(ctx, "SELECT agent_id FROM agents WHERE company_id = $1 AND handle <> 'bot-00000' ORDER BY handle", h.careful.id)
	if err != nil {
		return err
	}
	if h.agents[0], err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil {
		return err
	}
	each := max(1, (max(100_000*companies/10_000, companies)-len(h.agents[0]))/(companies-1))
	for i := 1; i < companies; i++ {
		h.companies = append(h.companies, ident.New())
		for range each {
			h.agents[i] = append(h.agents[i], ident.New())
		}
	}
	return h.clone(ctx, h.careful.id, h.companies[1:], h.agents[1:])
}

// clone makes companies with the rules of another, and with the given agents.
func (s *server) clone(ctx context.Context, of uuid.UUID, companies []uuid.UUID, agents [][]uuid.UUID) error {
	h := &history{server: s}
	for _, table := range []string{"companies", "company_modes", "policies", "policy_versions", "meter_scopes"} {
		insert, err := h.copied(ctx, table, table+" t, unnest($2::uuid[]) made WHERE t.company_id = $1", map[string]string{"company_id": "made"})
		if err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, insert, of, companies); err != nil {
			return fmt.Errorf("%w in %s", err, insert)
		}
	}
	var rows [][]any
	for i, company := range companies {
		for j, agent := range agents[i] {
			rows = append(rows, []any{company, true, agent, fmt.Sprintf("bot-%05d", j+1), "Bot", "active"})
		}
	}
	_, err := s.db.CopyFrom(ctx, pgx.Identifier{"agents"}, []string{"company_id", "live", "agent_id", "handle", "name", "status"}, pgx.CopyFromRows(rows))
	return err
}
