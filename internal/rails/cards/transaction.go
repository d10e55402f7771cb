package cards

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// Type says what happened to a card.
type Type string

// The types. A decline moves nothing, and so do a dispute that is opened and one
// that is lost.
const (
	Authorized    Type = "authorization"
	Declined      Type = "decline"
	Captured      Type = "capture"
	Reversed      Type = "reversal"
	Refunded      Type = "refund"
	Expired       Type = "expiry"
	ForcePosted   Type = "force_post"
	Credited      Type = "credit" // came back for no purchase that is known
	DisputeOpened Type = "dispute_opened"
	DisputeWon    Type = "dispute_won"
	DisputeLost   Type = "dispute_lost"
)

// Transaction is one event of the network and what it did.
type Transaction struct {
	ID, Card uuid.UUID
	Type     Type
	// NetworkID is the network's, unique for a card.
	NetworkID string
	// Authorization is what it belongs to. Follows is set for a late capture: the
	// authorization that had run out, while Authorization is the one that books it.
	Authorization, Follows uuid.UUID
	// Amount is what was asked for, or moved. Above is the part of a capture that
	// neither the authorized amount nor the merchant's tolerance explains.
	Amount, Above money.Amount
	Merchant      string
	// Code is ok or why not, NetworkCode field 39 of ISO 8583, Reason a sentence.
	Code, NetworkCode, Reason string
	// Ledger is the ledger's transaction, nil when no money moved.
	Ledger    uuid.UUID
	CreatedAt time.Time
	// Again says that the event had happened before, and nothing was done now.
	Again bool
}

// PublicID is the id that callers see: ctx_….
func (x Transaction) PublicID() string { return ident.Format(ident.CardEntry, x.ID) }
