package api

import (
	"strings"
	"testing"
)

// A person's first company makes them one of a company: the same request again
// comes from somebody else, as far as credentials go.
func TestFirstCompanyIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := newWorld(t).signIn("new@example.com").with("Idempotency-Key", "first")
	one := p.want(201, "", "POST", "/v1/companies", map[string]any{"name": "Acme"})
	again := p.want(201, "", "POST", "/v1/companies", map[string]any{"name": "Acme"})
	if again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != one.text("id") {
		t.Errorf("again: %v %s", again.header, again.body)
	}
	p.want(422, "idempotency_conflict", "POST", "/v1/companies", map[string]any{"name": "Other"})
	if s := p.want(200, "", "GET", "/v1/auth/session", nil); s.size("companies") != 1 {
		t.Errorf("session: %s", s.body)
	}
}

func TestReplayIsTheSameToTheLetter(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	for _, amount := range []int{40, 400} {
		c := f.spend.with("Idempotency-Key", string(rune('a'+amount/40)))
		first := c.want(200, "", "POST", "/v1/authorize", ask("bot", amount))
		if again := c.want(200, "", "POST", "/v1/authorize", ask("bot", amount)); string(again.body) != string(first.body) {
			t.Errorf("first %s, again %s", first.body, again.body)
		}
	}
}

// An empty value is a script's unset variable: taken for an absent one, it
// would make a key of every agent out of one agent's.
func TestEmptyIsNotAbsent(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.owner.want(422, "invalid_value", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"spend"}, "agent": ""})
	for _, field := range []string{"currency", "time_zone"} {
		f.owner.want(422, "invalid_value", "POST", "/v1/companies", map[string]any{"name": "x", field: ""})
	}
}

func TestValidateTakesAnySecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := strings.TrimPrefix(w.signIn("a@example.com").header["Authorization"], "Bearer ")
	for _, secret := range []string{session, strings.Repeat("x", 2000)} {
		a := w.anybody().want(200, "", "POST", "/v1/auth/validate", map[string]any{"key": secret})
		if a.text("valid") != "false" {
			t.Errorf("valid: %s", a.body)
		}
	}
}

func TestAgentHeaderBesideABoundKey(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.agent("other")
	made := f.owner.want(201, "", "POST", "/v1/agents/bot/credentials", map[string]any{"name": "k"})
	bound := f.with("X-API-Key", made.text("key"))
	bound.want(403, "agent_not_bound", "POST", "/v1/authorize", ask("other", 1))
	bound.with("X-Agent-Id", "other").want(403, "agent_not_bound", "POST", "/v1/authorize", ask("other", 1))
	bound.with("X-Agent-Id", "bot").want(422, "agent_mismatch", "POST", "/v1/authorize", ask("other", 1))
	bound.with("X-Agent-Id", "bot").want(422, "agent_mismatch", "GET", "/v1/budget/other", nil)
	bound.with("X-Agent-Id", "bot").want(200, "", "POST", "/v1/authorize", ask("bot", 1))
}

// The header and a body that names an agent disagree, whatever the body is of.
func TestAgentHeaderAgainstBodies(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.agent("other")
	scoped := f.owner.with("X-Agent-Id", "bot")
	key := map[string]any{"name": "k", "mode": "test", "scopes": []string{"spend"}, "agent": "other"}
	policy := map[string]any{"name": "P", "agents": []string{"bot", "other"}, "rules": []rule{limit(1)}}
	scoped.want(422, "agent_mismatch", "POST", "/v1/api-keys", key)
	if a := scoped.want(422, "agent_mismatch", "POST", "/v1/policies", policy); a.text("errors", 0, "location") != "body.agents[1]" {
		t.Errorf("policy: %s", a.body)
	}
	if keys := f.owner.want(200, "", "GET", "/v1/api-keys?agent=other", nil); keys.size("data") != 0 {
		t.Errorf("a key was made: %s", keys.body)
	}
	key["agent"], policy["agents"] = "bot", []string{"bot"}
	scoped.want(201, "", "POST", "/v1/api-keys", key)
	scoped.want(201, "", "POST", "/v1/policies", policy)
}

func TestHandlesAreNoIDs(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	id := f.agent("bot")
	policy := f.policy(limit(1)).text("id")
	for _, handle := range []string{id, id[:len(id)-1] + "u", policy, f.id} {
		f.admin.want(422, "handle_like_id", "POST", "/v1/agents", map[string]any{"handle": handle, "name": "n"})
	}
	f.admin.want(201, "", "POST", "/v1/agents", map[string]any{"handle": "agent_procurement_bot", "name": "n"})
}

func TestNoFileOfSwaggerUI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/swagger-ui/index.html", "/swagger-ui/nothing.js"} {
		w.anybody().want(404, "not_found", "GET", path, nil)
	}
	w.anybody().want(200, "", "GET", "/swagger-ui/swagger-ui.css", nil)
}
