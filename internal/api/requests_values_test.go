package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// value makes what a schema allows. Names say what a schema cannot.
func (m *maker) value(name string, s *openapi3.Schema, depth int) any {
	if v, ok := m.known(name, s); ok {
		return v
	}
	switch {
	case s.Nullable && m.often(10):
		return nil
	case len(s.Enum) > 0:
		return pick(m, s.Enum)
	case len(s.OneOf) > 0:
		return m.value(name, pick(m, s.OneOf).Value, depth)
	case len(s.AllOf) > 0:
		return m.value(name, s.AllOf[0].Value, depth)
	case s.Type.Is("object"):
		return m.object(s, depth)
	case s.Type.Is("array"):
		list := []any{}
		for range m.rng.IntN(3) + int(s.MinItems) {
			list = append(list, m.value(name, s.Items.Value, depth+1))
		}
		return list
	case s.Type.Is("integer"), s.Type.Is("number"):
		return m.integer(s)
	case s.Type.Is("boolean"):
		return m.often(30)
	}
	return m.plain(name, s)
}

func (m *maker) object(s *openapi3.Schema, depth int) map[string]any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) || depth < 3 && m.often(35) {
			out[name] = m.value(name, s.Properties[name].Value, depth+1)
		}
	}
	if s.AdditionalProperties.Schema != nil {
		for range m.rng.IntN(3) {
			out[pick(m, []string{"po", "team", "ü", "x y"})] = m.value("", s.AdditionalProperties.Schema.Value, depth+1)
		}
	}
	return out
}

// integer is within the bounds, and often at one.
func (m *maker) integer(s *openapi3.Schema) any {
	low, high := 0.0, 1000.0
	if s.Min != nil {
		low = *s.Min
	}
	if s.Max != nil {
		high = *s.Max
	}
	switch m.rng.IntN(4) {
	case 0:
		return json.Number(fmt.Sprint(int64(low)))
	case 1:
		return json.Number(fmt.Sprint(int64(high)))
	}
	return json.Number(fmt.Sprint(int64(low) + m.rng.Int64N(int64(high-low)+1)))
}

// plain makes the text of a value: what a query or a string of a body holds.
func (m *maker) plain(name string, s *openapi3.Schema) string {
	if v, ok := m.known(name, s); ok {
		return strings.Trim(fmt.Sprint(v), `"`)
	}
	switch {
	case len(s.Enum) > 0:
		return fmt.Sprint(pick(m, s.Enum))
	case s.Type.Is("integer"):
		return fmt.Sprint(m.integer(s))
	case s.Format == "date-time":
		return m.moment()
	case s.Format == "email":
		return fmt.Sprintf("p%d@example.com", m.rng.IntN(30))
	case s.MaxLength != nil && m.often(10):
		return strings.Repeat(pick(m, []string{"x", "é", "😀"}), int(*s.MaxLength)) // at the bound, if counted in characters
	}
	return pick(m, []string{"a", "Acme", "x y", "ü", "=1+1", "<b>", "日本", "1"})
}

func (m *maker) moment() string {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).Add(time.Duration(m.rng.IntN(4000)-3000) * time.Hour)
	return pick(m, []string{at.Format(time.RFC3339), at.Format(time.RFC3339Nano), at.Format("2006-01-02T15:04:05") + "+05:30"})
}

