package main

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// TestBooksAreChecked plants what a broken server would leave behind: each of it
// must end a run.
func TestBooksAreChecked(t *testing.T) {
	t.Parallel()
	const (
		company = "'00000000-0000-7000-8000-000000000001'"
		meter   = `INSERT INTO meters SELECT ` + company + `, true, ` + company + `, 'usd', 'UTC',
			now(), 0, 0, now(), 0, 0, now(), 0, 0, now(), 0, 0, now(), 0, 0, 0, 125`
		authorization = `INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, created_at, requested_by, explanation)
			SELECT ` + company + `, true, gen_random_uuid(), ` + company + `, 'pending', 'APPROVED', 'ok', '', 'usd', 125, 125, 'AWS', 'aws', 'api', 'explicit',
			900, now(), 'key_1', '\x00'`
		event = `INSERT INTO audit_events (company_id, live, event_id, type, actor, subject, created_at)
			SELECT ` + company + `, true, gen_random_uuid(), 'authorization.approved', 'key_1', '', now()`
	)
	for name, c := range map[string]struct {
		approved int64
		right    bool
		rows     []string
	}{
		"as answered":       {1, true, []string{meter, authorization, event}},
		"a lost answer":     {2, false, []string{meter, authorization, event}},
		"a double effect":   {1, false, []string{meter, authorization, authorization, event, event}},
		"no event":          {1, false, []string{meter, authorization}},
		"no budget":         {1, false, []string{authorization, event}},
		"half of a budget":  {2, false, []string{meter, authorization, authorization, event, event}},
		"an empty database": {0, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner, _ := pgtest.NewURLs(t)
			db, err := pgx.Connect(t.Context(), owner)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close(t.Context())
			s := &server{db: db, world: &world{}}
			s.tally.approved.Store(c.approved)
			for _, row := range c.rows {
				if _, err := db.Exec(t.Context(), row); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.audit(t.Context()); (err == nil) != c.right {
				t.Errorf("%v", err)
			}
		})
	}
}
