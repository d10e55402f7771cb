package policy

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Request is what is to be decided.
type Request struct {
	Agent    uuid.UUID
	Handle   string
	Amount   money.Amount
	Merchant Merchant
	Purpose  string
	Rail     string
	Metadata map[string]string
	// At is the instant of the decision, from the database's clock.
	At time.Time
	// Frozen is a reason code such as agent_frozen that denies whatever the
	// rules say, or "".
	Frozen string
}

// Facts is what the rules need to know of the past, as Needs asks for it. All
// of it excludes the request itself.
type Facts struct {
	// Meters are found by their keys; one that is missing has used nothing.
	Meters []*meter.Meter
	// Recent are the instants of the agent's requests that were approved or
	// held, newest first: Needs.Velocity of them, or all there are within
	// Needs.VelocityWindow.
	Recent []time.Time
	// MerchantKnown says that the company has a confirmed authorization of
	// this Merchant.Key.
	MerchantKnown bool
	// Twins are the instants of the same agent's authorizations of the same
	// merchant, amount and currency that are pending, held or confirmed.
	Twins []time.Time
}

func (f *Facts) usage(k meter.Key, p meter.Period, w meter.Window) meter.Usage {
	for _, m := range f.Meters {
		if m.Key == k {
			return m.In(p, w)
		}
	}
	return meter.Usage{}
}

// Outcome is what was decided.
type Outcome string

// The outcomes.
const (
	Approved         Outcome = "APPROVED"
	Denied           Outcome = "DENIED"
	RequiresApproval Outcome = "REQUIRES_APPROVAL"
)

// Decision is the answer, with everything that led to it.
type Decision struct {
	Outcome    Outcome
	ReasonCode string
	Reason     string
	// Trace has a step for each rule that covered the request, in the order of
	// policies and rules, those of shadow policies included.
	Trace    []Step
	Remedies []Remedy
	// Requirements must each be met; there is at least one exactly when the
	// outcome is RequiresApproval.
	Requirements []Requirement
	// Versions are the active policies that decided.
	Versions []VersionRef
}
