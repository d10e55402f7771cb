package spend_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// TestPrecedents: how requests alike were decided, the same agent's first.
func TestPrecedents(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd"}]`)
	other := h.agent("other")
	decide := func(r spend.Result, verdict spend.Verdict, comment string) {
		t.Helper()
		if _, err := h.cast(r, h.member, h.person, func(v *spend.Ballot) { v.Verdict, v.Comment = verdict, comment }); err != nil {
			t.Fatal(err)
		}
	}
	first, second, others := h.authorize(bot, 6000), h.authorize(bot, 7000), h.authorize(other, 8000)
	less := money.Number("65")
	if _, err := h.cast(second, h.member, h.person, func(v *spend.Ballot) { v.Amount, v.Comment = &less, "only this" }); err != nil {
		t.Fatal(err)
	}
	decide(first, spend.ForApproval, "")
	decide(others, spend.Against, "too much")
	elsewhere := ask(bot, 6000)
	elsewhere.Merchant.Name = "Elsewhere"
	if _, err := h.gate.Authorize(t.Context(), h.call(), elsewhere); err != nil {
		t.Fatal(err)
	}
	waiting := h.authorize(bot, 6000) // is not decided
	now := h.authorize(bot, 9000).Authorization
	all, err := h.gate.Precedents(t.Context(), h.tenant, []*spend.Authorization{now, first.Authorization}, 5)
	if err != nil || len(all[first.Authorization.ID]) != 0 {
		t.Fatalf("%+v %v", all, err)
	}
	got := all[now.ID]
	if len(got) != 3 || got[0].Authorization != second.Authorization.ID || got[1].Authorization != first.Authorization.ID || got[2].Authorization != others.Authorization.ID {
		t.Fatalf("%+v (%v waits)", got, waiting.Authorization.ID)
	}
	if p := got[0]; !p.SameAgent || p.Ended != "approved" || p.Requested != 7000 || p.Amount != 6500 || p.Votes[0].Comment != "only this" || p.DecidedAt.IsZero() {
		t.Errorf("%+v", p)
	}
	if p := got[2]; p.SameAgent || p.Ended != "denied" || p.Status != spend.Denied || p.Votes[0].Member != h.member || p.Votes[0].Comment != "too much" {
		t.Errorf("%+v", p)
	}
	if all, err = h.gate.Precedents(t.Context(), h.tenant, []*spend.Authorization{now}, 1); err != nil || len(all[now.ID]) != 1 {
		t.Errorf("%+v %v", all, err)
	}
}

// TestBudgetsAreEachBudget: in bulk as one by one, with what ran out left out.
func TestBudgetsAreEachBudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	agents := h.agents(5)
	h.policy(`[{"type":"limit","period":"month","amount":100,"currency":"usd"},{"type":"limit","period":"day","amount":500,"currency":"usd","per":"company"},
		{"type":"limit","period":"week","amount":50,"currency":"eur"}]`)
	h.policy(`[{"type":"limit","period":"week","amount":90,"currency":"usd","per":"company"}]`, agents[1], agents[2])
	for i, a := range agents[:4] {
		h.authorize(a, int64(i+1)*1000)
	}
	h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() - interval '1 second' WHERE agent_id = $1`, agents[2])
	h.exec(`UPDATE agents SET status = 'deleted' WHERE agent_id = $1`, agents[4])
	same := func(got []policy.Headroom, agent uuid.UUID) {
		t.Helper()
		want, err := h.gate.Budget(t.Context(), h.tenant, agent, "")
		if err != nil || len(want) != len(got) {
			t.Fatalf("%+v, want %+v %v", got, want, err)
		}
		for i := range want {
			if *got[i].Max != *want[i].Max || len(got[i].Limits) != len(want[i].Limits) {
				t.Errorf("%v: %+v, want %+v", agent, got[i], want[i])
			}
			for j := range want[i].Limits {
				if got[i].Limits[j] != want[i].Limits[j] {
					t.Errorf("%v: %+v, want %+v", agent, got[i].Limits[j], want[i].Limits[j])
				}
			}
		}
	}
	some, err := h.gate.Budgets(t.Context(), h.tenant, []uuid.UUID{agents[1], agents[4], uuid.New()})
	if err != nil || len(some) != 2 {
		t.Fatalf("%+v %v", some, err)
	}
	same(some[agents[1]], agents[1])
	same(some[agents[4]], agents[4])
	every, err := h.gate.Budgets(t.Context(), h.tenant, nil)
	if err != nil || len(every) != 4 {
		t.Fatalf("%+v %v", every, err)
	}
	for _, a := range agents[:4] {
		same(every[a], a)
	}
}

// TestNearLimits: the fullest first, a shared one once, an unused one never.
func TestNearLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	agents := h.agents(5)
	h.policy(`[{"type":"limit","period":"month","amount":100,"currency":"usd"},{"type":"limit","period":"day","amount":400,"currency":"usd","per":"company"},
		{"type":"limit","period":"month","amount":1000,"currency":"eur"}]`)
	for i, minor := range []int64{9000, 1000, 9999, 5000} {
		h.authorize(agents[i], minor)
	}
	h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() - interval '1 second' WHERE agent_id = $1`, agents[3])
	near, err := h.gate.NearLimits(t.Context(), h.tenant, 10)
	if err != nil || len(near) != 4 {
		t.Fatalf("%+v %v", near, err)
	}
	for i, want := range []struct {
		handle string
		used   int64
	}{{"bot-2", 9999}, {"bot-0", 9000}, {"", 19999}, {"bot-1", 1000}} {
		if n := near[i]; n.Handle != want.handle || n.Used() != want.used || n.Currency != "usd" || !n.ResetsAt().After(time.Now()) {
			t.Errorf("place %d: %+v", i, n)
		}
	}
	if near, err = h.gate.NearLimits(t.Context(), h.tenant, 2); err != nil || len(near) != 2 {
		t.Errorf("%+v %v", near, err)
	}
}

