package messages

import (
	"slices"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
)

// Kind is what a message is about. Members choose by it.
type Kind string

// The kinds.
const (
	Hold       Kind = "hold"       // a request waits for people
	Reminder   Kind = "reminder"   // and its time is nearly over
	Escalation Kind = "escalation" // and half its time is over
	Decision   Kind = "decision"   // it was decided, or its time is over
	Limit      Kind = "limit"      // a limit is used to 80 or 100 percent
	Key        Kind = "key"        // an API key was made or revoked
	Weekly     Kind = "weekly"     // what the last week came to
)

// Kinds lists every kind, in the order that pages show them.
func Kinds() []Kind { return []Kind{Hold, Reminder, Escalation, Decision, Limit, Key, Weekly} }

// Concerns reports whether a kind is ever sent to members of a role.
func (k Kind) Concerns(r company.Role) bool {
	switch k {
	case Hold, Reminder:
		return access.RoleMay(r, access.ScopeApprovals)
	case Escalation, Key:
		return access.RoleMay(r, access.ScopeAdmin)
	}
	return true
}

// byDefault reports whether a member gets a kind without having chosen. What
// waits for people is told in test mode too, as it is what is tried out there;
// what manages the company is told of the live one.
func (k Kind) byDefault(r company.Role, live bool) bool {
	switch k {
	case Hold, Reminder, Escalation, Decision:
		return true
	case Limit:
		return access.RoleMay(r, access.ScopeAdmin)
	}
	return live && access.RoleMay(r, access.ScopeAdmin)
}

// choices are what a member said about kinds.
type choices struct{ wanted, unwanted []string }

// wants reports whether a member with this role gets a kind.
func (c choices) wants(k Kind, r company.Role, live bool) bool {
	switch {
	case !k.Concerns(r) || slices.Contains(c.unwanted, string(k)):
		return false
	case slices.Contains(c.wanted, string(k)):
		return true
	}
	return k.byDefault(r, live)
}
