package api

import (
	"net/http"
	"strings"
	"testing"
)

// examples are a body and a query that each operation needs before anything
// else can be wrong with the request.
func examples() map[string]any {
	policyBody := map[string]any{"name": "P", "rules": []rule{limit(5)}}
	return map[string]any{
		"createCompany": map[string]any{"name": "B"}, "updateCompany": map[string]any{}, "inviteMember": map[string]any{"email": "m@example.com", "role": "viewer"},
		"updateMember": map[string]any{"role": "viewer"}, "createKey": map[string]any{"name": "k", "mode": "test", "scopes": []string{"read"}},
		"createAgent": map[string]any{"handle": "x", "name": "x"}, "updateAgent": map[string]any{}, "createCredential": map[string]any{"name": "k"},
		"createPolicy": policyBody, "replacePolicy": policyBody,
		"simulatePolicy":   map[string]any{"policy": policyBody, "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
		"chooseMyMessages": map[string]any{"mail": map[string]any{}}, "nameStandIn": map[string]any{"stand_in": "mem_x", "until": "2026-01-02T00:00:00Z"},
		"connectSlack": map[string]any{"url": "https://203.0.113.1/"},
		"authorize":    ask("bot", 1), "redeemToken": map[string]any{"token": "x"},
		"transferBetweenWallets": map[string]any{"amount": 5, "currency": "usd", "to": "bot"},
		"topUp":                  map[string]any{"amount": 5, "currency": "usd"},
		"createCard":             map[string]any{"amount": 5, "currency": "usd", "agent": "bot"}, "updateCard": map[string]any{}, "loadCard": map[string]any{"amount": 5},
		"revealCard": map[string]any{"reason": "x"}, "swipeCard": swipe(1), "forcePost": swipe(1),
		"captureSwipe": onSwipeOf(), "reverseSwipe": onSwipeOf(), "refundSwipe": onSwipeOf(), "expireSwipe": onSwipeOf(), "openDispute": onSwipeOf(),
		"closeDispute":  map[string]any{"authorization": noSwipe, "won": true},
		"createWebhook": map[string]any{"url": "http://127.0.0.1:1/x"}, "replaceWebhook": map[string]any{"url": "http://127.0.0.1:1/x"},
	}
}

// noSwipe names an authorization that nobody has.
const noSwipe = "auth_00000000000000000000000000"

// swipe is a swipe at a shop of its own.
func swipe(amount float64) map[string]any {
	return map[string]any{"amount": amount, "merchant": map[string]any{"name": "Shop"}}
}

func onSwipeOf() map[string]any { return map[string]any{"authorization": noSwipe} }

// things are one of each kind that an address can name.
type things map[string]string

func (f *firm) things(t *testing.T) things {
	t.Helper()
	f.agent("bot")
	f.policy(limit(1000), rule{"type": "approval_threshold", "amount": 50, "currency": "usd"})
	held := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 80))
	out := things{"/v1/agents/": f.agent("named"), "/v1/budget/": f.agent("budgeted"), "/v1/authorize/": held.text("id"), "/v1/approvals/": held.text("approval", "id")}
	out["/v1/members/"] = f.read.want(200, "", "GET", "/v1/members", nil).text("data", 0, "id")
	out["/v1/api-keys/"] = f.admin.want(200, "", "GET", "/v1/api-keys", nil).text("data", 0, "id")
	out["/v1/policies/"] = f.read.want(200, "", "GET", "/v1/policies", nil).text("data", 0, "id")
	out["/v1/audit/"] = f.read.want(200, "", "GET", "/v1/audit", nil).text("data", 0, "id")
	top := f.admin.want(201, "", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": 5, "currency": "usd"})
	out["/v1/ledger/accounts/"], out["/v1/ledger/transactions/"] = top.text("wallet"), top.text("transaction")
	out["/v1/cards/"] = f.admin.want(201, "", "POST", "/v1/cards", map[string]any{"amount": 5, "currency": "usd", "agent": "named"}).text("id")
	out["/v1/sandbox/cards/"] = out["/v1/cards/"]
	out["/v1/webhooks/"] = f.admin.want(201, "", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/x"}).text("id")
	out["/v1/webhooks/deliveries/"] = f.admin.want(202, "", "POST", "/v1/webhooks/"+out["/v1/webhooks/"]+"/test", nil).text("id")
	out["/v1/webhook-deliveries/"] = out["/v1/webhooks/deliveries/"]
	return out
}

// fill writes an id into an address.
func (th things) fill(path string) string {
	open, end := strings.Index(path, "{"), strings.Index(path, "}")
	if open < 0 {
		return path
	}
	return path[:open] + th[path[:open]] + path[end+1:]
}

// TestEveryRoute drives the cases that all routes share from the one table: no
// credential, one without the scope, another company's and the other mode's.
func TestEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, other := w.newFirm("a@example.com"), w.newFirm("b@example.com")
	ids := f.things(t)
	byScope := map[string]client{"admin": f.admin, "spend": f.spend, "settle": f.settle, "read": f.read, "approvals": f.approvals}
	implied := map[string][]string{"admin": {"read", "spend"}}
	count := 0
	for path, methods := range operations(w.api.huma.OpenAPI()) {
		for method, op := range methods {
			g := gateFor(op)
			if g.public {
				continue
			}
			count++
			address, body := ids.fill(path), examples()[op.OperationID]
			if op.OperationID == "getConsistency" {
				address += "?from_size=0"
			}
			w.anybody().want(401, "missing_credentials", method, address, body)
			w.with("X-API-Key", "ag_test_nonsense").want(401, "invalid_api_key", method, address, body)
			w.with("Authorization", "Bearer eyJ.e30.x").want(401, "invalid_session", method, address, body)
			for name, c := range byScope {
				held := append([]string{name}, implied[name]...)
				if g.person {
					c.want(403, "session_required", method, address, body)
				} else if !overlaps(held, g) {
					c.want(403, "scope_missing", method, address, body)
				}
			}
			if strings.Contains(path, "{") {
				// An owner's session opens every gate of its own company.
				other.owner.want(404, "not_found", method, address, body)
				if !strings.HasPrefix(path, "/v1/members") {
					f.owner.with("X-Mode", "live").want(404, "not_found", method, address, body)
				}
			}
			if !g.person {
				f.admin.with("X-Agent-Id", "nobody").do(method, address, body)
			}
		}
	}
	if count < 45 {
		t.Errorf("only %d operations were tried", count)
	}
	// Nothing of all this changed anything.
	if held := f.read.want(200, "", http.MethodGet, "/v1/authorize/"+ids["/v1/authorize/"], nil); held.text("status") != "held" {
		t.Errorf("the authorization moved: %s", held.body)
	}
}

func overlaps(held []string, g gate) bool {
	for _, want := range g.scopes {
		for _, has := range held {
			if string(want) == has {
				return true
			}
		}
	}
	return false
}

// TestGatesAndOperationsAgree finds lines of the table that nobody uses.
func TestGatesAndOperationsAgree(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, methods := range operations(newWorld(t).api.huma.OpenAPI()) {
		for _, op := range methods {
			known[op.OperationID] = true
		}
	}
	for id := range gates() {
		if !known[id] {
			t.Errorf("%s is in the table, and is no operation", id)
		}
	}
}