// known makes values whose meaning is in their name.
func (m *maker) known(name string, s *openapi3.Schema) (any, bool) {
	words := map[string][]string{
		"currency":  {"usd", "usd", "usd", "USD", "eur", "jpy", "kwd", "Eur", "xxx"},
		"time_zone": {"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Mars/Base"}, "mcc": {"7372", "5734", "0000"}, "country": {"US", "de", "KP"},
		"domain": {"aws.amazon.com", "example.org", "BÜCHER.example", "x.", ""}, "window": {"10s", "5m", "1h", "31d", "32d", "1"},
		"when": expressions, "approval_timeout": {"24h", "1s", "30d", "1h30m", "31d"}, "email": {"p1@example.com", "p2@example.com", "P3@Example.COM"},
		"type": {"agent.created", "authorization.*", "policy.updated", "x"}, "actor": {"system", m.recall("key", "key_x"), m.recall("mem", "mem_x")},
		"merchant": {"AWS", "aws.amazon.com", "x"}, "replaces": {m.recall("pol", "pol_x")}, "shown": {m.recall("digest", "x")},
		"key": {m.recall("secret", "ag_test_x")}, "from_size": {"0", "1", "2", "10", "99999999"}, "wait": {"0", "1"},
		"url": {"https://93.184.216.34/hook", "https://hooks.example.invalid/", "https://127.0.0.1/", "ftp://x"}, "stand_in": {m.recall("approver", "mem_x"), m.recall("approver", "mem_x"), m.recall("mem", "mem_x")},
		"until":      {time.Now().Add(time.Hour).UTC().Format(time.RFC3339), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)},
		"secret_key": {"rk_test_0123456789", "rk_test_0123456789", "rk_live_0123456789", "x"}, "webhook_secret": {"whsec_0123456789", "x"}, "cardholder_id": {"ich_1", "x"},
		"role": {"admin", "approver", "viewer", "owner"},
	}
	switch list, listed := words[name]; {
	case s.Type.Is("object") || s.Type.Is("boolean"), name == "type" && len(s.Enum) > 0, s.Type.Is("array") && name != "agents":
		if name == "rules" {
			return m.rules(), true
		}
		if name == "controls" {
			return m.controls(), true
		}
		return nil, false
	case name == "amount":
		return m.amount(), true
	case name == "handle":
		return fmt.Sprintf("bot-%d", m.rng.IntN(200)), true
	case name == "agent", name == "agents" && !s.Type.Is("array"):
		return m.recall("agent", "bot"), true
	case name == "agents" && m.often(40):
		return []any{m.recall("agent", "bot"), "bot"}[:1+m.rng.IntN(2)], true
	case name == "agents":
		return []any{}, true
	case listed && s.Type.Is("string"):
		return pick(m, list), true
	case listed && s.Type.Is("integer"):
		return json.Number(pick(m, list)), true
	}
	if name == "rules" {
		return m.rules(), true
	}
	return nil, false
}

var expressions = []string{"amount > 100.0 && merchant.country != 'US'", "amount in [1, 2.5]", "metadata.po == '1'", "has(metadata.x)",
	"purpose.matches('a+b')", "agent == 'bot' || rail == 'api'", "merchant.name.startsWith('A')", "amount >", "1", "x.y", "amount / 0.0 > 1.0"}

// amount is mostly one that can be afforded.
func (m *maker) amount() any {
	switch m.rng.IntN(8) {
	case 0:
		return json.Number(pick(m, []string{"0", "0.01", "1e2", "1.50", "1000000000000", "1000000000000.01", "0.001", "-1", "-0", "1e-2", "123456.789"}))
	case 1:
		return pick(m, []string{"1", "0.10", "49.99", "12,5", "1e2", "", "٣"})
	}
	return json.Number(fmt.Sprint(1 + m.rng.IntN(120)))
}

// controls are a card's own rules, and sometimes what only a policy can have.
func (m *maker) controls() []any {
	all := []map[string]any{{"type": "transaction_limit", "amount": 20}, {"type": "limit", "period": "day", "amount": 100, "currency": "usd"},
		{"type": "mcc", "mode": "block", "values": []any{"7995"}}, {"type": "velocity", "window": "1h", "count": 100}}
	if m.often(10) {
		return m.rules()
	}
	return []any{pick(m, all)}
}

// rules make a policy that mostly lets something pass.
func (m *maker) rules() []any {
	all := []map[string]any{
		{"type": "limit", "period": pick(m, []string{"day", "week", "month", "quarter", "year", "total"}), "amount": m.rng.IntN(100_000), "currency": "usd", "per": pick(m, []string{"agent", "company"}), "time_zone": "America/Santiago"},
		{"type": "transaction_limit", "amount": 20 + m.rng.IntN(1000), "currency": "usd"},
		{"type": "approval_threshold", "amount": m.rng.IntN(200), "currency": "usd", "approvals": 1 + m.rng.IntN(2), "approvers": []any{"role:approver", "role:owner"}},
		{"type": "velocity", "window": pick(m, []string{"10s", "1h", "31d"}), "count": 1 + m.rng.IntN(1000)},
		{"type": "merchant", "mode": "block", "values": []any{"casino-*", "a*b*c", "＊"}},
		{"type": "mcc", "mode": "block", "values": []any{"3000-3299", "7995"}}, {"type": "currency", "mode": "allow", "values": []any{"usd", "EUR", "jpy"}},
		{"type": "country", "mode": "block", "values": []any{"KP"}}, {"type": "rail", "mode": "allow", "values": []any{"api"}},
		{"type": "hours", "from": "00:00", "to": "24:00", "days": []any{"mon", "sun"}, "time_zone": "Asia/Kathmandu"},
		{"type": "new_merchant", "effect": "require_approval"}, {"type": "duplicate", "window": "10m", "effect": "require_approval"},
		{"type": "expression", "when": pick(m, expressions), "effect": pick(m, []string{"deny", "require_approval"})},
	}
	out := []any{}
	for range 1 + m.rng.IntN(3) {
		out = append(out, pick(m, all))
	}
	return out
}
