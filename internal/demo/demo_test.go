package demo_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/demo"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// quiet delivers no mail.
type quiet struct{}

func (quiet) SignInLink(context.Context, string, string, time.Duration) error  { return nil }
func (quiet) Invitation(context.Context, string, string, string, string) error { return nil }

func fill(t *testing.T, pool *postgres.Pool) demo.Filled {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	keys, err := sign.Open(t.Context(), pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32),
		MaxTokenLifetime: time.Hour, ReloadEvery: sign.DefaultReloadEvery, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	a, err := access.Open(t.Context(), pool, company.New(pool), keys, access.Config{BaseURL: "http://localhost:8080", Mailer: quiet{}, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	f, err := demo.Fill(t.Context(), pool, a)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func counts(t *testing.T, pool *postgres.Pool, sql string) map[string]int {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var s string
		var n int
		if err := rows.Scan(&s, &n); err != nil {
			t.Fatal(err)
		}
		out[s] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStats(t *testing.T) {
	pool := pgtest.New(t)
	start := time.Now()
	f := fill(t, pool)
	t.Log(time.Since(start), f)
	for _, sql := range []string{
		`SELECT status, count(*) FROM authorizations GROUP BY 1 ORDER BY 2`,
		`SELECT reason_code, count(*) FROM authorizations GROUP BY 1 ORDER BY 2`,
		`SELECT a.handle || ' ' || o.decision, count(*) FROM authorizations o JOIN agents a USING (agent_id) GROUP BY 1 ORDER BY 1`,
		`SELECT a.handle || ' ' || o.reason_code, count(*) FROM authorizations o JOIN agents a USING (agent_id) where reason_code <> 'ok' GROUP BY 1 ORDER BY 1`,
		`SELECT status, count(*) FROM approvals GROUP BY 1`,
		`SELECT type, count(*) FROM audit_events GROUP BY 1`,
		`SELECT verdict, count(*) FROM approval_votes GROUP BY 1`,
		`SELECT handle || currency || ' ' || m, x FROM (select a.handle, currency, date_trunc('month', o.created_at)::date m, (sum(amount)/100)::bigint x from authorizations o JOIN agents a USING (agent_id) where o.status = 'confirmed' group by 1,2,3) q`,
		`SELECT merchant_name || ' ' || status || ' ' || reason_code || o.created_at::text, requested FROM authorizations o where status in ('held', 'pending')`,
	} {
		b, _ := json.MarshalIndent(counts(t, pool, sql), "", " ")
		t.Log(string(b))
	}
}
