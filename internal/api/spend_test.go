package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// policy makes a company-wide policy and gives its answer.
func (f *firm) policy(rules ...map[string]any) answer {
	f.t.Helper()
	return f.admin.want(201, "", "POST", "/v1/policies", map[string]any{"name": "P", "rules": rules})
}

type rule = map[string]any

func limit(amount any) rule {
	return rule{"type": "limit", "period": "month", "amount": amount, "currency": "usd"}
}

func ask(agent string, amount any, extra ...any) map[string]any {
	body := map[string]any{"agent": agent, "amount": amount, "currency": "USD", "merchant": map[string]any{"name": "AWS", "domain": "aws.amazon.com", "mcc": "7372", "country": "us"}}
	for i := 0; i < len(extra); i += 2 {
		body[extra[i].(string)] = extra[i+1]
	}
	return body
}

func TestAuthorizeConfirmVoid(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	id := f.agent("bot")
	if d := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 10)); d.text("decision") != "DENIED" || d.text("reason_code") != "no_policy" {
		t.Errorf("without a policy: %s", d.body)
	}
	f.policy(limit(100))
	a := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", "60.50", "metadata", map[string]string{"po": "1"}))
	if a.text("decision") != "APPROVED" || a.text("status") != "pending" || a.text("amount") != "60.50" || a.text("currency") != "usd" ||
		a.text("agent") != id || a.text("merchant", "country") != "US" || a.text("trace", 0, "remaining") != "39.50" || a.at("approval") != nil || a.size("remedies") != 0 {
		t.Errorf("approved: %s", a.body)
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(a.text("token"), claims); err != nil || claims["jti"] != a.text("id") || claims["amount"] != "60.50" || claims["livemode"] != false {
		t.Errorf("token: %v %v", err, claims)
	}
	d := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 50))
	if d.text("decision") != "DENIED" || d.text("reason_code") != "limit_exceeded" || d.text("remedies", 0, "max_amount") != "39.50" {
		t.Errorf("denied: %s", d.body)
	}
	b := f.spend.want(200, "", "GET", "/v1/budget/bot", nil)
	if b.text("budgets", 0, "max_amount_now") != "39.50" || b.text("budgets", 0, "limits", 0, "reserved") != "60.50" || b.text("budgets", 0, "bounded_by", "rule") != "limit" {
		t.Errorf("budget: %s", b.body)
	}
	path := "/v1/authorize/" + a.text("id")
	f.spend.want(422, "amount_above_hold", "POST", path+"/confirm", map[string]any{"amount": 60.51})
	f.spend.want(422, "", "POST", path+"/confirm", map[string]any{"amount": "1.001"})
	c := f.spend.want(200, "", "POST", path+"/confirm", map[string]any{"amount": 20, "reference": "pay_1"})
	if c.text("status") != "confirmed" || c.text("amount") != "20.00" || c.text("requested_amount") != "60.50" || c.text("reference") != "pay_1" {
		t.Errorf("confirmed: %s", c.body)
	}
	f.spend.want(200, "", "POST", path+"/confirm", map[string]any{"amount": 20})
	f.spend.want(409, "authorization_confirmed", "POST", path+"/confirm", map[string]any{"amount": 21})
	f.spend.want(409, "authorization_confirmed", "POST", path+"/void", nil)
	if got := f.read.want(200, "", "GET", path, nil); got.text("status") != "confirmed" || got.at("token") != nil {
		t.Errorf("got: %s", got.body)
	}
	v := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1))
	f.spend.want(200, "", "POST", "/v1/authorize/"+v.text("id")+"/void", map[string]any{"reason": "no"})
	f.spend.want(200, "", "POST", "/v1/authorize/"+v.text("id")+"/void", nil)
	if dry := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 5, "dry_run", true)); dry.at("id") != nil || dry.at("token") != nil || dry.text("decision") != "APPROVED" {
		t.Errorf("dry run: %s", dry.body)
	}
	l := f.read.want(200, "", "GET", "/v1/authorizations?agent=bot&status=confirmed&merchant=aws.amazon.com&currency=USD", nil)
	if l.size("data") != 1 || l.text("data", 0, "id") != a.text("id") {
		t.Errorf("list: %s", l.body)
	}
	f.read.want(404, "not_found", "GET", "/v1/authorizations?agent=nobody", nil)
	f.read.want(422, "", "GET", "/v1/authorizations?from=yesterday", nil)
	f.live.want(404, "not_found", "GET", path, nil)
	f.live.want(404, "not_found", "POST", path+"/void", nil)
}

