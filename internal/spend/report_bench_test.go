package spend_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/spend"
)

// years is a house with 50,000 authorizations in 90 days, of 120 agents (there
// are 500) at 300 merchants in two currencies: ten times the demo company.
func years(tb testing.TB) (*house, []uuid.UUID) {
	h := newHouse(tb)
	h.policy(`[{"type":"limit","period":"month","amount":100000,"currency":"usd"},{"type":"limit","period":"month","amount":90000000,"currency":"usd","per":"company"},
		{"type":"limit","period":"day","amount":100000,"currency":"eur"},{"type":"transaction_limit","amount":900,"currency":"usd"},{"type":"transaction_limit","amount":900,"currency":"eur"},
		{"type":"approval_threshold","amount":500,"currency":"usd"},{"type":"merchant","mode":"block","values":["casino-*"]},{"type":"velocity","window":"1h","count":100}]`)
	agents := h.agents(500)
	h.shadow(`[{"type":"transaction_limit","amount":100,"currency":"usd"},{"type":"transaction_limit","amount":100,"currency":"eur"}]`)
	h.authorize(agents[0], 1000)
	h.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_domain, merchant_key, rail, capture, purpose, expires_in, created_at, closed_at, requested_by, explanation, approval_id)
		SELECT company_id, live, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid,
			($1::uuid[])[1 + (n * 7919) % 120], (CASE WHEN n % 20 = 0 THEN 'denied' WHEN n % 31 = 0 THEN 'expired' ELSE 'confirmed' END)::authorization_status,
			(CASE WHEN n % 20 = 0 THEN 'DENIED' ELSE 'APPROVED' END)::authorization_decision, CASE WHEN n % 20 = 0 THEN 'transaction_limit' ELSE 'ok' END,
			reason, CASE WHEN n % 3 = 0 THEN 'eur' ELSE 'usd' END, n % 70000, n % 70000, 'Merchant Number ' || n * 31 % 300,
			'shop' || n * 31 % 300 || '.example.com', 'shop' || n * 31 % 300 || '.example.com', rail, capture, 'Spare parts for order ' || n, expires_in, at, at, requested_by, explanation,
			CASE WHEN n % 33 = 0 THEN gen_random_uuid() END
		FROM (SELECT * FROM authorizations LIMIT 1) one,
			(SELECT n, clock_timestamp() - n * interval '155 seconds' AS at FROM generate_series(1, 50000) n) history`, agents)
	h.exec(`INSERT INTO approvals (company_id, live, approval_id, authorization_id, agent_id, status, requirements, digest, expires_at, created_at, decided_at)
		SELECT company_id, live, approval_id, authorization_id, agent_id, 'approved', '[]', 'x', created_at, created_at, created_at FROM authorizations WHERE approval_id IS NOT NULL`)
	h.exec(`INSERT INTO meters SELECT m.company_id, m.live, a.agent_id, 'usd', 'UTC', m.day_from, a.n, 0, m.week_from, a.n, 0, m.month_from, a.n, 0, m.quarter_from, a.n, 0, m.year_from, a.n, 0, a.n, 0
		FROM (SELECT * FROM meters WHERE subject = $1 AND currency = 'usd' LIMIT 1) m, (SELECT agent_id, row_number() OVER () AS n FROM agents WHERE agent_id <> $1) a`, agents[0])
	h.analyze()
	return h, agents
}

// analyze has the database know its tables, as their owner.
func (h *house) analyze() {
	h.t.Helper()
	conn, err := h.pool.Acquire(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Release()
	for _, sql := range []string{"SET ROLE NONE", "VACUUM ANALYZE", "RESET ROLE"} {
		if _, err := conn.Exec(h.t.Context(), sql); err != nil {
			h.t.Fatal(err)
		}
	}
}

// shadow puts rules into shadow for the whole company.
func (h *house) shadow(rules string) uuid.UUID {
	h.t.Helper()
	h.policy(rules)
	var id uuid.UUID
	if err := h.pool.QueryRow(h.t.Context(), `UPDATE policies SET status = 'shadow', epoch = epoch + 1 WHERE policy_id = (SELECT policy_id FROM policies ORDER BY policy_id DESC LIMIT 1)
		RETURNING policy_id`).Scan(&id); err != nil {
		h.t.Fatal(err)
	}
	h.exec(`UPDATE company_modes SET epoch = epoch + 1 WHERE live = $1`, h.tenant.Live)
	return id
}

// reports gives every report to measure.
func reports(tb testing.TB, measure func(h *house, name string, run func() error)) {
	h, agents := years(tb)
	ctx, now := tb.Context(), time.Now()
	quarter := meter.Window{From: now.Add(-90 * 24 * time.Hour)}
	month := meter.Window{From: now.Add(-30 * 24 * time.Hour)}
	var shadow uuid.UUID
	if err := h.pool.QueryRow(ctx, `SELECT policy_id FROM policies WHERE status = 'shadow'`).Scan(&shadow); err != nil {
		tb.Fatal(err)
	}
	list, err := h.gate.List(ctx, h.tenant, spend.Filter{}, uuid.Nil, 50)
	if err != nil {
		tb.Fatal(err)
	}
	var keys []string
	for _, a := range list {
		keys = append(keys, a.MerchantKey)
	}
	for name, run := range map[string]func() error{
		"Totals":      func() error { _, err := h.gate.Totals(ctx, h.tenant, uuid.Nil); return err },
		"TotalsAgent": func() error { _, err := h.gate.Totals(ctx, h.tenant, agents[3]); return err },
		"Daily30":     func() error { _, err := h.gate.Daily(ctx, h.tenant, spend.DailyQuery{Days: 30, Agents: 6}); return err },
		"Daily90":     func() error { _, err := h.gate.Daily(ctx, h.tenant, spend.DailyQuery{Days: 90, Agents: 6}); return err },
		"DailyAgent": func() error {
			_, err := h.gate.Daily(ctx, h.tenant, spend.DailyQuery{Days: 90, Agents: 6, Agent: agents[3]})
			return err
		},
		"Top30":       func() error { _, err := h.gate.TopMerchants(ctx, h.tenant, month, uuid.Nil, 8); return err },
		"Top90":       func() error { _, err := h.gate.TopMerchants(ctx, h.tenant, quarter, uuid.Nil, 8); return err },
		"Denied30":    func() error { _, err := h.gate.DeniedReasons(ctx, h.tenant, month, uuid.Nil); return err },
		"Denied90":    func() error { _, err := h.gate.DeniedReasons(ctx, h.tenant, quarter, uuid.Nil); return err },
		"Merchants1":  func() error { _, err := h.gate.MerchantHistories(ctx, h.tenant, keys[:1], quarter); return err },
		"Merchants50": func() error { _, err := h.gate.MerchantHistories(ctx, h.tenant, keys, quarter); return err },
		"Precedents":  func() error { _, err := h.gate.Precedents(ctx, h.tenant, list, 3); return err },
		"List":        func() error { _, err := h.gate.List(ctx, h.tenant, spend.Filter{}, uuid.Nil, 51); return err },
		"Search":      func() error { _, err := h.gate.Search(ctx, h.tenant, spend.Search{}, uuid.Nil, 50); return err },
		"SearchText": func() error {
			_, err := h.gate.Search(ctx, h.tenant, spend.Search{Text: "order 33"}, uuid.Nil, 50)
			return err
		},
		"SearchNone": func() error {
			_, err := h.gate.Search(ctx, h.tenant, spend.Search{Text: "nobody says this"}, uuid.Nil, 50)
			return err
		},
		"SearchRare": func() error {
			_, err := h.gate.Search(ctx, h.tenant, spend.Search{ReasonCode: "no_such"}, uuid.Nil, 50)
			return err
		},
		"SearchAgent": func() error {
			_, err := h.gate.Search(ctx, h.tenant, spend.Search{Filter: spend.Filter{Agent: agents[3]}, ReasonCode: "no_such"}, uuid.Nil, 50)
			return err
		},
		"Near":    func() error { _, err := h.gate.NearLimits(ctx, h.tenant, 10); return err },
		"Budgets": func() error { _, err := h.gate.Budgets(ctx, h.tenant, agents[:50]); return err },
		"Shadow":  func() error { _, err := h.gate.Shadow(ctx, h.tenant, shadow, quarter, 50); return err },
		"Inbox":   func() error { _, err := h.gate.Inbox(ctx, h.tenant, uuid.Nil, uuid.Nil, 50); return err },
	} {
		measure(h, name, run)
	}
}

// BenchmarkReports says how long each takes at best, on a company of ten times
// the demo's size.
func BenchmarkReports(b *testing.B) {
	reports(b, func(_ *house, name string, run func() error) {
		b.Run(name, func(b *testing.B) {
			best := time.Hour
			for b.Loop() {
				begun := time.Now()
				if err := run(); err != nil {
					b.Fatal(err)
				}
				best = min(best, time.Since(begun))
			}
			b.ReportMetric(float64(best.Microseconds())/1000, "ms-best")
		})
	})
}
