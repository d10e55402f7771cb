package spend_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// TestHistoryIsNotRead gives an agent five thousand authorizations, where most
// agents have one, and asks what the gate and the sweeper ask all the time: none may read more pages than
// it has rows to find.
func TestHistoryIsNotRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bot := h.agent("bot")
	h.policy(`[{"type":"limit","period":"month","amount":1000000,"currency":"usd"}]`)
	h.authorize(bot, 100)
	h.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, expires_at, created_at, requested_by, explanation)
		SELECT company_id, live, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
			CASE WHEN n % 8 = 0 THEN agent_id ELSE gen_random_uuid() END, 'confirmed', decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, now() - n * interval '1 minute', created_at, requested_by, explanation
		FROM authorizations, generate_series(1, 40000) n`)
	// Much is open, too, and will be for a while.
	h.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, expires_at, created_at, requested_by, explanation)
		SELECT company_id, live, gen_random_uuid(), gen_random_uuid(), 'pending', decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, now() + n * interval '1 second', created_at, requested_by, explanation
		FROM (SELECT * FROM authorizations LIMIT 1) one, generate_series(1, 3000) n`)
	h.exec(`ANALYZE authorizations`)
	companies, lives, agents := []uuid.UUID{h.tenant.Company}, []bool{h.tenant.Live}, []uuid.UUID{bot}
	for name, q := range map[string]struct {
		sql  string
		args []any
	}{
		"expired holds":        {db.ExpiredHolds, []any{companies, lives, agents, 100}},
		"whether one expired":  {db.Moment, []any{companies, lives, agents, companies, lives, agents}},
		"the sweeper":          {db.AgentsWithExpiredHolds, nil},
		"a tenant's expired":   {db.TenantAgentsWithExpiredHolds, []any{h.tenant.Company, h.tenant.Live}},
		"a budget's expired":   {db.OpenExpiredOfTenant, []any{h.tenant.Company, h.tenant.Live}},
		"agents and expired":   {db.LockSpendingAgents, []any{companies, lives, agents, companies, lives}},
		"what velocity counts": {db.RecentlyCounted, []any{[]int32{0}, companies, lives, agents, []int32{10}}},
		"twins":                {db.Twins, []any{[]int32{0}, companies, lives, agents, []uuid.UUID{ident.Floor(time.Now())}, []string{"aws"}, []string{"usd"}, []int64{100}}},
		"a list":               {db.ListAuthorizations, []any{h.tenant.Company, h.tenant.Live, uuid.Max, nil, nil, nil, nil, nil, nil, nil, nil, 10}},
		"by id":                {db.AuthorizationsByIDs, []any{companies, lives, []uuid.UUID{uuid.Max}}},
	} {
		if pages := h.pagesRead(q.sql, q.args); pages > 60 {
			t.Errorf("%s reads %d pages", name, pages)
		}
	}
}

// pagesRead runs a query as the gate's connections do and counts its pages.
func (h *house) pagesRead(sql string, args []any) int {
	h.t.Helper()
	conn, err := h.pool.Acquire(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Release()
	for _, set := range []string{"SET plan_cache_mode = force_generic_plan", "SET enable_hashjoin = off", "SET enable_mergejoin = off"} {
		if _, err := conn.Exec(h.t.Context(), set); err != nil {
			h.t.Fatal(err)
		}
	}
	var text []byte
	if err := conn.QueryRow(h.t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+sql, args...).Scan(&text); err != nil {
		h.t.Fatalf("%v in %s", err, sql)
	}
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal(text, &plans); err != nil {
		h.t.Fatal(err)
	}
	return plans[0].Plan.Hit + plans[0].Plan.Read
}
