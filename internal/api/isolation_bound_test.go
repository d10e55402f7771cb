package api

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
)

// TestBoundKeySeesOneAgent tries, with the key of one agent, the names of
// another agent of the same company at every route that the key opens. Agents
// themselves are refused as such: the caller's own company may know its agents.
// Everything of theirs is as missing as what nobody has.
func TestBoundKeySeesOneAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	s := w.newFirm("a@example.com").side("test")
	made := s.session.want(201, "", "POST", "/v1/agents/"+s.own(string(ident.Agent))+"/credentials", map[string]any{"name": "k", "scopes": []string{"spend", "read"},
		"rate_limit": map[string]int{"per_minute": 1_000_000}})
	bound := s.with("X-API-Key", made.text("key"))
	theirs := s.otherAgent(t)
	before, tried := s.rows(t, true), 0
	maps.DeleteFunc(before, func(table, _ string) bool { return strings.HasPrefix(table, "audit_") }) // asking seals it
	d := w.api.huma.OpenAPI()
	for _, path := range slices.Sorted(maps.Keys(operations(d))) {
		for _, method := range slices.Sorted(maps.Keys(operations(d)[path])) {
			op := operations(d)[path][method]
			open, kind := gateFor(op), ""
			if prefix, _, named := strings.Cut(path, "{"); named {
				kind = string(kindByPath()[prefix])
			}
			if kind == string(ident.Member) || open.person || open.public || !slices.Contains(open.scopes, access.ScopeSpend) && !slices.Contains(open.scopes, access.ScopeRead) {
				continue
			}
			if kind == "" {
				if list := bound.do(method, path, examples()[op.OperationID]); method == "GET" {
					for what, name := range theirs {
						if strings.Contains(string(list.body), name) {
							t.Errorf("%s shows the other agent's %s: %s", op.OperationID, what, list.body)
						}
					}
				}
				continue
			}
			tried++
			p := probe{op: op, at: place{"path", "id"}, kind: kind}
			switch got := s.try(p, theirs[kind], bound); kind {
			case string(ident.Agent):
				if got.status != 403 || got.text("code") != "agent_not_bound" {
					t.Errorf("%s: %d %s", op.OperationID, got.status, got.body)
				}
			default:
				if nobodys := s.try(p, strayID(ident.Prefix(kind)), bound); seen(got) != seen(nobodys) {
					t.Errorf("%s tells them apart:\n%s\n%s", op.OperationID, seen(got), seen(nobodys))
				}
			}
		}
	}
	if table := changed(before, s.rows(t, true)); table != "" {
		t.Errorf("%s changed", table)
	}
	if tried < 10 {
		t.Errorf("only %d routes were tried", tried)
	}
}

// otherAgent gives a name of each kind that belongs to the agent "bot".
func (s *side) otherAgent(t *testing.T) map[string]string {
	t.Helper()
	key := s.session.want(201, "", "POST", "/v1/agents/bot/credentials", map[string]any{"name": "theirs"}).text("id")
	out := map[string]string{"key": key}
	for _, kind := range []ident.Prefix{ident.Authorization, ident.Approval, ident.Account, ident.Transaction, ident.Card} {
		out[string(kind)] = s.own(string(kind))
	}
	out[string(ident.Event)] = s.own(string(ident.Event))
	out[string(ident.Agent)] = s.key.want(200, "", "GET", "/v1/agents/bot", nil).text("id")
	out[string(ident.Policy)] = s.key.want(201, "", "POST", "/v1/policies", map[string]any{"name": "Q", "agents": []string{"bot"}, "rules": []rule{limit(1000)}}).text("id")
	return out
}
