package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// held makes an agent whose every request above ten waits for one person, and
// one such request; it gives the agent's handle, the policy and the answer.
func (f *firm) held(handle string) (policy, a answer) {
	f.t.Helper()
	f.agent(handle)
	policy = f.admin.want(201, "", "POST", "/v1/policies", map[string]any{"name": handle, "agents": []string{handle}, "rules": threshold(10)})
	return policy, f.spend.want(202, "", "POST", "/v1/authorize", ask(handle, 20))
}

func threshold(amount int) []rule {
	return []rule{{"type": "approval_threshold", "amount": amount, "currency": "usd"}}
}

func TestAShortApprovalTimeout(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.admin.want(422, "timeout_out_of_range", "PATCH", "/v1/company", map[string]any{"approval_timeout": "0s"})
	if c := f.admin.want(200, "", "PATCH", "/v1/company", map[string]any{"approval_timeout": "1s"}); c.text("approval_timeout") != "1s" {
		t.Errorf("settings: %s", c.body)
	}
	_, a := f.held("bot")
	time.Sleep(1100 * time.Millisecond)
	if got := f.read.want(200, "", "GET", "/v1/authorize/"+a.text("id"), nil); got.text("status") != "expired" || got.at("token") != nil {
		t.Errorf("after the timeout: %s", got.body)
	}
	f.approvals.want(409, "authorization_expired", "POST", "/v1/approvals/"+a.text("approval", "id")+"/approve", nil)
}

func TestADecidedRequestHasNoRemedies(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	for i, verdict := range []string{"approve", "deny"} {
		_, a := f.held(fmt.Sprint("bot", i))
		if a.size("remedies") == 0 {
			t.Errorf("held: %s", a.body)
		}
		f.approvals.want(200, "", "POST", "/v1/approvals/"+a.text("approval", "id")+"/"+verdict, nil)
		if got := f.read.want(200, "", "GET", "/v1/authorize/"+a.text("id"), nil); got.size("remedies") != 0 {
			t.Errorf("%s: %s", verdict, got.body)
		}
	}
}

func TestShownIsStaleOnceAPolicyHasANewVersion(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	p, a := f.held("bot")
	path := "/v1/approvals/" + a.text("approval", "id")
	first := f.read.want(200, "", "GET", path, nil).text("digest")
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1)) // a budget's move changes nothing
	if again := f.read.want(200, "", "GET", path, nil).text("digest"); first == "" || first != a.text("approval", "digest") || again != first {
		t.Errorf("digests: %s %s", first, again)
	}
	f.admin.want(200, "", "PUT", "/v1/policies/"+p.text("id"), map[string]any{"name": "bot", "agents": []string{"bot"}, "rules": threshold(15)})
	f.approvals.want(409, "approval_changed", "POST", path+"/approve", map[string]any{"shown": first})
	second := f.read.want(200, "", "GET", path, nil).text("digest")
	if listed := f.read.want(200, "", "GET", "/v1/approvals", nil).text("data", 0, "digest"); second == first || listed != second {
		t.Errorf("after a new version: %s, listed %s", second, listed)
	}
	f.approvals.want(200, "", "POST", path+"/approve", map[string]any{"shown": second})
}

func TestTheReplayOfAnAuthorizationIsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	c := f.spend.with("Idempotency-Key", "k")
	first := c.want(200, "", "POST", "/v1/authorize", ask("bot", 1))
	time.Sleep(1100 * time.Millisecond) // so that a token made anew would have other times
	if second := c.want(200, "", "POST", "/v1/authorize", ask("bot", 1)); string(second.body) != string(first.body) || second.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s\nthen  %s", first.body, second.body)
	}
}

func TestListingByAMerchantInAnyCase(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	a := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1))
	for _, m := range []string{"AWS", "aws", "aws.amazon.com", "AWS.Amazon.com"} {
		if l := f.read.want(200, "", "GET", "/v1/authorizations?merchant="+m, nil); l.size("data") != 1 || l.text("data", 0, "id") != a.text("id") {
			t.Errorf("%s: %s", m, l.body)
		}
	}
	if l := f.read.want(200, "", "GET", "/v1/authorizations?merchant=aw", nil); l.size("data") != 0 {
		t.Errorf("a part of the name: %s", l.body)
	}
}

func TestAnAgentsPoliciesIncludeItsDrafts(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	for _, status := range []string{"draft", "shadow", "active", "archived"} {
		f.admin.want(201, "", "POST", "/v1/policies", map[string]any{"name": status, "status": status, "agents": []string{"bot"}, "rules": []rule{limit(1)}})
	}
	l := f.read.want(200, "", "GET", "/v1/agents/bot/policies", nil)
	if l.size("data") != 3 || l.text("data", 0, "status") != "active" || l.text("data", 1, "status") != "shadow" || l.text("data", 2, "status") != "draft" {
		t.Errorf("policies: %s", l.body)
	}
}

func TestAnAgentsPoliciesAreInWords(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	members := f.admin.want(200, "", "GET", "/v1/members", nil)
	f.admin.want(201, "", "POST", "/v1/policies", map[string]any{"name": "P", "agents": []string{"bot"}, "rules": []rule{
		{"type": "transaction_limit", "amount": 3000, "currency": "usd"},
		{"type": "approval_threshold", "amount": 500, "currency": "usd", "approvers": []string{members.text("data", 0, "id")}},
		{"type": "limit", "period": "month", "amount": 5000, "currency": "usd"}}})
	l := f.read.want(200, "", "GET", "/v1/agents/bot/policies", nil)
	for i, want := range []string{"Denies any single payment above 3,000.00 USD.", "Asks " + members.text("data", 0, "id") + " above 500.00 USD.",
		"Each covered agent may spend 5,000.00 USD a month (the company's time, Europe/Berlin).",
		"Denies currencies other than USD, because its amounts speak of no others."} {
		if got := l.text("data", 0, "sentences", i); got != want {
			t.Errorf("sentence %d is %q, not %q", i, got, want)
		}
	}
	if strings.Contains(string(l.body), "@") {
		t.Errorf("an address is told: %s", l.body)
	}
}

func TestAPolicyThatContradictsItselfIsWarnedAbout(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	for code, rules := range map[string][]rule{
		"nothing_allowed": {{"type": "mcc", "mode": "allow", "values": []string{"7372"}}, {"type": "mcc", "mode": "block", "values": []string{"7000-7999"}}},
		"never_reached":   {{"type": "limit", "period": "day", "amount": 500, "currency": "usd"}, limit(100)},
	} {
		if p := f.policy(rules...); p.size("warnings") != 1 || p.text("warnings", 0, "code") != code || p.text("warnings", 0, "location") != "rules[0]" {
			t.Errorf("%s: %s", code, p.body)
		}
	}
}

func TestNothingOfADeletedAgentIsApproved(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	_, a := f.held("bot")
	f.admin.want(200, "", "DELETE", "/v1/agents/bot", nil)
	f.approvals.want(409, "agent_deleted", "POST", "/v1/approvals/"+a.text("approval", "id")+"/approve", nil)
	f.spend.want(200, "", "POST", "/v1/authorize/"+a.text("id")+"/void", nil)
}

func TestNewMerchantSaysWhatItLookedFor(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(rule{"type": "new_merchant", "effect": "require_approval"})
	if a := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 1)); a.text("trace", 0, "value") != "aws.amazon.com" {
		t.Errorf("trace: %s", a.body)
	}
	a := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 1, "merchant", map[string]any{"name": "AWS"}))
	if a.text("trace", 0, "value") != "AWS" {
		t.Errorf("trace: %s", a.body)
	}
}
