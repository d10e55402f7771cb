package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
)

// CardList is the page of cards.
type CardList struct {
	// Agent is the filter as it was typed, Status the other one; empty takes all.
	Agent  string
	Status cards.Status
	Cards  []CardRow
	// Issuer is where new ones come from.
	Issuer Issuer
	// Next leads to older ones; empty on the last page.
	Next  string
	Wrong Errors
}

// CardRow is a card with its agent's handle, and what was captured and not paid
// back, in minor units.
type CardRow struct {
	cards.Card
	Handle string
	Spent  int64
}

// CardPage is everything about one card.
type CardPage struct {
	CardRow
	Words   Words
	Entries []cards.Transaction
	// Next leads to older entries; empty on the last page.
	Next string
	// Account is where the card's money is in the ledger.
	Account uuid.UUID
	Load    LoadForm
	Swipe   SwipeForm
	// NetworkID makes what is played twice with one page happen once.
	NetworkID string
}

// SwipeForm is what was typed to play a terminal.
type SwipeForm struct {
	Amount, Merchant, MCC, Country string
	Wrong                          Errors
}

// Playable says whether a person may play the card's network: that of the
// sandbox, in test mode.
func Playable(c cards.Card) bool { return !c.Tenant.Live && c.Provider == cards.SandboxName }

// LoadForm is what was typed to load a card.
type LoadForm struct {
	Amount string
	Wrong  Errors
}

// CardForm is what was typed about a card.
type CardForm struct {
	// Card is the one that is changed; nil makes a new one. Shown is its
	// digest as it was when the form was opened, and Changed says that somebody
	// else saved it since.
	Card                        *CardRow
	Shown                       string
	Changed                     bool
	Agent, Wallet, Amount, Name string
	SingleUse                   bool
	Controls                    CardControls
	Agents                      []company.Agent
	Wallets                     []ledger.WalletState
	// Issuer is where the card would come from.
	Issuer Issuer
	// Handles are those of the agents that wallets belong to.
	Handles map[uuid.UUID]string
	Wrong   Errors
}

// CardControls are a card's rules as its form holds them.
type CardControls struct {
	// Typed is what was typed, by field.
	Typed map[string][]string
	// Kept are rules that the form has no fields for, in words: they stay.
	Kept []string
}

// Get is what was typed into a field.
func (c CardControls) Get(field string) string {
	return RuleDraft{Fields: c.Typed}.Get(field)
}

// wallets are the choices of the form.
func (p CardForm) wallets() (out []Option) {
	for _, w := range p.Wallets {
		out = append(out, Option{ident.Format(ident.Account, w.ID), whoseWallet(w.Owner, p.Handles) + ": " + w.Money().String()})
	}
	return out
}

func (p CardForm) input(label, name, hint string) Input {
	return Input{Label: label, Name: name, Value: p.Controls.Get(name), Error: p.Wrong.At(name), Hint: hint}
}

// RevealPage asks why a card's number is wanted, or shows it.
type RevealPage struct {
	CardRow
	Reason, Last4 string
	// Secret is what is shown this once, for Seconds; nil asks.
	Secret  *cards.Secret
	Seconds int
	// Later says that it was looked at too often, and when it can be again.
	Later string
	Wrong Errors
}

// CardPath is the address of a card's page, without the mode.
func CardPath(c cards.Card) string { return "/cards/" + c.PublicID() }

// CardTone is the tone of a card's status.
func CardTone(s cards.Status) Tone {
	switch s {
	case cards.Active:
		return Good
	case cards.Frozen:
		return Bad
	}
	return Plain
}

// CardStatusName is a card's status as pages write it.
func CardStatusName(s cards.Status) string {
	return map[cards.Status]string{cards.Active: "Active", cards.Frozen: "Frozen", cards.Canceled: "Canceled"}[s]
}

// CardName is what people call a card: its name, else its last four digits.
func CardName(c cards.Card) string {
	if c.Name != "" {
		return visible(c.Name)
	}
	return "Card " + c.Last4
}

// cardFilters are the statuses to narrow the list to.
var cardFilters = []Option{{"", "All"}, {string(cards.Active), "Active"}, {string(cards.Frozen), "Frozen"}, {string(cards.Canceled), "Canceled"}}

// loaded is what was loaded and has not gone back to the wallet.
func (c CardRow) loaded() int64 { return c.Spent + c.Held + c.Balance }

// shares are the parts of what was loaded in thousandths: captured, held.
func (c CardRow) shares() (spent, held int64) {
	spent = share(c.Spent, c.loaded())
	held = min(share(c.Held, c.loaded()), barScale-spent)
	if c.loaded() <= 0 {
		return 0, 0
	}
	return spent, held
}

// barLabel says in words what the bar shows.
func (c CardRow) barLabel() string {
	return fmt.Sprintf("Of %s: %s captured, %s held, %s left", c.Money(c.loaded()), c.Money(c.Spent), c.Money(c.Held), c.Money(c.Balance))
}

// controls are the card's own rules in words.
func (p CardPage) controls() (out []string) {
	for _, r := range p.Controls {
		out = append(out, ControlSentence(p.Words, r))
	}
	return out
}

// ControlSentence says what a rule of a card does.
func ControlSentence(w Words, r policy.Rule) string {
	return strings.Replace(w.Sentence(r), "Each covered agent", "This card", 1)
}

// EntryName says what happened to a card.
func EntryName(t cards.Type) string {
	if name := map[cards.Type]string{cards.Authorized: "Approved", cards.Declined: "Declined", cards.Captured: "Captured", cards.Reversed: "Reversed",
		cards.Refunded: "Refunded", cards.Expired: "Ran out", cards.ForcePosted: "Posted without asking", cards.DisputeOpened: "Dispute opened",
		cards.Credited: "Credit", cards.DisputeWon: "Dispute won", cards.DisputeLost: "Dispute lost"}[t]; name != "" {
		return name
	}
	return string(t)
}

// entryTone is how an entry is to be taken.
func entryTone(t cards.Type) Tone {
	switch t {
	case cards.Authorized:
		return News
	case cards.Captured, cards.Refunded, cards.Credited, cards.DisputeWon:
		return Good
	case cards.Declined, cards.DisputeLost:
		return Bad
	case cards.ForcePosted, cards.DisputeOpened:
		return Attention
	}
	return Plain
}

// groupedNumber is a card's number in groups of four.
func groupedNumber(number string) string {
	var groups []string
	for len(number) > 4 {
		groups, number = append(groups, number[:4]), number[4:]
	}
	return strings.Join(append(groups, number), " ")
}

// expiry is the month that a card ends with, as it is printed.
func expiry(month, year int) string {
	return time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC).Format("01/06")
}

// cardWallet names whose wallet a card is loaded from.
func cardWallet(p CardPage) string {
	if p.Wallet == uuid.Nil {
		return "the company"
	}
	return p.Handle
}

// providerName is a provider as pages write it.
func providerName(name string) string {
	if known := map[string]string{cards.SandboxName: "Sandbox, built in", "stripe": "Stripe Issuing"}[name]; known != "" {
		return known
	}
	return name
}

// typed says whether one of these fields has something in it, or is wrong.
func (p CardForm) typed(fields ...string) bool {
	for _, field := range fields {
		if strings.Join(p.Controls.Typed[field], "") != "" || p.Wrong.At(field) != "" {
			return true
		}
	}
	return false
}

// has says whether a value of a field is chosen.
func (p CardForm) has(field, value string) bool {
	return RuleDraft{Fields: p.Controls.Typed}.Has(field, value)
}
