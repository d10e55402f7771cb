package api

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

// Card is a virtual, prepaid card without its number.
type Card struct {
	ID         string            `json:"id" example:"card_eur_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Last4      string            `json:"last4" example:"8391" doc:"How its number ends."`
	Balance    money.Amount      `json:"balance" doc:"What may be spent. A posting that the network forces can take it below zero."`
	Held       money.Amount      `json:"held" doc:"What open swipes keep, on top of the balance."`
	Currency   string            `json:"currency" example:"eur"`
	Status     string            `json:"status" enum:"active,frozen,canceled"`
	Agent      string            `json:"agent" example:"agent_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Name       string            `json:"name"`
	Wallet     string            `json:"wallet" enum:"company,agent" doc:"Whose wallet it is loaded from."`
	SingleUse  bool              `json:"single_use" doc:"Whether the first approved swipe is the last."`
	Controls   payload[[]Rule]   `json:"controls" doc:"Its own rules, on top of the policies."`
	Provider   string            `json:"provider" example:"sandbox"`
	Metadata   map[string]string `json:"metadata"`
	CreatedAt  time.Time         `json:"created_at"`
	FrozenAt   *time.Time        `json:"frozen_at" nullable:"true"`
	CanceledAt *time.Time        `json:"canceled_at" nullable:"true"`
	Livemode   bool              `json:"livemode"`
}

// CardNumber is what is printed on a card.
type CardNumber struct {
	PAN      string `json:"pan,omitempty" example:"9999990000000013" doc:"The number. It is left out of a stored answer."`
	CVV      string `json:"cvv,omitempty" example:"123" doc:"The code beside it. It is left out of a stored answer."`
	ExpMonth int    `json:"exp_month,omitzero" example:"11"`
	ExpYear  int    `json:"exp_year,omitzero" example:"2029"`
}

// ShownCard is a card with its number, this once.
type ShownCard struct {
	Card
	CardNumber
}

func (s ShownCard) stored() any {
	s.CardNumber = CardNumber{}
	return s
}

// CardSecret is a card's number, shown for a reason.
type CardSecret struct {
	ID    string `json:"id" example:"card_eur_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Last4 string `json:"last4" example:"8391"`
	CardNumber
}

func (s CardSecret) stored() any {
	s.CardNumber = CardNumber{}
	return s
}

// NewCard is what a card is made of.
type NewCard struct {
	Amount    money.Number      `json:"amount" example:"200" doc:"In major units: what moves from the wallet onto the card."`
	Currency  string            `json:"currency" minLength:"3" maxLength:"3" example:"eur" doc:"ISO 4217, in any case. There must be a wallet in it."`
	Agent     string            `json:"agent,omitempty" minLength:"1" example:"procurement-bot" doc:"Whose card it is, by id or handle. X-Agent-Id can name it instead."`
	Name      string            `json:"name,omitempty" maxLength:"200" example:"GPU hours"`
	SingleUse bool              `json:"single_use,omitzero" doc:"The first approved swipe is the last; once its money has settled, the card is canceled and the rest returns."`
	Wallet    string            `json:"wallet,omitempty" enum:"company,agent" default:"company" doc:"Whose wallet it is loaded from."`
	Controls  ruleTexts         `json:"controls,omitempty" doc:"The card's own rules, on top of the policies: merchant, mcc, country, hours, transaction_limit, limit and velocity, as in a policy. The currency of an amount may be left out."`
	Metadata  map[string]string `json:"metadata,omitempty" doc:"At most 50 keys."`
}

func (b NewCard) check(agent uuid.UUID) (cards.Draft, error) {
	currency, currencyErr := money.ParseCurrency(b.Currency)
	if currencyErr != nil {
		return cards.Draft{}, currencyErr
	}
	amount, amountErr := money.Parse(string(b.Amount), currency)
	name, nameErr := company.Text("name", b.Name, 0, 200)
	controls, controlsErr := b.Controls.controls(currency)
	return cards.Draft{Agent: agent, Amount: amount, Name: name, SingleUse: b.SingleUse, FromAgentWallet: b.Wallet == "agent",
		Controls: controls, Metadata: b.Metadata}, joined(amountErr, nameErr, controlsErr, checkMetadata(b.Metadata))
}

// controls reads the rules of a card, whose currency those with an amount have.
func (t ruleTexts) controls(currency money.Currency) (cards.Controls, error) {
	if len(t.raw) == 0 {
		return nil, nil
	}
	return cards.ParseControls(t.raw, currency)
}

// CardChange is a change of a card; what is absent stays.
type CardChange struct {
	Name     *string           `json:"name,omitempty" maxLength:"200"`
	Controls *ruleTexts        `json:"controls,omitempty" doc:"All of them, in place of those that it has; an empty list takes them away."`
	Metadata map[string]string `json:"metadata,omitempty" doc:"Merged: a key is set, or taken away by an empty value."`
}

func (b CardChange) check(currency money.Currency) (out cards.Change, err error) {
	out.Metadata = b.Metadata
	if b.Name != nil {
		name, err := company.Text("name", *b.Name, 0, 200)
		if err != nil {
			return out, err
		}
		out.Name = &name
	}
	if b.Controls != nil {
		controls, err := b.Controls.controls(currency)
		if err != nil {
			return out, err
		}
		out.Controls = &controls
	}
	return out, nil
}

// CardLoad is money to put on a card.
type CardLoad struct {
	Amount money.Number `json:"amount" example:"50" doc:"In major units of the card's currency."`
}

// CardReveal says why a card's number is wanted.
type CardReveal struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"Paying invoice 4711 at a shop without an API" doc:"The audit log keeps it."`
}

