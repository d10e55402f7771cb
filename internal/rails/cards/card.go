// Package cards is the rail of prepaid cards: it issues them, loads them from a
// wallet, and sends each swipe through the gate. What is on a card is an account
// of the ledger. A number (PAN) and its code (CVV) are shown once at creation and
// by an audited reveal, and are in nothing else.
//
// Every transaction locks in one order: the mode (if at all), the agent, the
// card, and then accounts of the ledger.
package cards

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// Status says whether a card may be used.
type Status string

// The statuses. A canceled card stays canceled; what comes free of it goes back
// to its wallet.
const (
	Active   Status = "active"
	Frozen   Status = "frozen"
	Canceled Status = "canceled"
)

// Card is a card as it stands.
type Card struct {
	Tenant    ident.Tenant
	ID, Agent uuid.UUID
	Name      string
	// Provider issued the card, and knows it as ProviderRef.
	Provider, ProviderRef string
	Currency              money.Currency
	Status                Status
	Last4                 string
	ExpMonth, ExpYear     int // it may be used until the end of that month, UTC
	// SingleUse ends the card with its first approved swipe.
	SingleUse bool
	// Wallet is whose wallet it is loaded from: an agent, or nil: the company.
	Wallet   uuid.UUID
	Controls Controls
	// Balance is what may be spent, in minor units, and Held what open swipes
	// keep beside it. A forced posting can take the balance below zero.
	Balance, Held                   int64
	Metadata                        map[string]string
	CreatedAt, FrozenAt, CanceledAt time.Time // zero: not (now)
	// UsedAt is when the one swipe of a single-use card was approved; zero: not yet.
	UsedAt time.Time
}

// PublicID is the id that callers see: card_eur_….
func (c Card) PublicID() string { return ident.FormatCard(string(c.Currency), c.ID) }

// Money is an amount in the card's currency.
func (c Card) Money(minor int64) money.Amount { return money.Of(minor, c.Currency) }

// Digest stands for the card's name and its own rules: it is another one as soon
// as either is.
func (c Card) Digest() string {
	rules, err := rulesJSON(c.Controls)
	if err != nil {
		return "" // of rules that were read, never
	}
	sum := sha256.Sum256(append([]byte(c.Name+"\x00"), rules...))
	return hex.EncodeToString(sum[:16])
}

// account is where the card's money is, wallet where it comes from, and clearing
// where it goes when it is captured. Each card clears by itself, so that the
// postings of two agents' cards share no account.
func (c Card) account() ledger.Ref {
	return ledger.Ref{Kind: ledger.Card, Owner: c.ID, Currency: c.Currency}
}
func (c Card) wallet() ledger.Ref { return ledger.WalletOf(c.Wallet, c.Currency) }
func (c Card) clearing() ledger.Ref {
	return ledger.Ref{Kind: ledger.Clearing, Owner: c.ID, Currency: c.Currency}
}

// expiredAt reports whether the card's time has ended.
func (c Card) expiredAt(now time.Time) bool {
	return !now.Before(time.Date(c.ExpYear, time.Month(c.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC))
}

// Secret is what is printed on a card. It is in no row, log or event.
type Secret struct {
	PAN, CVV          string
	ExpMonth, ExpYear int
}

// String keeps a secret that is printed by mistake out of logs.
func (Secret) String() string { return "a card's secret" }

// GoString is String for %#v, and LogValue that for slog.
func (s Secret) GoString() string     { return s.String() }
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Filter narrows a list; what is empty or nil takes all.
type Filter struct {
	Agent    *uuid.UUID
	Status   Status
	Currency money.Currency
}

// Page asks for at most Limit rows, newest first, older than Before (nil: from
// the newest).
type Page struct {
	Limit  int
	Before *uuid.UUID
}
