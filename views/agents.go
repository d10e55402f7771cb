package views

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
)

// AgentList is the page of agents.
type AgentList struct {
	Q string
	// Status is the filter: empty is all that are not deleted.
	Status company.AgentStatus
	Counts map[company.AgentStatus]int
	Agents []AgentRow
	// Before is where the page begins, as its address says it; Next is the
	// address of older ones, empty at the end.
	Before, Next string
}

// AgentRow is one agent with its limits, the fullest first.
type AgentRow struct {
	company.Agent
	Limits []LimitRow
}

// AgentPage is everything about one agent.
type AgentPage struct {
	Agent company.Agent
	// Rooms is what it could spend now by currency, Limits its limits with the
	// fullest first, and Deciding the policies that they are of.
	Rooms    []policy.Headroom
	Limits   []LimitRow
	Deciding map[uuid.UUID]policy.Policy
	Policies []policy.Policy
	Words    Words
	Recent   []AuthorizationRow
	Keys     []access.Key
	KeyForm  KeyForm
	// Secret is a key that was just made: shown this once.
	Secret string
}

// KeyForm is what was typed for a new key.
type KeyForm struct {
	Name  string
	Reads bool
	Wrong Errors
}

// AgentForm is what was typed about an agent.
type AgentForm struct {
	Handle, Name, Description string
	Wrong                     Errors
}

// AgentPath is the address of an agent's page, without the mode.
func AgentPath(id uuid.UUID) string { return "/agents/" + ident.Format(ident.Agent, id) }

// AgentTone is the tone of an agent's status.
func AgentTone(s company.AgentStatus) Tone {
	switch s {
	case company.AgentFrozen:
		return Bad
	case company.AgentActive:
		return Good
	}
	return Plain
}

// AgentStatusName is an agent's status as pages write it.
func AgentStatusName(s company.AgentStatus) string {
	switch s {
	case company.AgentActive:
		return "Active"
	case company.AgentFrozen:
		return "Frozen"
	case company.AgentDeleted:
		return "Deleted"
	}
	return string(s)
}

type agentFilter struct {
	status company.AgentStatus
	label  string
	count  int
}

func (l AgentList) filters() []agentFilter {
	return []agentFilter{
		{"", "All", l.Counts[company.AgentActive] + l.Counts[company.AgentFrozen]},
		{company.AgentActive, "Active", l.Counts[company.AgentActive]},
		{company.AgentFrozen, "Frozen", l.Counts[company.AgentFrozen]},
		{company.AgentDeleted, "Deleted", l.Counts[company.AgentDeleted]},
	}
}

// listedLimits is how many limits of an agent the list shows.
const listedLimits = 2

// why says why a policy applies to an agent.
func whyCovered(p policy.Policy, handle string) string {
	if len(p.Agents) == 0 {
		return "It covers every agent of the company."
	}
	if len(p.Agents) == 1 {
		return "It names " + handle + " alone."
	}
	return "It names " + handle + " and " + counted(len(p.Agents)-1, "other agent") + "."
}

// applying are the policies that are not history.
func (p AgentPage) applying() (out []policy.Policy) {
	for _, status := range []policy.Status{policy.Active, policy.Shadow, policy.Draft} {
		for _, x := range p.Policies {
			if x.Status == status {
				out = append(out, x)
			}
		}
	}
	return out
}

func (p AgentPage) path(more string) string { return AgentPath(p.Agent.ID) + more }

func scopeWords(scopes []access.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return listed(words, "and")
}