func cardView(x cards.Card) (Card, error) {
	rules, err := json.Marshal(x.Controls)
	out := Card{ID: x.PublicID(), Last4: x.Last4, Balance: x.Money(x.Balance), Held: x.Money(x.Held), Currency: string(x.Currency),
		Status: string(x.Status), Agent: ident.Format(ident.Agent, x.Agent), Name: x.Name, Wallet: "company", SingleUse: x.SingleUse,
		Controls: listJSON[Rule](rules), Provider: x.Provider, Metadata: x.Metadata, CreatedAt: x.CreatedAt.UTC(),
		FrozenAt: utc(&x.FrozenAt), CanceledAt: utc(&x.CanceledAt), Livemode: x.Tenant.Live}
	if x.Wallet != uuid.Nil {
		out.Wallet = "agent"
	}
	return out, err
}

func shownCard(x cards.Card, s cards.Secret) (ShownCard, error) {
	view, err := cardView(x)
	return ShownCard{Card: view, CardNumber: numberView(s)}, err
}

func numberView(s cards.Secret) CardNumber {
	return CardNumber{PAN: s.PAN, CVV: s.CVV, ExpMonth: s.ExpMonth, ExpYear: s.ExpYear}
}

// CardTransaction is one thing that happened to a card at the network.
type CardTransaction struct {
	ID                string       `json:"id" example:"ctx_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Card              string       `json:"card" example:"card_eur_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Type              string       `json:"type" enum:"authorization,decline,capture,reversal,refund,expiry,force_post,credit,dispute_opened,dispute_won,dispute_lost"`
	Amount            money.Amount `json:"amount" doc:"What was asked for, or moved."`
	Currency          string       `json:"currency" example:"eur"`
	Merchant          string       `json:"merchant"`
	Authorization     *string      `json:"authorization" nullable:"true" doc:"What it belongs to."`
	Follows           *string      `json:"follows" nullable:"true" doc:"Of a late capture: the authorization that had run out."`
	NetworkID         string       `json:"network_id" doc:"The network's id of it. The same one again does nothing."`
	LedgerTransaction *string      `json:"ledger_transaction" nullable:"true" doc:"Where money moved."`
	Code              string       `json:"code" example:"ok" doc:"ok, or why it was declined."`
	NetworkCode       string       `json:"network_code" example:"00" doc:"ISO 8583, field 39."`
	Reason            string       `json:"reason"`
	CreatedAt         time.Time    `json:"created_at"`
	Livemode          bool         `json:"livemode"`
}

func (c *call) cardTransactionView(x cards.Transaction) CardTransaction {
	return CardTransaction{ID: x.PublicID(), Card: ident.FormatCard(string(x.Amount.Currency), x.Card), Type: string(x.Type), Amount: x.Amount,
		Currency: string(x.Amount.Currency), Merchant: x.Merchant, Authorization: notNil(ident.Authorization, x.Authorization),
		Follows: notNil(ident.Authorization, x.Follows), NetworkID: x.NetworkID, LedgerTransaction: notNil(ident.Transaction, x.Ledger),
		Code: x.Code, NetworkCode: x.NetworkCode, Reason: x.Reason, CreatedAt: x.CreatedAt.UTC(), Livemode: c.Tenant.Live}
}

// notNil is the public form of an id, or null for none.
func notNil(p ident.Prefix, id uuid.UUID) *string {
	if id == uuid.Nil {
		return nil
	}
	return publicID(p, &id)
}
