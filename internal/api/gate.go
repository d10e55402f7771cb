package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
)

// gate says who may call an operation.
type gate struct {
	// public operations read no credential.
	public bool
	// person operations take a session, and need no company.
	person bool
	// scopes are those of which one is needed.
	scopes []access.Scope
	// agentPath says that the address names an agent as {id} or {agent}.
	agentPath string
}

const gateOf = "gate"

// anyOf is a gate that one of these scopes opens.
func anyOf(s ...access.Scope) gate { return gate{scopes: s} }

// agent names the path parameter that is an agent.
func (g gate) agent(param string) gate {
	g.agentPath = param
	return g
}

// gates is the one table of who may do what. Admin stands for read and spend
// as well (package access).
func gates() map[string]gate {
	public, person := gate{public: true}, gate{person: true}
	admin := anyOf(access.ScopeAdmin)
	manage := anyOf(access.ScopeAdmin, access.ScopeApprovals) // an approver has keys of their own
	read := anyOf(access.ScopeRead)
	decide := anyOf(access.ScopeApprovals)
	look := anyOf(access.ScopeRead, access.ScopeApprovals)
	spend := anyOf(access.ScopeSpend)
	settle := anyOf(access.ScopeSpend, access.ScopeSettle)
	own := anyOf(access.ScopeRead, access.ScopeSpend)
	return map[string]gate{
		"sendMagicLink": public, "verifyMagicLink": public, "validateKey": public,
		"beginDevice": public, "finishDevice": public,
		"getSession": person, "logout": person, "createCompany": person,

		"getCompany": anyOf(access.ScopeRead, access.ScopeApprovals, access.ScopeSpend, access.ScopeSettle), "updateCompany": admin,
		"freezeCompany": admin, "unfreezeCompany": admin,
		"listMembers": look, "inviteMember": admin, "updateMember": admin, "removeMember": admin,
		"getMyMessages": look, "chooseMyMessages": look, "nameStandIn": decide, "dropStandIn": look,
		"getSlack": admin, "connectSlack": admin, "disconnectSlack": admin,
		"createKey": manage, "listKeys": admin, "getKey": admin, "revokeKey": manage, "rerollKey": manage,

		"createAgent": admin, "listAgents": own, "getAgent": own.agent("id"), "updateAgent": admin.agent("id"),
		"deleteAgent": admin.agent("id"), "freezeAgent": admin.agent("id"), "unfreezeAgent": admin.agent("id"),
		"listAgentPolicies": own.agent("id"), "listCredentials": admin.agent("id"), "createCredential": admin.agent("id"),

		"createPolicy": admin, "listPolicies": read, "getPolicy": read, "replacePolicy": admin, "archivePolicy": admin,
		"listPolicyVersions": read, "simulatePolicy": admin,

		"authorize": spend, "confirmAuthorization": settle, "voidAuthorization": settle,
		"getAuthorization":   anyOf(access.ScopeRead, access.ScopeSpend, access.ScopeSettle, access.ScopeApprovals),
		"listAuthorizations": own, "getBudget": own.agent("agent"),
		"redeemToken": anyOf(access.ScopeSettle),

		"listApprovals": look, "getApproval": look, "approve": decide, "deny": decide,

		"listLedgerAccounts": read, "getLedgerAccount": read, "listLedgerTransactions": read, "getLedgerTransaction": read,
		"getTrialBalance": read, "listWallets": own, "topUp": admin, "transferBetweenWallets": admin,

		"createCard": admin, "listCards": own, "getCard": own, "updateCard": admin, "deleteCard": admin, "freezeCard": admin, "unfreezeCard": admin,
		"cancelCard": admin, "loadCard": admin, "listCardTransactions": own,
		"revealCard": spend, // and with spend alone, a key that is bound to the card's agent
		"swipeCard":  spend, "captureSwipe": spend, "reverseSwipe": spend, "refundSwipe": spend, "expireSwipe": spend, "forcePost": spend,
		"openDispute": spend, "closeDispute": spend,

		"listCardProviders": read, "connectStripe": admin, "disconnectStripe": admin,

		"listEvents": read, "verifyLog": read, "getCheckpoint": read, "getProof": read, "getConsistency": read,
		"followEvents": own, // and with spend alone, a key that is bound to an agent

		"createWebhook": admin, "listWebhooks": admin, "getWebhook": admin, "replaceWebhook": admin, "deleteWebhook": admin,
		"testWebhook": admin, "rotateWebhookSecret": admin, "listDeliveries": admin, "getDelivery": admin, "replayDelivery": admin,
	}
}

// admits refuses a caller who has none of the gate's scopes.
func (g gate) admits(c *call) error {
	if c.CanAny(g.scopes...) {
		return nil
	}
	names := make([]string, len(g.scopes))
	for i, s := range g.scopes {
		names[i] = string(s)
	}
	return fault.New(fault.Forbidden, "scope_missing", "This needs one of these scopes: %s.", list(names))
}

// security is the gate in OpenAPI.
func (g gate) security() []map[string][]string {
	if g.public {
		return []map[string][]string{{}}
	}
	if g.person {
		return []map[string][]string{{"bearer": {}}}
	}
	return []map[string][]string{{"apiKey": {}}, {"bearer": {}}}
}

// gateFor reads the gate that prepare put on an operation.
func gateFor(op *huma.Operation) gate {
	g, _ := op.Metadata[gateOf].(gate)
	return g
}
