package api

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/ident"
)

// place is a part of a request that a caller fills in with text: a parameter of
// the path, the query or the headers, or a field of the body such as
// rules[].approvers[].
type place struct{ in, name string }

// probe is one place of one operation.
type probe struct {
	op   *huma.Operation
	at   place
	kind string
}

// What a place can name, beside the prefixes of ids.
const (
	cursorKind = "cursor"
	tokenKind  = "token"
	onceKind   = "idempotency key"
)

// kindByName says for each field and parameter that takes text what it names.
// The empty kind names nothing that a company could own. One that is not here
// fails the test: somebody has to say it.
func kindByName() map[string]string {
	out := map[string]string{"agent": string(ident.Agent), "agents[]": string(ident.Agent), "X-Agent-Id": string(ident.Agent),
		"replaces": string(ident.Policy), "approvers[]": string(ident.Member), "stand_in": string(ident.Member), "actor": string(ident.Key), "authorization": string(ident.Authorization), "X-Company-Id": string(ident.Company),
		"account": string(ident.Account), "cursor": cursorKind, "token": tokenKind, "Idempotency-Key": onceKind}
	for _, text := range []string{"name", "description", "handle", "email", "purpose", "reason", "comment", "reference", "shown", "currency", "time_zone",
		"approval_timeout", "token_audience", "mcc", "country", "domain", "when", "window", "from", "to", "values[]", "amount", "merchant", "type", "kind",
		"If-Match", "Accept", "X-Request-Id", "metadata", "url", "events[]", "Last-Event-ID", "network_id", "cvv", "controls",
		"secret_key", "webhook_secret", "cardholder_id", "phone", "line1", "line2", "city", "state", "postal_code"} {
		out[text] = ""
	}
	return out
}

// kindByPath says what an address names.
func kindByPath() map[string]ident.Prefix {
	return map[string]ident.Prefix{"/v1/agents/": ident.Agent, "/v1/budget/": ident.Agent, "/v1/authorize/": ident.Authorization, "/v1/approvals/": ident.Approval,
		"/v1/members/": ident.Member, "/v1/api-keys/": ident.Key, "/v1/policies/": ident.Policy, "/v1/audit/": ident.Event,
		"/v1/cards/": ident.Card, "/v1/sandbox/cards/": ident.Card,
		"/v1/webhooks/": ident.Webhook, "/v1/webhooks/deliveries/": ident.Delivery, "/v1/webhook-deliveries/": ident.Delivery,
		"/v1/ledger/accounts/": ident.Account, "/v1/ledger/transactions/": ident.Transaction}
}

// probes walks the server's own route table.
func probes(d *huma.OpenAPI) (all []probe, unknown []string) {
	for _, path := range slices.Sorted(maps.Keys(operations(d))) {
		for _, method := range slices.Sorted(maps.Keys(operations(d)[path])) {
			op := operations(d)[path][method]
			if gateFor(op).public {
				continue // nobody's yet
			}
			for _, at := range places(d, op) {
				kind, known := kindOf(op, at)
				switch {
				case !known:
					unknown = append(unknown, op.OperationID+" "+at.in+"."+at.name)
				case kind != "":
					all = append(all, probe{op, at, kind})
				}
			}
		}
	}
	return all, unknown
}

func kindOf(op *huma.Operation, at place) (string, bool) {
	if at.in == "path" {
		prefix, _, _ := strings.Cut(op.Path, "{")
		kind, known := kindByPath()[prefix]
		return string(kind), known
	}
	kind, known := kindByName()[at.name[strings.LastIndexByte(at.name, '.')+1:]]
	return kind, known
}

// places are those of an operation, from its part of the document.
func places(d *huma.OpenAPI, op *huma.Operation) []place {
	var out []place
	for _, p := range op.Parameters {
		if takesText(p.Schema) {
			out = append(out, place{p.In, p.Name})
		}
	}
	if op.RequestBody != nil {
		inBody(d.Components.Schemas, op.RequestBody.Content["application/json"].Schema, "", &out)
	}
	return out
}

func takesText(s *huma.Schema) bool {
	return s.Type == huma.TypeString && len(s.Enum) == 0 && s.Format != "date-time"
}

func inBody(r huma.Registry, s *huma.Schema, name string, out *[]place) {
	for s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	switch {
	case s.Items != nil:
		inBody(r, s.Items, name+"[]", out)
	case len(s.Properties) > 0:
		for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
			inBody(r, s.Properties[property], strings.TrimPrefix(name+"."+property, "."), out)
		}
	case s.Type == huma.TypeObject || len(s.OneOf) > 0 || takesText(s):
		*out = append(*out, place{"body", name})
	}
}

// put writes a value into a body at a place.
func put(body map[string]any, name, value string) {
	head, rest, nested := strings.Cut(name, ".")
	switch {
	case name == "rules[].approvers[]":
		body["rules"] = []rule{{"type": "approval_threshold", "amount": 1, "currency": "usd", "approvers": []string{value}}}
	case name == "controls[].approvers[]": // which no card's own rules have
		body["controls"] = []rule{{"type": "approval_threshold", "amount": 1, "approvers": []string{value}}}
	case nested:
		inner := maps.Clone(body[head].(map[string]any))
		put(inner, rest, value)
		body[head] = inner
	case strings.HasSuffix(name, "[]"):
		body[strings.TrimSuffix(name, "[]")] = []string{value}
	default:
		body[name] = value
	}
}

// TestEveryPlaceIsKnown fails on a parameter or field of which nobody has said
// whether it could name something of another company.
func TestEveryPlaceIsKnown(t *testing.T) {
	t.Parallel()
	d, _ := documents(t)
	all, unknown := probes(d)
	if len(unknown) > 0 || len(all) < 150 {
		t.Errorf("%d places; what do these name? %v", len(all), unknown)
	}
	d.Paths["/v1/agents/{id}"].Get.Parameters = append(d.Paths["/v1/agents/{id}"].Get.Parameters,
		&huma.Param{Name: "purse", In: "query", Schema: &huma.Schema{Type: huma.TypeString}})
	d.Paths["/v1/purses/{id}"] = &huma.PathItem{Get: &huma.Operation{OperationID: "getPurse", Path: "/v1/purses/{id}",
		Parameters: []*huma.Param{{Name: "id", In: "path", Schema: &huma.Schema{Type: huma.TypeString}}}}}
	if _, unknown = probes(d); len(unknown) != 2 {
		t.Errorf("two new places went unnoticed: %v", unknown)
	}
}
