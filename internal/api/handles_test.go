package api

import "testing"

// TestAHandleThatMoved shows that a remembered handle never outlives its agent:
// not when it is given to another one, and not when nobody has it.
func TestAHandleThatMoved(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.policy(limit(100))
	first := f.agent("bot")
	authorized := func(agent string) {
		t.Helper()
		if a := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1)); a.text("agent") != agent {
			t.Fatalf("it was decided for %s, not %s", a.text("agent"), agent)
		}
	}
	authorized(first)
	f.admin.want(200, "", "PATCH", "/v1/agents/"+first, map[string]any{"handle": "old"})
	f.spend.want(404, "not_found", "POST", "/v1/authorize", ask("bot", 1))
	second := f.agent("bot")
	authorized(second)
	f.admin.want(200, "", "DELETE", "/v1/agents/"+second, nil)
	f.spend.want(404, "not_found", "POST", "/v1/authorize", ask("bot", 1))
	f.admin.want(200, "", "PATCH", "/v1/agents/"+first, map[string]any{"handle": "bot"})
	authorized(first)
}
