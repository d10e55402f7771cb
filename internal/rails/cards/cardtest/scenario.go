// Package cardtest holds tables of what networks do to cards and what must come
// of it, for every network that plays them: the sandbox, an acquirer on ISO 8583,
// a provider's events. It is for tests alone.
package cardtest

import "github.com/getpurser/purser/internal/policy"

// Action is one thing that happens.
type Action string

// What a network does, and below it what people do meanwhile.
const (
	Swipe       Action = "swipe"
	Capture     Action = "capture"
	Reverse     Action = "reverse"
	Refund      Action = "refund"
	Expire      Action = "expire"
	Force       Action = "force"
	Dispute     Action = "dispute"
	DisputeWon  Action = "dispute_won"
	DisputeLost Action = "dispute_lost"

	Approve  Action = "approve" // the request that the swipe of Of opened
	Deny     Action = "deny"
	Freeze   Action = "freeze"
	Unfreeze Action = "unfreeze"
	Cancel   Action = "cancel"
)

// ByNetwork reports whether the network does it.
func (a Action) ByNetwork() bool {
	switch a {
	case Approve, Deny, Freeze, Unfreeze, Cancel:
		return false
	}
	return true
}

// Step is one event and what it must come to.
type Step struct {
	Do Action
	// ID names the event: the same ID again is the same event, and has no effect.
	ID string
	// Of is the ID of the swipe (or forced posting) that it belongs to.
	Of string
	// Minor is the amount in cents; zero is all there is.
	Minor int64
	// Final says that no other capture will come.
	Final bool
	// At is the merchant of a swipe; the zero one is Shop.
	At policy.Merchant
	// WrongCVV and WrongExpiry send what is not the card's.
	WrongCVV, WrongExpiry bool
	Want
}

// Want is what holds after a step. Amounts are in cents.
type Want struct {
	// Code is ok, or the reason code of a decline, or the code of the conflict that
	// a posting is refused with.
	Code string
	// Balance is what may be spent, Held what is kept beside it, Wallet what the
	// wallet has less than at the card's creation.
	Balance, Held, Wallet int64
	// Spent and Reserved are what the monthly limit of the policy says.
	Spent, Reserved int64
	// Status of the card; empty is active.
	Status string
}

// Scenario is a story of one card. It begins with the policy Rules for the whole
// company, and a card with Load cents on it.
type Scenario struct {
	Name      string
	Load      int64
	SingleUse bool
	// Controls are the card's own rules as JSON; empty: none.
	Controls string
	Steps    []Step
}

// Shop is where a swipe is that names no merchant.
var Shop = policy.Merchant{Name: "AWS", MCC: "7372", Country: "US", Domain: "aws.amazon.com"}

// Diner is a merchant whose captures may be a fifth above what was authorized.
var Diner = policy.Merchant{Name: "Diner", MCC: "5812", Country: "DE"}

// Rules is the policy that every scenario plays under: 400.00 a month, approval
// above 150.00, and no casinos.
const Rules = `[{"type":"limit","period":"month","amount":400,"currency":"eur"},
	{"type":"approval_threshold","amount":150,"currency":"eur"},
	{"type":"merchant","mode":"block","values":["casino*"]}]`
