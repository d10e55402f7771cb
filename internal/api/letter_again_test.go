package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestAutoCaptureOfPeople: what is confirmed by its decision has its token also
// when people decide, and a processor claims it once.
func TestAutoCaptureOfPeople(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(threshold(10)...)
	held := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 20, "capture", "auto"))
	if listed := f.read.want(200, "", "GET", "/v1/authorizations", nil); listed.text("data", 0, "approval", "id") != held.text("approval", "id") {
		t.Errorf("a list does not say what it waits for: %s", listed.body)
	}
	f.approvals.want(200, "", "POST", "/v1/approvals/"+held.text("approval", "id")+"/approve", map[string]any{"amount": 15})
	path := "/v1/authorize/" + held.text("id")
	got := f.spend.want(200, "", "GET", path, nil)
	if got.text("status") != "confirmed" || strings.Count(got.text("token"), ".") != 2 {
		t.Fatalf("%s", got.body)
	}
	token := map[string]any{"token": got.text("token")}
	if r := f.settle.want(200, "", "POST", "/v1/tokens/redeem", token); r.text("amount") != "15.00" || r.at("redeemed_at") == nil || r.text("status") != "confirmed" {
		t.Errorf("%s", r.body)
	}
	f.settle.want(409, "authorization_redeemed", "POST", "/v1/tokens/redeem", token)
	explicit := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 5))
	f.spend.want(200, "", "POST", "/v1/authorize/"+explicit.text("id")+"/confirm", nil)
	f.settle.want(409, "authorization_confirmed", "POST", "/v1/tokens/redeem", map[string]any{"token": explicit.text("token")})
}

// TestRedemptionLeavesNothingToAgents: where tokens must be redeemed, nobody
// confirms by asking.
func TestRedemptionLeavesNothingToAgents(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	f.owner.want(200, "", "PATCH", "/v1/company", map[string]any{"require_redemption": true})
	refused := f.spend.want(422, "redemption_required", "POST", "/v1/authorize", ask("bot", 20, "capture", "auto"))
	if refused.text("errors", 0, "location") != "body.capture" {
		t.Errorf("%s", refused.body)
	}
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 20))
}

// TestAnswersOutliveWhatTheyNamed: a repeated request has its answer also when
// its token has ended, or its handle is nobody's by now.
func TestAnswersOutliveWhatTheyNamed(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	id := f.agent("bot")
	f.policy(limit(1000))
	asks, redeems := f.spend.with("Idempotency-Key", "ask"), f.settle.with("Idempotency-Key", "redeem")
	request := ask("bot", 5, "expires_in", 10) // time enough to redeem it, on a busy machine also
	a := asks.want(200, "", "POST", "/v1/authorize", request)
	token := map[string]any{"token": a.text("token")}
	first := redeems.want(200, "", "POST", "/v1/tokens/redeem", token)
	time.Sleep(11100 * time.Millisecond)
	if again := redeems.want(200, "", "POST", "/v1/tokens/redeem", token); again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != first.text("id") {
		t.Errorf("%s", again.body)
	}
	f.settle.want(422, "invalid_token", "POST", "/v1/tokens/redeem", token)
	f.settle.with("Idempotency-Key", "other").want(422, "invalid_token", "POST", "/v1/tokens/redeem", token)
	f.admin.want(200, "", "DELETE", "/v1/agents/"+id, nil)
	f.api.handles.known.InvalidateAll() // as another server, which never knew it
	if again := asks.want(200, "", "POST", "/v1/authorize", request); again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != a.text("id") {
		t.Errorf("%s", again.body)
	}
	f.spend.want(404, "not_found", "POST", "/v1/authorize", ask("bot", 5))
	asks.want(422, "idempotency_conflict", "POST", "/v1/authorize", ask(id, 6))
}

