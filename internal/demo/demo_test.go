package demo_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/demo"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/pack"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// quiet delivers no mail.
type quiet struct{}

func (quiet) SignInLink(context.Context, string, string, time.Duration) error          { return nil }
func (quiet) Invitation(context.Context, pgx.Tx, string, string, string, string) error { return nil }

func fill(t *testing.T, pool *postgres.Pool) (demo.Filled, *access.Access) {
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
	return f, a
}

// counts reads a query of texts and numbers.
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

// TestDemo fills one database, as that is what takes time, and looks at it from
// every side.
func TestDemo(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	f, keys := fill(t, pool)
	if f.Existed || !strings.HasPrefix(f.LiveKey, "ag_live_") || !strings.HasPrefix(f.TestKey, "ag_test_") {
		t.Fatalf("%+v", f)
	}
	t.Run("shapes", func(t *testing.T) { shapes(t, pool) })
	t.Run("traces", func(t *testing.T) { traces(t, pool) })
	t.Run("order", func(t *testing.T) { order(t, pool) })
	t.Run("meters", func(t *testing.T) {
		wrong, err := meter.Reconcile(t.Context(), pool, f.Company)
		if err != nil || len(wrong) > 0 {
			t.Fatalf("%v %v", wrong, err)
		}
	})
	t.Run("again", func(t *testing.T) {
		before := sizes(t, pool)
		again, err := demo.Fill(t.Context(), pool, keys)
		if err != nil || !again.Existed || again.LiveKey != "" || again.TestKey != "" {
			t.Fatalf("%+v %v", again, err)
		}
		for table, n := range sizes(t, pool) {
			if n != before[table] {
				t.Errorf("%s: %d rows became %d", table, before[table], n)
			}
		}
	})
}

func sizes(t *testing.T, pool *postgres.Pool) map[string]int {
	t.Helper()
	var sql []string
	for _, table := range []string{"companies", "people", "members", "agents", "api_keys", "policies", "policy_versions", "authorizations",
		"approvals", "approval_votes", "audit_events", "meters", "meter_scopes", "known_merchants"} {
		sql = append(sql, "SELECT '"+table+"', count(*) FROM "+table)
	}
	sql = append(sql, "SELECT 'epoch', sum(epoch)::bigint FROM company_modes")
	return counts(t, pool, strings.Join(sql, " UNION ALL "))
}