func TestBadAmounts(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	for literal, code := range map[string]string{"-1": "amount_negative", "0": "amount_zero", "1e400": "amount_too_large", `"12,50"`: "amount_not_a_number",
		"null": "wrong_type", "1.001": "amount_too_precise", "9223372036854775807": "amount_too_large", `"NaN"`: "amount_not_a_number", "true": "wrong_type",
		"1e99999999999999999999": "amount_too_large", `""`: "amount_missing", "1e-9999": "amount_too_precise"} {
		body := fmt.Sprintf(`{"agent":"bot","amount":%s,"currency":"usd","merchant":{"name":"x"}}`, literal)
		a := f.spend.want(422, code, "POST", "/v1/authorize", body)
		if a.text("errors", 0, "location") != "body.amount" {
			t.Errorf("%s: %s", literal, a.body)
		}
	}
	f.spend.want(400, "malformed_json", "POST", "/v1/authorize", `{"agent":"bot","amount":NaN,"currency":"usd","merchant":{"name":"x"}}`)
	for currency, code := range map[string]string{"xxx": "currency_not_money", "xau": "currency_not_money", "zzz": "currency_unknown", "us": "currency_unknown"} {
		f.spend.want(422, code, "POST", "/v1/authorize", ask("bot", 1, "currency", currency))
	}
	f.spend.want(422, "amount_too_precise", "POST", "/v1/authorize", ask("bot", 10.5, "currency", "jpy"))
	f.spend.want(422, "amount_too_precise", "POST", "/v1/authorize", ask("bot", "1.2345", "currency", "kwd"))
	two := f.spend.want(422, "field_required", "POST", "/v1/authorize", map[string]any{"agent": "bot", "amount": 1})
	if two.size("errors") != 2 {
		t.Errorf("both missing fields are named: %s", two.body)
	}
	f.spend.want(404, "not_found", "POST", "/v1/authorize", ask("nobody", 1))
	f.spend.want(422, "field_required", "POST", "/v1/authorize", ask("", 1))
	f.spend.want(422, "", "POST", "/v1/authorize", ask("bot", 1, "expires_in", 604801))
	f.spend.want(422, "", "POST", "/v1/authorize", ask("bot", 1, "expires_in", 0))
	f.spend.want(422, "", "POST", "/v1/authorize", ask("bot", 1, "merchant", map[string]any{"name": "  "}))
	f.spend.want(422, "", "POST", "/v1/authorize", ask("bot", 1, "merchant", map[string]any{"name": "x", "mcc": "12"}))
}

