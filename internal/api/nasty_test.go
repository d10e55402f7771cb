package api

import (
	"net/url"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/access"
)

// TestNastyRequestsAreRefused sends every operation what no client would: no
// answer is a failure of ours, and nothing undescribed comes back.
func TestNastyRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.newFirm("a@example.com")
	ids := f.things(t)
	made := f.owner.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "fast", "mode": "test", "scopes": []string{"admin", "read", "spend", "settle"},
		"rate_limit": map[string]int{"per_minute": 1_000_000}})
	fast, asked := f.with("X-API-Key", made.text("key")), 0
	bodies := []string{"{}", "[]", "null", `"x"`, "1e999", "{", `{"name":"\u0000"}`, `{"rules":[{}]}`, `{"policy":{"rules":[1]},"from":"x","to":1}`,
		`{"amount":{},"currency":[],"merchant":"x"}`, `{"email":1}`, `{"token":"` + strings.Repeat("é", 200) + `"}`, `{"handle":"\ud83d\ude00","name":"x"}`,
		`{"name":"` + strings.Repeat("x", 300) + `","mode":"test","scopes":[]}`, `{"metadata":{"":""}}`, `{"expires_at":"0000-01-01T00:00:00Z"}`}
	names := []string{"%00", "..", "%2e%2e%2fadmin", strings.Repeat("x", 300), "%F0%9F%98%80", "'", "a%20b", "-", "AGENT_"}
	values := []string{"\x00", "%", "'; --", strings.Repeat("9", 100), "-1", "1e3", "😀", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "null", "*", ".*"}
	for path, methods := range operations(w.api.huma.OpenAPI()) {
		for method, op := range methods {
			if op.OperationID == "logout" {
				continue
			}
			c := fast
			if g := gateFor(op); g.person || len(g.scopes) == 1 && g.scopes[0] == access.ScopeApprovals {
				c = f.owner
			}
			check := func(address string, body any) {
				asked++
				if a := c.do(method, address, body); a.status >= 500 || a.status == 429 {
					t.Errorf("%s %.100s %.100v: %d %s", method, address, body, a.status, a.body)
				}
			}
			for _, body := range bodies {
				if op.RequestBody != nil {
					check(ids.fill(path), body)
				}
			}
			if prefix, _, named := strings.Cut(path, "{"); named {
				_, rest, _ := strings.Cut(path, "}")
				for _, name := range names {
					check(prefix+name+rest, examples()[op.OperationID])
				}
			}
			for _, p := range op.Parameters {
				for _, value := range values {
					if p.In == "query" && p.Name != "wait" {
						check(ids.fill(path)+"?"+p.Name+"="+url.QueryEscape(value), examples()[op.OperationID])
					}
				}
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d requests were made", asked)
	}
}

// TestRateLimitOverHTTP meets a limit of a key's own.
func TestRateLimitOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	made := f.owner.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "slow", "mode": "test", "scopes": []string{"read"},
		"rate_limit": map[string]int{"per_minute": 2, "in_flight": 1}})
	c := f.with("X-API-Key", made.text("key"))
	first := c.want(200, "", "GET", "/v1/company", nil)
	if first.header.Get("RateLimit-Limit") != "2" || first.header.Get("RateLimit-Remaining") != "1" || first.header.Get("RateLimit-Reset") == "" {
		t.Errorf("first: %v", first.header)
	}
	c.want(403, "scope_missing", "DELETE", "/v1/agents/x", nil) // refusals count too
	if over := c.want(429, "rate_limited", "GET", "/v1/company", nil); over.header.Get("Retry-After") == "" || over.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("over: %v", over.header)
	}
	f.admin.want(403, "owner_required", "POST", "/v1/api-keys", map[string]any{"name": "x", "mode": "test", "scopes": []string{"admin"}, "rate_limit": map[string]int{"per_minute": 9}})
}