func shapes(t *testing.T, pool *postgres.Pool) {
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{`SELECT status, count(*) FROM authorizations WHERE live GROUP BY 1`,
			[]string{"pending", "held", "confirmed", "voided", "expired", "denied"}},
		{`SELECT reason_code, count(*) FROM authorizations GROUP BY 1`, []string{
			policy.CodeOK, policy.CodeNoPolicy, policy.CodeAgentFrozen, policy.CodeCompanyFrozen, policy.CodeCurrencyNotCovered,
			policy.CodeTransactionLimit, policy.CodeLimitExceeded, policy.CodeApprovalRequired, policy.CodeVelocityExceeded,
			policy.CodeOutsideHours, policy.CodeNewMerchant, policy.CodeDuplicate, policy.CodeExpressionDenied, "denied_by_approver",
			"merchant_blocked", "merchant_not_allowed", "mcc_blocked", "country_blocked", "rail_not_allowed", "currency_not_allowed"}},
		{`SELECT status, count(*) FROM agents WHERE live GROUP BY 1`, []string{"active", "frozen", "deleted"}},
		{`SELECT status, count(*) FROM policies WHERE live GROUP BY 1`, []string{"active", "shadow", "draft"}},
		{`SELECT role, count(*) FROM members WHERE person_id IS NOT NULL GROUP BY 1`, []string{"owner", "admin", "approver", "viewer"}},
		{`SELECT status, count(*) FROM approvals GROUP BY 1`, []string{"pending", "approved", "denied", "expired"}},
		{`SELECT currency, count(*) FROM authorizations WHERE status = 'confirmed' GROUP BY 1`, []string{"usd", "eur", "gbp"}},
		{`SELECT 'a second version', count(*) FROM policies WHERE live AND version = 2`, []string{"a second version"}},
		{`SELECT 'less confirmed', count(*) FROM authorizations WHERE status = 'confirmed' AND amount < requested`, []string{"less confirmed"}},
		{`SELECT 'comments', count(*) FROM approval_votes WHERE comment <> ''`, []string{"comments"}},
		{`SELECT 'half decided', count(*) FROM approvals p WHERE status = 'pending' AND EXISTS (SELECT FROM approval_votes v WHERE v.approval_id = p.approval_id)`, []string{"half decided"}},
		{`SELECT 'lookalike', count(*) FROM authorizations WHERE status = 'held' AND merchant_name LIKE 'А%'`, []string{"lookalike"}},
		{`SELECT CASE WHEN live THEN 'live' ELSE 'test' END, count(*) FROM agents GROUP BY 1`, []string{"live", "test"}},
		{`SELECT rule ->> 'type', count(*) FROM policies, jsonb_array_elements(rules) rule WHERE status = 'active' GROUP BY 1`, []string{
			"transaction_limit", "approval_threshold", "limit", "velocity", "merchant", "mcc", "currency", "country", "hours", "rail",
			"new_merchant", "duplicate", "expression"}},
	} {
		got := counts(t, pool, c.sql)
		for _, want := range c.want {
			if got[want] == 0 {
				t.Errorf("no %s: %v", want, got)
			}
		}
	}
	sizes := counts(t, pool, `SELECT 'authorizations', count(*) FROM authorizations
		UNION ALL SELECT 'open approvals', count(*) FROM approvals WHERE status = 'pending' AND expires_at > now()
		UNION ALL SELECT 'retries', max(n) FROM (SELECT count(*) AS n FROM authorizations WHERE status = 'held' GROUP BY merchant_key, requested) q`)
	if n := sizes["authorizations"]; n < 6000 || n > 10_000 || sizes["open approvals"] < 7 || sizes["retries"] < 3 {
		t.Errorf("%v", sizes)
	}
}

// traces must be read back as what the page shows.
func traces(t *testing.T, pool *postgres.Pool) {
	rows, err := pool.Query(t.Context(), `SELECT explanation, reason_code FROM authorizations`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var packed []byte
		var code string
		if err := rows.Scan(&packed, &code); err != nil {
			t.Fatal(err)
		}
		text, err := pack.Unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		var why struct {
			Trace    []struct{ Policy, Rule, Outcome, Code string }
			Policies []policy.VersionRef
			Remedies []map[string]any
		}
		if err := json.Unmarshal(text, &why); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if (len(why.Policies) == 0) != (code == policy.CodeNoPolicy) {
			t.Fatalf("%s was decided by %v", code, why.Policies)
		}
		for _, s := range why.Trace {
			if s.Policy == "" || s.Rule == "" || s.Outcome == "" {
				t.Fatalf("%s", text)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// order looks at instants: what follows comes after, and nothing in the future.
func order(t *testing.T, pool *postgres.Pool) {
	wrong := counts(t, pool, `
		SELECT 'future', count(*) FROM audit_events WHERE created_at > clock_timestamp()
		UNION ALL SELECT 'closed first', count(*) FROM authorizations WHERE closed_at < created_at OR decided_at < created_at OR closed_at < decided_at
		UNION ALL SELECT 'open too long', count(*) FROM authorizations WHERE status IN ('pending', 'held') AND expires_at <= created_at
		UNION ALL SELECT 'expired early', count(*) FROM authorizations WHERE status = 'expired' AND closed_at < expires_at
		UNION ALL SELECT 'before its agent', count(*) FROM authorizations o JOIN agents a USING (company_id, live, agent_id) WHERE o.created_at < a.created_at
		UNION ALL SELECT 'not first', count(*) FROM (SELECT type FROM audit_events WHERE live ORDER BY event_id LIMIT 1) q WHERE type <> 'company.created'
		UNION ALL SELECT 'ids out of order', count(*) FROM (SELECT created_at < lag(created_at) OVER (ORDER BY event_id) - interval '1 ms' AS late
			FROM audit_events WHERE live) q WHERE late`)
	for what, n := range wrong {
		if n > 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}