// TestClocksMayDiffer: a token that the database has dated a moment later than it
// is here is redeemed all the same.
func TestClocksMayDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 5)).text("token"), claims)
	if err != nil {
		t.Fatal(err)
	}
	later := func(by time.Duration) map[string]any {
		at := time.Now().Add(by).Unix()
		claims["iat"], claims["nbf"] = at, at
		token, err := w.api.keys.Sign(parsed.Header["typ"].(string), claims)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"token": token}
	}
	f.settle.want(422, "invalid_token", "POST", "/v1/tokens/redeem", later(2*time.Minute))
	f.settle.want(200, "", "POST", "/v1/tokens/redeem", later(4*time.Second))
}

// TestIDsOfAnyLength are no ids, and nothing is there.
func TestIDsOfAnyLength(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	long := strings.Repeat("0", 70)
	for _, path := range []string{"/v1/authorize/auth_", "/v1/agents/agent_", "/v1/policies/pol_", "/v1/approvals/appr_", "/v1/api-keys/key_",
		"/v1/cards/card_eur_", "/v1/audit/evt_", "/v1/webhooks/whk_", "/v1/budget/"} {
		f.owner.with("X-Mode", "test").want(http.StatusNotFound, "not_found", "GET", path+long, nil)
	}
	f.spend.want(404, "not_found", "POST", "/v1/authorize", ask("agent_"+long, 5))
}

// TestPoliciesOfAnAgentAreAList with pages, like every other; and its cursors are
// of the agent that the call was scoped to.
func TestPoliciesOfAnAgentAreAList(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.agent("other")
	want := map[string]bool{}
	for range 3 {
		want[f.policy(limit(1000)).text("id")] = true
	}
	cursor := ""
	for page := range 3 {
		l := f.read.want(200, "", "GET", "/v1/agents/bot/policies?limit=1"+cursor, nil)
		if l.size("data") != 1 || !want[l.text("data", 0, "id")] || l.text("has_more") != map[bool]string{true: "true", false: "false"}[page < 2] {
			t.Errorf("page %d: %s", page, l.body)
		}
		delete(want, l.text("data", 0, "id"))
		cursor = "&cursor=" + l.text("next_cursor")
	}
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 5))
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 5))
	bot := f.read.with("X-Agent-Id", "bot")
	next := "/v1/authorizations?limit=1&cursor=" + bot.want(200, "", "GET", "/v1/authorizations?limit=1", nil).text("next_cursor")
	bot.want(200, "", "GET", next, nil)
	f.read.with("X-Agent-Id", "other").want(400, "invalid_cursor", "GET", next, nil)
	f.read.want(400, "invalid_cursor", "GET", next, nil)
}

// TestNewVersionKeepsTheStatus that it does not name.
func TestNewVersionKeepsTheStatus(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	body := func(more ...any) map[string]any {
		out := map[string]any{"name": "P", "rules": []rule{limit(1)}}
		for i := 0; i < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	path := "/v1/policies/" + f.admin.want(201, "", "POST", "/v1/policies", body("status", "draft")).text("id")
	is := func(want string, a answer) {
		t.Helper()
		if a.text("status") != want {
			t.Errorf("it is %s, want %s", a.text("status"), want)
		}
	}
	is("draft", f.admin.want(200, "", "PUT", path, body()))
	is("shadow", f.admin.want(200, "", "PUT", path, body("status", "shadow")))
	is("shadow", f.admin.want(200, "", "PUT", path, body()))
	f.admin.want(200, "", "DELETE", path, nil)
	is("archived", f.admin.want(200, "", "PUT", path, body()))
	is("active", f.admin.want(200, "", "PUT", path, body("status", "active")))
}

// TestAnyOfSeveralVersions that a precondition names will do.
func TestAnyOfSeveralVersions(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	path := "/v1/policies/" + f.policy(limit(1)).text("id")
	body := map[string]any{"name": "P", "rules": []rule{limit(2)}}
	f.admin.with("If-Match", `"v7", "v1"`).want(200, "", "PUT", path, body)
	f.admin.with("If-Match", `"v7", "v1"`).want(412, "version_stale", "PUT", path, body)
	f.admin.with("If-Match", `"x"`).want(412, "version_stale", "PUT", path, body)
}
