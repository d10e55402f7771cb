package api

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/fault"
)

// scope is what a credential may be good for.
type scope string

// The scopes of the contract. A member's session has those of the role.
const (
	scopeAdmin     scope = "admin"
	scopeApprovals scope = "approvals"
	scopeSpend     scope = "spend"
	scopeSettle    scope = "settle"
	scopeRead      scope = "read"
)

// gate says who may call an operation.
type gate struct {
	// public operations read no credential.
	public bool
	// person operations take a session, and need no company.
	person bool
	// member operations take a session of a member.
	member bool
	// scopes are those of which one is needed.
	scopes []scope
	// long operations wait or stream: they do not count as in flight.
	long bool
	// agentPath says that the address names an agent as {id} or {agent}.
	agentPath string
}

const gateOf = "gate"

// anyOf is a gate that one of these scopes opens.
func anyOf(s ...scope) gate { return gate{scopes: s} }

// waits marks a gate's operation as one that may take long.
func (g gate) waits() gate {
	g.long = true
	return g
}

// agent names the path parameter that is an agent.
func (g gate) agent(param string) gate {
	g.agentPath = param
	return g
}

// gates is the one table of who may do what.
func gates() map[string]gate {
	public, person := gate{public: true}, gate{person: true}
	admin := anyOf(scopeAdmin)
	read := anyOf(scopeRead, scopeAdmin)
	decide := anyOf(scopeApprovals)
	look := anyOf(scopeRead, scopeAdmin, scopeApprovals)
	spend := anyOf(scopeSpend, scopeAdmin)
	close := anyOf(scopeSpend, scopeSettle, scopeAdmin)
	own := anyOf(scopeRead, scopeAdmin, scopeSpend)
	return map[string]gate{
		"sendMagicLink": public, "verifyMagicLink": public, "validateKey": public,
		"getSession": person, "logout": person, "createCompany": person,

		"getCompany": anyOf(scopeRead, scopeAdmin, scopeApprovals, scopeSpend, scopeSettle), "updateCompany": admin,
		"freezeCompany": admin, "unfreezeCompany": admin,
		"listMembers": look, "inviteMember": admin, "updateMember": admin, "removeMember": admin,
		"createKey": anyOf(scopeAdmin, scopeApprovals), "listKeys": admin, "getKey": admin, "revokeKey": admin, "rerollKey": admin,

		"createAgent": admin, "listAgents": own, "getAgent": own.agent("id"), "updateAgent": admin.agent("id"),
		"deleteAgent": admin.agent("id"), "freezeAgent": admin.agent("id"), "unfreezeAgent": admin.agent("id"),
		"listAgentPolicies": own.agent("id"), "listCredentials": admin.agent("id"), "createCredential": admin.agent("id"),

		"createPolicy": admin, "listPolicies": read, "getPolicy": read, "replacePolicy": admin, "archivePolicy": admin,
		"listPolicyVersions": read, "simulatePolicy": admin.waits(),

		"authorize": spend, "confirmAuthorization": close, "voidAuthorization": close,
		"getAuthorization":   anyOf(scopeRead, scopeAdmin, scopeSpend, scopeSettle, scopeApprovals).waits(),
		"listAuthorizations": own, "getBudget": own.agent("agent"),
		"redeemToken": anyOf(scopeSettle, scopeAdmin),

		"listApprovals": look, "getApproval": look, "approve": decide, "deny": decide,

		"listEvents": read.waits(), "verifyLog": read.waits(), "getCheckpoint": read, "getProof": read, "getConsistency": read,
	}
}

// admits refuses a caller that the gate is not for.
func (g gate) admits(c *call) error {
	switch {
	case g.public:
		return nil
	case g.person || g.member:
		if c.person == nil {
			return fault.New(fault.Forbidden, "session_required", "This is for people: sign in and send the session token.")
		}
		return nil
	}
	if slices.ContainsFunc(g.scopes, c.has) {
		return nil
	}
	names := make([]string, len(g.scopes))
	for i, s := range g.scopes {
		names[i] = string(s)
	}
	return fault.New(fault.Forbidden, "scope_missing", "This needs one of the scopes: %s.", list(names))
}

// security is the gate in OpenAPI.
func (g gate) security() []map[string][]string {
	if g.public {
		return []map[string][]string{{}}
	}
	if g.person || g.member {
		return []map[string][]string{{"bearer": {}}}
	}
	return []map[string][]string{{"apiKey": {}}, {"bearer": {}}}
}

// gateFor reads the gate that prepare put on an operation.
func gateFor(op *huma.Operation) gate {
	g, _ := op.Metadata[gateOf].(gate)
	return g
}