func TestAuthorizeOnce(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.agent("other")
	f.policy(limit(100))
	c := f.spend.with("Idempotency-Key", "k-1")
	first := c.want(200, "", "POST", "/v1/authorize", ask("bot", 40))
	again := c.want(200, "", "POST", "/v1/authorize", `{"merchant":{"name":"AWS","domain":"aws.amazon.com","mcc":"7372","country":"us"},"currency":"USD","amount":4e1,"agent":"bot"}`)
	if again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != first.text("id") || again.text("token") == "" {
		t.Errorf("again: %v %s", again.header, again.body)
	}
	c.want(422, "idempotency_conflict", "POST", "/v1/authorize", ask("bot", 41))
	c.want(422, "idempotency_conflict", "POST", "/v1/authorize/"+first.text("id")+"/void", nil)
	if b := f.spend.want(200, "", "GET", "/v1/budget/bot", nil); b.text("budgets", 0, "limits", 0, "reserved") != "40.00" {
		t.Errorf("budget: %s", b.body)
	}
	scoped := f.spend.with("X-Agent-Id", "other", "Idempotency-Key", "k-2")
	if a := scoped.want(200, "", "POST", "/v1/authorize", ask("", 1, "agent", "other")); a.text("agent") == first.text("agent") {
		t.Errorf("X-Agent-Id: %s", a.body)
	}
	f.spend.with("X-Agent-Id", "other").want(422, "agent_mismatch", "POST", "/v1/authorize", ask("bot", 1))
	f.spend.with("X-Agent-Id", "other").want(404, "not_found", "GET", "/v1/authorize/"+first.text("id"), nil)
}

func TestApprovalsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1000), rule{"type": "approval_threshold", "amount": 50, "currency": "usd"})
	held := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 80))
	if held.text("decision") != "REQUIRES_APPROVAL" || held.text("status") != "held" || held.at("token") != nil || held.text("approval", "status") != "pending" {
		t.Fatalf("held: %s", held.body)
	}
	waited := make(chan answer)
	go func() {
		waited <- f.spend.want(200, "", "GET", "/v1/authorize/"+held.text("id")+"?wait=30", nil)
	}()
	l := f.approvals.want(200, "", "GET", "/v1/approvals", nil)
	if l.size("data") != 1 || l.text("data", 0, "authorization", "id") != held.text("id") {
		t.Errorf("list: %s", l.body)
	}
	path := "/v1/approvals/" + held.text("approval", "id")
	f.admin.want(403, "scope_missing", "POST", path+"/approve", nil)
	f.spend.want(403, "scope_missing", "POST", path+"/approve", nil)
	f.approvals.want(409, "approval_changed", "POST", path+"/approve", map[string]any{"shown": "other"})
	f.approvals.want(422, "amount_above_request", "POST", path+"/approve", map[string]any{"amount": 81})
	digest := f.read.want(200, "", "GET", path, nil).text("digest")
	c := f.approvals.with("Idempotency-Key", "yes")
	yes := c.want(200, "", "POST", path+"/approve", map[string]any{"shown": digest, "amount": 70, "comment": "ok"})
	if yes.text("status") != "approved" || yes.text("authorization", "amount") != "70.00" || yes.text("votes", 0, "verdict") != "approve" {
		t.Errorf("approved: %s", yes.body)
	}
	if again := c.want(200, "", "POST", path+"/approve", map[string]any{"shown": digest, "amount": 70.0, "comment": "ok"}); again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %s", again.body)
	}
	select {
	case w := <-waited:
		if w.text("status") != "pending" || w.text("token") == "" {
			t.Errorf("waited: %s", w.body)
		}
	case <-time.After(10 * time.Second):
		t.Error("the waiting caller was not told")
	}
	f.approvals.want(409, "authorization_pending", "POST", path+"/deny", nil)
	second := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 80))
	f.owner.want(200, "", "POST", "/v1/approvals/"+second.text("approval", "id")+"/deny", map[string]any{"reason": "no"})
	if got := f.spend.want(200, "", "GET", "/v1/authorize/"+second.text("id"), nil); got.text("status") != "denied" || got.text("reason_code") != "denied_by_approver" {
		t.Errorf("denied: %s", got.body)
	}
	own := f.owner.want(202, "", "POST", "/v1/authorize", ask("bot", 80))
	f.approvals.want(403, "own_request", "POST", "/v1/approvals/"+own.text("approval", "id")+"/approve", nil)
	f.approvals.want(404, "not_found", "POST", "/v1/approvals/appr_x/approve", nil)
	f.live.want(404, "not_found", "GET", path, nil)
}

func TestRedeemOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1000))
	a := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 10))
	body := map[string]any{"token": a.text("token")}
	f.spend.want(403, "scope_missing", "POST", "/v1/tokens/redeem", body)
	f.settle.want(422, "invalid_token", "POST", "/v1/tokens/redeem", map[string]any{"token": "eyJ.x.y"})
	if r := f.settle.want(200, "", "POST", "/v1/tokens/redeem", body); r.at("redeemed_at") == nil || r.text("status") != "pending" {
		t.Errorf("redeemed: %s", r.body)
	}
	f.settle.want(409, "authorization_redeemed", "POST", "/v1/tokens/redeem", body)
	f.spend.want(409, "authorization_redeemed", "POST", "/v1/authorize/"+a.text("id")+"/void", nil)
	f.settle.want(200, "", "POST", "/v1/authorize/"+a.text("id")+"/confirm", nil)
}

func TestFrozenOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1000))
	open := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 10))
	f.admin.want(200, "", "POST", "/v1/agents/bot/freeze", nil)
	if d := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 10)); d.text("reason_code") != "agent_frozen" || d.text("decision") != "DENIED" {
		t.Errorf("agent frozen: %s", d.body)
	}
	f.spend.want(200, "", "POST", "/v1/authorize/"+open.text("id")+"/confirm", nil)
	f.admin.want(200, "", "POST", "/v1/agents/bot/unfreeze", nil)
	f.admin.want(200, "", "POST", "/v1/company/freeze", nil)
	if d := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 10)); d.text("reason_code") != "company_frozen" {
		t.Errorf("company frozen: %s", d.body)
	}
}

func TestPoliciesOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	bot := f.agent("bot")
	body := map[string]any{"name": "P", "agents": []string{"bot"}, "effective_from": nil, "rules": []rule{limit(5000.50), {"type": "velocity", "window": "1h", "count": 10}}}
	made := f.admin.with("Idempotency-Key", "p").want(201, "", "POST", "/v1/policies", body)
	if made.header.Get("ETag") != `"v1"` || made.text("agents", 0) != bot || made.text("rules", 0, "amount") != "5000.50" || made.text("status") != "active" || made.size("warnings") != 0 {
		t.Errorf("made: %v %s", made.header, made.body)
	}
	if again := f.admin.with("Idempotency-Key", "p").want(201, "", "POST", "/v1/policies", body); again.text("id") != made.text("id") || again.header.Get("ETag") != `"v1"` {
		t.Errorf("again: %v %s", again.header, again.body)
	}
	path := "/v1/policies/" + made.text("id")
	if got := f.read.want(200, "", "GET", path, nil); got.header.Get("ETag") != `"v1"` {
		t.Errorf("ETag: %v", got.header)
	}
	next := f.admin.with("If-Match", `"v1"`).want(200, "", "PUT", path, body)
	if next.text("version") != "2" || next.header.Get("ETag") != `"v2"` {
		t.Errorf("next: %v %s", next.header, next.body)
	}
	f.admin.with("If-Match", `"v1"`).want(412, "version_stale", "PUT", path, body)
	f.admin.with("If-Match", `v2`).want(400, "invalid_if_match", "PUT", path, body)
	f.admin.with("If-Match", `*`).want(200, "", "PUT", path, body)
	f.admin.want(200, "", "PUT", path, body)
	if v := f.read.want(200, "", "GET", path+"/versions?limit=3", nil); v.size("data") != 3 || v.text("data", 0, "version") != "4" || v.text("has_more") != "true" ||
		!strings.HasPrefix(v.text("data", 0, "written_by"), "key_") {
		t.Errorf("versions: %s", v.body)
	} else if rest := f.read.want(200, "", "GET", path+"/versions?limit=3&cursor="+v.text("next_cursor"), nil); rest.size("data") != 1 {
		t.Errorf("the rest: %s", rest.body)
	}
	if l := f.read.want(200, "", "GET", "/v1/agents/bot/policies", nil); l.size("data") != 1 {
		t.Errorf("of the agent: %s", l.body)
	}
	bad := f.admin.want(422, "invalid_policy", "POST", "/v1/policies", map[string]any{"name": "P", "rules": []rule{limit(1), {"type": "expression", "when": "amount >", "effect": "deny"}, {"type": "mcc", "mode": "allow", "values": []string{"9-1"}}}})
	if bad.size("errors") != 2 || bad.text("errors", 0, "location") != "body.rules[1].when" {
		t.Errorf("bad: %s", bad.body)
	}
	f.admin.want(422, "", "POST", "/v1/policies", map[string]any{"name": "P", "rules": []rule{}})
	f.admin.want(422, "", "POST", "/v1/policies", map[string]any{"name": "P", "rules": []rule{{"type": "nonsense"}}})
	f.admin.want(422, "", "POST", "/v1/policies", map[string]any{"name": "P", "rules": []rule{{"type": "rail", "mode": "allow", "values": []string{"api"}, "window": "1h"}}})
	f.admin.want(404, "not_found", "POST", "/v1/policies", map[string]any{"name": "P", "agents": []string{"nobody"}, "rules": []rule{limit(1)}})
	f.admin.want(404, "not_found", "PUT", "/v1/policies/pol_x", body)
	f.live.want(404, "not_found", "GET", path, nil)
	f.live.want(404, "not_found", "DELETE", path, nil)
	if gone := f.admin.want(200, "", "DELETE", path, nil); gone.text("status") != "archived" || gone.text("version") != "5" {
		t.Errorf("archived: %s", gone.body)
	}
	if l := f.read.want(200, "", "GET", "/v1/policies?status=active", nil); l.size("data") != 0 {
		t.Errorf("active: %s", l.body)
	}
}

func TestSimulateOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1000))
	for range 3 {
		f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 20))
	}
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	body := map[string]any{"policy": map[string]any{"name": "D", "rules": []rule{{"type": "transaction_limit", "amount": 10, "currency": "usd"}}}, "from": at(-time.Hour), "to": at(time.Hour)}
	s := f.admin.want(200, "", "POST", "/v1/policies/simulate", body)
	if s.text("total") != "3" || s.text("flip_totals", 0, "count") != "3" || s.text("flip_totals", 0, "amounts", 0, "amount") != "60.00" {
		t.Errorf("simulated: %s", s.body)
	}
	kept := f.admin.with("Idempotency-Key", "sim")
	kept.want(200, "", "POST", "/v1/policies/simulate", body)
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 20))
	if again := kept.want(200, "", "POST", "/v1/policies/simulate", body); again.text("total") != "3" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v %s", again.header, again.body)
	}
	lines := f.admin.with("Accept", "application/x-ndjson").want(200, "", "POST", "/v1/policies/simulate", body)
	if !strings.HasPrefix(lines.header.Get("Content-Type"), "application/x-ndjson") || !strings.Contains(string(lines.body), `{"result":{"from":`) {
		t.Errorf("lines: %v %s", lines.header, lines.body)
	}
	events := f.admin.with("Accept", "text/event-stream").want(200, "", "POST", "/v1/policies/simulate", body)
	if !strings.Contains(string(events.body), "event: result\ndata: {") {
		t.Errorf("events: %s", events.body)
	}
	f.read.want(403, "scope_missing", "POST", "/v1/policies/simulate", body)
	body["to"] = at(-2 * time.Hour)
	f.admin.with("Accept", "text/event-stream").want(422, "invalid_range", "POST", "/v1/policies/simulate", body)
	body["policy"] = map[string]any{"name": "D", "rules": []rule{{"type": "limit"}}}
	if bad := f.admin.want(422, "invalid_policy", "POST", "/v1/policies/simulate", body); bad.text("errors", 0, "location") != "body.policy.rules[0].amount" {
		t.Errorf("bad: %s", bad.body)
	}
	f.admin.want(422, "", "POST", "/v1/policies/simulate", map[string]any{"policy": nil})
}
