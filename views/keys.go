package views

import (
	"time"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

// Key is an API key with what a page says beside it.
type Key struct {
	access.Key
	// Agent is the one that the key is bound to, if any.
	Agent company.Agent
	// MayEnd and MayReroll say what the person may do with it.
	MayEnd, MayReroll bool
}

func (k Key) publicID() string { return ident.Format(ident.Key, k.ID) }

// KeysPage is a page of the list.
type KeysPage struct {
	Keys []Key
	// Next is the address of older ones.
	Next string
}

// NewKeyPage is the form, with what was typed.
type NewKeyPage struct {
	Wrong                                     Errors
	Name, Agent, Expires, PerMinute, InFlight string
	Scopes                                    []string
	Agents                                    []company.Agent
}

func (p NewKeyPage) chosen(s access.Scope) bool {
	for _, name := range p.Scopes {
		if name == string(s) {
			return true
		}
	}
	return false
}

// limitsTyped says whether the limits were filled in, so that they are shown.
func (p NewKeyPage) limitsTyped() bool {
	return p.PerMinute != "" || p.InFlight != "" || p.Wrong.At("rate_limit.per_minute") != "" || p.Wrong.At("rate_limit.in_flight") != ""
}

// ScopeMeaning says what a scope lets a credential do.
func ScopeMeaning(s access.Scope) string {
	switch s {
	case access.ScopeAdmin:
		return "Manage everything: agents, policies, members, keys, freezes. Never decide an approval."
	case access.ScopeApprovals:
		return "Decide approvals in your name. Goes with read only, and ends with your membership."
	case access.ScopeSpend:
		return "Ask to spend, confirm, void, and see the budget: what an agent needs."
	case access.ScopeSettle:
		return "Redeem, confirm and void: what a payment processor needs."
	case access.ScopeRead:
		return "See everything of the company in this mode, and change nothing."
	}
	return ""
}

// graces are how long a rerolled key may still work.
var graces = []Option{{"0", "Stop at once"}, {"3600", "Work for another hour"}, {"86400", "Work for another day"}, {"604800", "Work for another week"}}

// state is what has to be known about a key at a glance.
func (k Key) state(now time.Time) (Tone, string) {
	switch {
	case k.ExpiresAt != nil && !now.IsZero() && !k.ExpiresAt.After(now):
		return Plain, "Expired"
	case k.RerolledTo != nil:
		return Attention, "Replaced"
	}
	return Good, "Active"
}

// limitText is a bound of a key, or the default.
func limitText(own, fallback int) string {
	if own == 0 {
		own = fallback
	}
	return Count(own)
}

// What holds for a key without limits of its own; see access.Limits.
const defaultPerMinute, defaultInFlight = 1000, 100

func (k Key) limits() string {
	var l access.Limits
	if k.Limits != nil {
		l = *k.Limits
	}
	return limitText(l.PerMinute, defaultPerMinute) + " requests in any 60 s, " + limitText(l.InFlight, defaultInFlight) + " at the same time"
}
