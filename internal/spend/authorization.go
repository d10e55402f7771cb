// Package spend is the gate: it decides a request to spend, reserves its
// budget exactly once, and follows it until it is confirmed, voided or expired.
// Every rail goes through it.
package spend

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Status is where an authorization stands.
type Status string

// The statuses. Moves: held → pending, denied, expired, voided; pending →
// confirmed, voided, expired. The others are final.
const (
	Pending   Status = "pending"   // approved, its budget reserved
	Held      Status = "held"      // waits for people, its budget reserved
	Confirmed Status = "confirmed" // spent
	Voided    Status = "voided"
	Expired   Status = "expired"
	Denied    Status = "denied"
)

// Open reports whether the authorization still holds a budget.
func (s Status) Open() bool { return s == Pending || s == Held }

// Capture says when an approved authorization counts as spent.
type Capture string

// Explicit reserves and waits for a confirm; Auto confirms at once.
const (
	Explicit Capture = "explicit"
	Auto     Capture = "auto"
)

// Authorization is one request to spend and what became of it.
type Authorization struct {
	Tenant     ident.Tenant
	ID         uuid.UUID
	Agent      uuid.UUID
	Status     Status
	Decision   policy.Outcome
	ReasonCode string
	Reason     string
	// Requested is what was asked for; Amount what was approved, or less after
	// a confirm of less. Both in minor units of Currency.
	Requested, Amount int64
	// Captured minor units were taken of an authorization that is still pending,
	// by a network that captures in parts. Refunded ones were given back.
	Captured, Refunded int64
	// Hold is what a rail keeps for it in the ledger; nil: nothing.
	Hold        uuid.UUID
	Currency    money.Currency
	Merchant    policy.Merchant
	MerchantKey string
	Rail        string
	Capture     Capture
	Purpose     string
	Metadata    map[string]string
	Reference   string
	VoidReason  string
	// ExpiresIn is how long an approval may wait for its confirm.
	ExpiresIn time.Duration
	// ExpiresAt is the end of the hold or of the wait for people; zero when
	// nothing is open.
	ExpiresAt time.Time
	CreatedAt time.Time
	// DecidedAt is when people decided, ClosedAt when it was confirmed, voided
	// or expired, RedeemedAt when a processor redeemed the token. Zero: not yet.
	DecidedAt, ClosedAt, RedeemedAt time.Time
	RequestedBy                     string
	Explanation
	ApprovalID uuid.UUID // nil unless it was held
}

// Money is an amount in the authorization's currency.
func (a *Authorization) Money(minor int64) money.Amount { return money.Of(minor, a.Currency) }

// PublicID is the id that a caller sees; empty for a dry run.
func (a *Authorization) PublicID() string {
	if a.ID == uuid.Nil {
		return ""
	}
	return ident.Format(ident.Authorization, a.ID)
}

// Taken is what was spent before anything was given back, in minor units.
func (a *Authorization) Taken() int64 {
	if a.Status == Confirmed {
		return a.Amount
	}
	return a.Captured
}

// Settled is what the authorization has spent, in minor units.
func (a *Authorization) Settled() int64 { return a.Taken() - a.Refunded }

// Reserved is what it holds back from budgets, in minor units.
func (a *Authorization) Reserved() int64 {
	if a.Status.Open() {
		return a.Amount - a.Captured
	}
	return 0
}
