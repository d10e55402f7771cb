package views

import (
	"slices"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/policy"
)

// StatusChange is what giving a policy another status would change.
type StatusChange struct {
	Policy  policy.Policy
	To      policy.Status
	Handles map[uuid.UUID]string
	Words   Words
	// Bare are the handles of agents that would have no active policy left.
	Bare   []string
	Errors Errors
}

// MayBecome says whether a policy's page offers a status.
func MayBecome(from, to policy.Status) bool { return slices.Contains(statusMoves(from), to) }

// NextStatus is the first of those that a policy's page offers.
func NextStatus(from policy.Status) policy.Status { return statusMoves(from)[0] }

// StatusDone says what was done.
func StatusDone(name string, to policy.Status) string {
	switch to {
	case policy.Active:
		return name + " is active. It decides from the next request on."
	case policy.Shadow:
		return name + " is in shadow. It decides nothing; what it would have said is recorded."
	case policy.Draft:
		return name + " is a draft. It does nothing."
	}
	return name + " is archived. It decides nothing any more."
}

func (c StatusChange) question() string {
	return statusVerb(c.Policy.Status, c.To) + ": " + c.Policy.Name
}

// consequence is what happens to decisions.
func (c StatusChange) consequence() string {
	was := c.Policy.Status == policy.Active
	switch {
	case c.To == policy.Active:
		return "From the next request on it decides, together with the other active policies. The strictest wins: where another one covers the agent, this one can only deny more or ask more. An agent that no active policy covered so far may spend within it."
	case was && c.To == policy.Shadow:
		return "From the next request on it decides nothing: what only this policy denies or holds goes through. What it would have said is still recorded."
	case was:
		return "From the next request on it decides nothing: what only this policy denies or holds goes through. Its versions stay."
	case c.To == policy.Shadow:
		return "It decides nothing. From the next request on, what it would have said is recorded with every decision."
	case c.To == policy.Draft:
		return "It does nothing, and nothing is recorded of it."
	}
	return "It decides nothing now, so no decision changes. Its versions stay."
}

// mostBare is how many agents are named.
const mostBare = 10

func (c StatusChange) bareNames() string {
	names := slices.Clone(c.Bare)
	if len(names) > mostBare {
		names = append(names[:mostBare], Count(len(c.Bare)-mostBare)+" more")
	}
	return listed(names, "and")
}
