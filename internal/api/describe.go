package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// descriptions are those of operations whose registration says no more than a
// summary.
func descriptions() map[string]string {
	const idOrHandle = "The agent is named by its id or its handle."
	return map[string]string{
		"getSession":           "Who is signed in, and the companies that they are a member of.",
		"getCompany":           "As the mode of the call sees it.",
		"unfreezeCompany":      "Lets this mode spend again.",
		"listMembers":          "Newest first.",
		"updateMember":         "Only an owner makes or changes owners, and the last owner stays one.",
		"removeMember":         "Takes a member out, or an invitation back, and revokes the keys that count as that member.",
		"listKeys":             "Those that are not revoked, newest first: of the key's mode, or of both for a session that does not send X-Mode.",
		"getKey":               "Without its secret.",
		"createAgent":          "Its handle is unique in the company and mode.",
		"listAgents":           "Newest first. A key that is bound to an agent sees that one.",
		"getAgent":             idOrHandle,
		"updateAgent":          "What is absent stays as it is. " + idOrHandle,
		"unfreezeAgent":        "Lets the agent spend again. " + idOrHandle,
		"createCredential":     "The key is bound to the agent, in the mode of the call. Its secret is in this answer and never again.",
		"listCredentials":      "Its own bound keys, newest first, without their secrets.",
		"listPolicies":         "Newest first, archived ones included.",
		"getPolicy":            "Its present version.",
		"listPolicyVersions":   "Newest first, with who wrote each.",
		"listAuthorizations":   "Newest first, on every rail.",
		"getBudget":            "What fits now, by currency, and the state of every limit. Holds that have run out count as given back.",
		"getApproval":          "With its votes and its authorization.",
		"listCards":            "Newest first. A call that is scoped to one agent sees that agent's.",
		"getCard":              "Without its number.",
		"updateCard":           "Its name, controls and metadata. What is absent stays as it is.",
		"unfreezeCard":         "Lets it be used again.",
		"listCardTransactions": "Newest first: swipes, approved and declined, and what became of them.",
		"getLedgerTransaction": "With its entries.",
		"getCheckpoint":        "Seals what is committed and signs the head of this mode's log.",
		"getProof":             "One document that is checked offline, with the log's verifier key and nothing else.",
	}
}

// commonParameters documents the headers that every operation of a kind takes.
func commonParameters(op *huma.Operation, g gate) {
	header := func(name, description string, schema *huma.Schema) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: description, Schema: schema})
	}
	text := func(longest int) *huma.Schema { return &huma.Schema{Type: huma.TypeString, MaxLength: &longest} }
	if op.Method == http.MethodPost {
		header("Idempotency-Key", "1 to 255 printable ASCII characters. The same key, route and body answer the stored answer again, for 30 days.", text(maxIdempotencyKey))
	}
	header("X-Request-Id", "Answered again; one is made when it is missing or has other than letters, digits, _ and -.", text(128))
	if g.public {
		return
	}
	header("X-Company-Id", "With a session: the company, for a member of several.", text(64))
	if !g.person {
		header("X-Mode", "With a session: the mode; live without it.", &huma.Schema{Type: huma.TypeString, Enum: []any{"live", "test"}})
		header("X-Agent-Id", "Scopes the call to one agent, by id or handle.", text(64))
	}
}

// commonHeaders are the response headers that the document defines once.
func commonHeaders() map[string]*huma.Header {
	text, count := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeInteger}
	return map[string]*huma.Header{
		"X-Request-Id":        {Description: "Names the request, to support and in the audit log.", Schema: text},
		"RateLimit-Limit":     {Description: "Requests in any 60 s.", Schema: count},
		"RateLimit-Remaining": {Description: "How many are left now.", Schema: count},
		"RateLimit-Reset":     {Description: "Seconds until one more is possible.", Schema: count},
		"Retry-After":         {Description: "Seconds to wait before the request is repeated.", Schema: count},
	}
}

// documentHeaders puts the common headers on each answer that has them.
func documentHeaders(op *huma.Operation, g gate) {
	for status, r := range op.Responses {
		if r.Headers == nil {
			r.Headers = map[string]*huma.Header{}
		}
		add := func(names ...string) {
			for _, name := range names {
				r.Headers[name] = &huma.Header{Ref: "#/components/headers/" + name}
			}
		}
		add("X-Request-Id")
		if !g.public && status != "401" {
			add("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
		}
		if status == "429" || strings.HasPrefix(status, "503") {
			add("Retry-After")
		}
	}
}
