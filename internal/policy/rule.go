// Package policy holds the rules that decide a request to spend: their shape,
// how they are read, checked and versioned, and Evaluate, which is pure: the
// same request, rules and facts give the same decision, here and in a replay.
package policy

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Type names what a rule looks at.
type Type string

// The rules.
const (
	TransactionLimit  Type = "transaction_limit"
	ApprovalThreshold Type = "approval_threshold"
	Limit             Type = "limit"
	Velocity          Type = "velocity"
	MerchantList      Type = "merchant"
	MCCList           Type = "mcc"
	CurrencyList      Type = "currency"
	CountryList       Type = "country"
	Hours             Type = "hours"
	RailList          Type = "rail"
	NewMerchant       Type = "new_merchant"
	Duplicate         Type = "duplicate"
	Expression        Type = "expression"
)

// Effect is what a rule that may choose does when it matches.
type Effect string

// The effects.
const (
	Deny            Effect = "deny"
	RequireApproval Effect = "require_approval"
)

// Mode says whether a list names what is allowed or what is blocked.
type Mode string

// The modes.
const (
	Allow Mode = "allow"
	Block Mode = "block"
)

// Per says whose spending a limit adds up.
type Per string

// Each covered agent has its own, or all covered agents share one.
const (
	PerAgent   Per = "agent"
	PerCompany Per = "company"
)

// Rule is one rule. Type says which of the other fields it uses; the rest are
// zero.
type Rule struct {
	Type Type
	// Amount of transaction_limit, approval_threshold and limit; may be zero.
	Amount money.Amount
	// Period, Zone and Per of limit. An empty Zone is the company's.
	Period meter.Period
	Zone   string // also of hours
	Per    Per
	// Approvals is how many people must approve, and Approvers who may: member
	// ids or "role:approver"; empty is every owner, admin and approver. Of
	// approval_threshold, and of rules whose effect is require_approval.
	Approvals int
	Approvers []string
	// Window of velocity and duplicate, Count of velocity.
	Window time.Duration
	Count  int
	// Mode and Values of the lists, as they were written.
	Mode   Mode
	Values []string
	// Days, From and To of hours; From and To are minutes of the local day.
	Days     []time.Weekday
	From, To int
	// Effect of new_merchant, duplicate and expression, When of expression.
	Effect Effect
	When   string
}

// Status is where a policy stands.
type Status string

// A draft does nothing, a shadow policy is evaluated and recorded but decides
// nothing, and an archived one is history.
const (
	Draft    Status = "draft"
	Shadow   Status = "shadow"
	Active   Status = "active"
	Archived Status = "archived"
)

// Content is what a person writes: everything of a policy but its identity.
type Content struct {
	Name   string
	Status Status
	// Agents are those it covers; empty is the whole company.
	Agents []uuid.UUID
	// EffectiveFrom and EffectiveTo bound when it applies: from the first
	// instant on, and before the second.
	EffectiveFrom, EffectiveTo *time.Time
	Rules                      []Rule
}

// Policy is one version of a policy.
type Policy struct {
	ID      uuid.UUID
	Version int
	Content
	CreatedAt, UpdatedAt time.Time
}

func (c *Content) inEffect(at time.Time) bool {
	return (c.EffectiveFrom == nil || !at.Before(*c.EffectiveFrom)) &&
		(c.EffectiveTo == nil || at.Before(*c.EffectiveTo))
}