// TestShadowResults: what a policy in shadow said, next to what was decided.
func TestShadowResults(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bot := h.agent("bot")
	h.policy(`[{"type":"transaction_limit","amount":100,"currency":"usd"},{"type":"approval_threshold","amount":50,"currency":"usd"}]`)
	before := h.authorize(bot, 9999) // the shadow was not there yet
	id := h.shadow(`[{"type":"transaction_limit","amount":80,"currency":"usd"},{"type":"approval_threshold","amount":20,"currency":"usd"}]`)
	var results []spend.Result
	for _, minor := range []int64{1000, 3000, 4000, 6000, 9000, 20000} {
		results = append(results, h.authorize(bot, minor))
	}
	if _, err := h.cast(results[3], h.member, h.person, nil); err != nil { // what people make of it later is not its decision
		t.Fatal(err)
	}
	day := meter.Window{From: time.Now().Add(-time.Hour)}
	got, err := h.gate.Shadow(t.Context(), h.tenant, id, day, 2)
	if err != nil || got.Looked != 7 || got.Covered != 6 || got.Truncated {
		t.Fatalf("%+v %v", got, err)
	}
	if got.Decided != (policy.Counts{Approved: 3, Denied: 1, RequiresApproval: 2}) || got.With != (policy.Counts{Approved: 1, Denied: 2, RequiresApproval: 3}) {
		t.Errorf("%+v", got)
	}
	if len(got.Totals) != 2 || got.Totals[0].Count != 2 || got.Totals[0].Amounts[0] != money.Of(7000, "usd") || got.Totals[0].After != policy.RequiresApproval ||
		got.Totals[1].Count != 1 || got.Totals[1].Before != policy.RequiresApproval || got.Totals[1].After != policy.Denied {
		t.Errorf("%+v", got.Totals)
	}
	if len(got.Samples) != 2 || got.Samples[0].Authorization != results[4].Authorization.ID || got.Samples[0].ReasonCode != "transaction_limit" ||
		got.Samples[1].Authorization != results[2].Authorization.ID || got.Samples[1].ReasonCode != "approval_required" {
		t.Errorf("%+v", got.Samples)
	}
	// An active policy is no shadow, and a window has an end.
	var active uuid.UUID
	if err := h.pool.QueryRow(t.Context(), `SELECT policy_id FROM policies WHERE status = 'active'`).Scan(&active); err != nil {
		t.Fatal(err)
	}
	if got, err = h.gate.Shadow(t.Context(), h.tenant, active, day, 2); err != nil || got.Covered != 0 {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = h.gate.Shadow(t.Context(), h.tenant, id, meter.Window{To: before.Authorization.CreatedAt}, 2); err != nil || got.Looked != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

// TestShadowLooksAtSoMany and says so.
func TestShadowLooksAtSoMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bot := h.agent("bot")
	h.policy(`[{"type":"velocity","window":"1h","count":1000}]`)
	id := h.shadow(`[{"type":"transaction_limit","amount":80,"currency":"usd"}]`)
	h.authorize(bot, 9000)
	h.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, expires_at, created_at, requested_by, explanation)
		SELECT company_id, live, ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, agent_id, 'voided', decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, expires_at, created_at + n * interval '1 second', requested_by, explanation
		FROM authorizations, generate_series(1, 3500) n`)
	got, err := h.gate.Shadow(t.Context(), h.tenant, id, meter.Window{}, 0)
	if err != nil || !got.Truncated || got.Looked != 3000 || got.Covered != 3000 || got.With.Denied != 3000 || got.Since.Before(time.Now().Add(5*time.Minute)) {
		t.Fatalf("%+v %v", got, err)
	}
	if len(got.Samples) != 0 || len(got.Totals) != 1 || got.Totals[0].Count != 3000 {
		t.Fatalf("%+v", got)
	}
}
