package views

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
)

// PolicyList is the page of all policies.
type PolicyList struct {
	// Status is the filter: empty is all that are not archived.
	Status   policy.Status
	Policies []policy.Policy
	// Handles are those of the agents that the policies name.
	Handles map[uuid.UUID]string
	Words   Words
	// Next is the address of older ones, empty at the end.
	Next string
	// Presets are offered while there is no policy at all.
	Presets []policy.Preset
}

// PolicyStatusName is a policy's status as pages write it.
func PolicyStatusName(s policy.Status) string {
	switch s {
	case policy.Active:
		return "Active"
	case policy.Shadow:
		return "Shadow"
	case policy.Draft:
		return "Draft"
	case policy.Archived:
		return "Archived"
	}
	return string(s)
}

// PolicyStatusMeaning says what a status means for decisions.
func PolicyStatusMeaning(s policy.Status) string {
	switch s {
	case policy.Active:
		return "It decides, together with the other active policies: the strictest wins."
	case policy.Shadow:
		return "It decides nothing. What it would have said is recorded with every decision."
	case policy.Draft:
		return "It does nothing yet."
	case policy.Archived:
		return "It is history and decides nothing. Its versions stay."
	}
	return ""
}

// PolicyTone is the tone of a policy's status.
func PolicyTone(s policy.Status) Tone {
	switch s {
	case policy.Active:
		return Good
	case policy.Shadow:
		return News
	}
	return Plain
}

// policyFilters are the lists that there are.
var policyFilters = []struct {
	status policy.Status
	label  string
}{{"", "In use"}, {policy.Active, "Active"}, {policy.Shadow, "Shadow"}, {policy.Draft, "Drafts"}, {policy.Archived, "Archived"}}

// listedRules is how many rules of a policy its entry in the list shows, and
// listedValues how many values of a rule.
const listedRules, listedValues = 6, 12

func policyPath(id uuid.UUID) string { return "/policies/" + ident.Format(ident.Policy, id) }

// covers says whom a policy covers, in words; most bounds how many agents are
// named.
func covers(agents []uuid.UUID, handles map[uuid.UUID]string, most int) string {
	if len(agents) == 0 {
		return "every agent of the company"
	}
	var names []string
	for i, id := range agents {
		if i == most && len(agents) > most+1 {
			names = append(names, Count(len(agents)-most)+" more")
			break
		}
		names = append(names, handleOf(id, handles))
	}
	return listed(names, "and")
}

func handleOf(id uuid.UUID, handles map[uuid.UUID]string) string {
	if h, ok := handles[id]; ok {
		return h
	}
	return ident.Format(ident.Agent, id)
}

// dated says from when until when a policy applies; empty is always.
func dated(f Frame, c policy.Content) string {
	var parts []string
	if c.EffectiveFrom != nil {
		parts = append(parts, "from "+moment(f, *c.EffectiveFrom))
	}
	if c.EffectiveTo != nil {
		parts = append(parts, "until "+moment(f, *c.EffectiveTo))
	}
	return strings.Join(parts, " ")
}

func moment(f Frame, at time.Time) string {
	return at.In(f.Zone()).Format("2 January 2006, 15:04 MST")
}

func (f Frame) mayManage() bool { return f.May(access.ScopeAdmin) }

func noPolicies(s policy.Status) string {
	switch s {
	case policy.Active:
		return "No policy is active, so every request is denied."
	case policy.Shadow:
		return "No policy is in shadow."
	case policy.Draft:
		return "There are no drafts."
	case policy.Archived:
		return "Nothing was archived yet."
	}
	return "Without an active policy every request is denied."
}
