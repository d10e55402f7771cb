package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maker makes requests from schemas. The same seed and the same answers make
// the same requests.
type maker struct {
	rng  *rand.Rand
	seen memory
	// mailbox gives the secret of a new sign-in link; optional.
	mailbox func() string
}

// request is one that can be sent, also one that no client library would make.
type request struct {
	method, address string
	header          map[string]string
	body            []byte
}

func (r request) http(ctx context.Context, base string) (*http.Request, error) {
	out, err := http.NewRequestWithContext(ctx, r.method, base+r.address, strings.NewReader(string(r.body)))
	if err != nil {
		return nil, err
	}
	out.Host = "localhost:8080"
	for name, value := range r.header {
		out.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	return out, nil
}

// String leaves out credentials.
func (r request) String() string {
	shown := []string{}
	for name, value := range r.header {
		if name != "X-API-Key" && name != "Authorization" {
			shown = append(shown, fmt.Sprintf("%s: %.80q", name, value))
		}
	}
	slices.Sort(shown)
	return fmt.Sprintf("%s %.300q %v body %.600q", r.method, r.address, shown, r.body)
}

func pick[T any](m *maker, from []T) T { return from[m.rng.IntN(len(from))] }

// often is true that many times of a hundred.
func (m *maker) often(percent int) bool { return m.rng.IntN(100) < percent }

// choose gives an index with these weights.
func (m *maker) choose(weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := m.rng.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// make makes a request of an operation: six of ten as the document has them,
// the others broken in one place or several.
func (m *maker) make(c calling, caller map[string]string) request {
	if again := m.seen.requests[c.op.OperationID]; len(again) > 0 && m.often(10) {
		return pick(m, again) // with its Idempotency-Key
	}
	r := request{method: c.method, header: map[string]string{}}
	for name, value := range caller {
		r.header[name] = value
	}
	if c.op.OperationID == "logout" { // of nobody who is needed
		r.header = map[string]string{"Authorization": "Bearer " + m.recall("session", "eyJ.e30.x")}
	}
	r.address = m.address(c, r.header)
	if b := c.op.RequestBody; b != nil && (b.Value.Required || m.often(70)) {
		r.header["Content-Type"] = "application/json"
		r.body = m.text(m.bodyOf(c, b.Value.Content["application/json"].Schema.Value))
	}
	if !m.often(60) {
		m.spoil(&r)
	}
	if r.header["Idempotency-Key"] != "" {
		m.seen.keep(c.op.OperationID, r)
	}
	return r
}

// bodyOf makes a body, sometimes with parts at a bound.
func (m *maker) bodyOf(c calling, s *openapi3.Schema) any {
	v, _ := m.value("", s, 0).(map[string]any)
	switch c.op.OperationID {
	case "authorize":
		if m.often(90) {
			v["agent"] = m.recall("agent", "bot")
			delete(v, "dry_run")
		}
	case "redeemToken":
		v["token"] = m.recall("token", "eyJ.e30.x")
	case "verifyMagicLink":
		if m.mailbox != nil && m.often(30) {
			v["token"] = m.mailbox()
		}
	case "createKey":
		if m.often(60) {
			v["mode"], v["expires_at"] = "test", "2031-01-01T00:00:00Z"
			delete(v, "rate_limit")
		}
	case "createWebhook", "replaceWebhook":
		if m.often(80) {
			v["url"] = "http://127.0.0.1:1/x"
			delete(v, "events")
		}
	case "createCard":
		if m.often(80) {
			v["agent"], v["amount"], v["currency"] = "bot", 5, "usd"
			delete(v, "wallet")
		}
	case "captureSwipe", "reverseSwipe", "refundSwipe", "expireSwipe", "openDispute", "closeDispute":
		v["authorization"] = m.recall("swiped", noSwipe)
	case "simulatePolicy":
		if m.often(70) {
			v["from"], v["to"] = "2026-09-01T00:00:00Z", "2027-01-01T00:00:00Z"
		}
	}
	return v
}

// address fills in path and query; parameters in headers go to header.
func (m *maker) address(c calling, header map[string]string) string {
	if next := m.seen.of["next "+c.op.OperationID]; len(next) > 0 && m.often(30) {
		return pick(m, next)
	}
	path, query := c.path, url.Values{}
	for _, ref := range c.op.Parameters {
		p := ref.Value
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(m.named(c.path)))
		case p.In == "query" && p.Name != "cursor" && (p.Required || m.often(25)):
			query.Set(p.Name, m.plain(p.Name, p.Schema.Value))
		case p.In == "header":
			m.headerOf(p.Name, header)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

func (m *maker) headerOf(name string, header map[string]string) {
	switch {
	case name == "Idempotency-Key" && m.often(25):
		header[name] = fmt.Sprintf("k%d", m.rng.IntN(40))
	case name == "X-Agent-Id" && m.often(4):
		header[name] = m.recall("agent", "bot")
	case name == "If-Match" && m.often(50):
		header[name] = pick(m, []string{`"v1"`, `"v2"`, "*", `"v3", "v1"`, `W/"v1"`, `"x"`})
	case name == "Accept" && m.often(40):
		header[name] = pick(m, []string{"application/x-ndjson", "text/event-stream", "*/*", "text/html", "application/json;q=0"})
	case name == "X-Company-Id" && m.often(3):
		header[name] = m.recall("co", "co_x")
	case name == "X-Request-Id" && m.often(5):
		header[name] = pick(m, []string{"mine-1", "a b", strings.Repeat("r", 200)})
	case name == "X-Mode" && m.often(3):
		header[name] = pick(m, []string{"test", "live", "TEST", "both"})
	}
}

// named gives something for the parameter of an address.
func (m *maker) named(path string) string {
	for prefix, kind := range map[string]string{"/v1/agents/": "agent", "/v1/budget/": "agent", "/v1/api-keys/": "key", "/v1/approvals/": "appr",
		"/v1/audit/": "evt", "/v1/authorize/": "auth", "/v1/members/": "mem", "/v1/policies/": "pol", "/v1/cards/": "card", "/v1/sandbox/cards/": "card",
		"/v1/webhooks/{": "whk", "/v1/webhooks/deliveries/": "whd", "/v1/webhook-deliveries/": "whd", "/v1/ledger/accounts/": "acct", "/v1/ledger/transactions/": "txn"} {
		if strings.HasPrefix(path, prefix) {
			if m.often(3) {
				return m.recall("foreign "+kind, "x")
			}
			return m.recall(kind, "x")
		}
	}
	return "x"
}

// recall gives one of the names seen of a kind, the latest more often.
func (m *maker) recall(kind, otherwise string) string {
	all := m.seen.of[kind]
	switch {
	case len(all) == 0:
		return otherwise
	case m.often(50):
		return all[max(0, len(all)-1-m.rng.IntN(5))]
	}
	return pick(m, all)
}

// text writes a value as JSON.
func (m *maker) text(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}
