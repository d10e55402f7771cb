package stripe

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

// Issuer is Stripe as the maker of a company's cards.
type Issuer struct {
	connection Connection
	api        *sdk.Client
}

// Issuers finds the issuer of a company, as package cards asks for it.
func (s *Service) Issuers(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (cards.Issuer, error) {
	if name != "" && name != Name {
		return nil, nil
	}
	c, err := s.Connection(ctx, tx, t)
	if err != nil || c == nil {
		return nil, err
	}
	if !c.Ready {
		return nil, fault.New(fault.Conflict, "provider_not_connected", "Stripe is connected, but its events cannot be checked yet: connect again with the signing secret of the webhook.")
	}
	return &Issuer{*c, s.apiOf(*c)}, nil
}

// Name is the provider's.
func (*Issuer) Name() string { return Name }

// Issue makes a virtual card. Stripe makes one for each NewCard.ID, however often
// it is asked. Where its number cannot be read at once, the card is there
// without: a reveal shows it later.
func (i *Issuer) Issue(ctx context.Context, n cards.NewCard) (cards.Issued, error) {
	id := ident.FormatCard(string(n.Currency), n.ID)
	p := &sdk.IssuingCardCreateParams{Cardholder: &i.connection.Cardholder, Currency: sdk.String(n.Currency), Type: sdk.String(sdk.IssuingCardTypeVirtual),
		Status: sdk.String(sdk.IssuingCardStatusActive), SpendingControls: wallOf(n.Controls, n.Currency).created(),
		Metadata: map[string]string{"purser_card": id}}
	p.SetIdempotencyKey("purser-" + id)
	card, err := i.api.V1IssuingCards.Create(ctx, p)
	if err != nil {
		return cards.Issued{}, trouble(err)
	}
	out := cards.Issued{Ref: card.ID, Last4: card.Last4, ExpMonth: int(card.ExpMonth), ExpYear: int(card.ExpYear)}
	if err := sane(out, n.Currency, card); err != nil {
		return cards.Issued{}, unavailable(err)
	}
	if secret, err := i.Reveal(ctx, card.ID); err == nil {
		out.Secret = &secret
	}
	return out, nil
}

var (
	lastFour = regexp.MustCompile(`^[0-9]{4}$`)
	number   = regexp.MustCompile(`^[0-9]{12,19}$`)
	code     = regexp.MustCompile(`^[0-9]{3,4}$`)
)

// sane holds what came back against what was asked for.
func sane(out cards.Issued, currency money.Currency, card *sdk.IssuingCard) error {
	switch {
	case out.Ref == "" || !lastFour.MatchString(out.Last4) || out.ExpMonth < 1 || out.ExpMonth > 12 || out.ExpYear < 2000 || out.ExpYear > 2100:
		return errors.New("stripe: a card without what a card has")
	case string(card.Currency) != string(currency):
		return fmt.Errorf("stripe: a card in %q, not in %q", card.Currency, currency)
	}
	return nil
}

// SetStatus freezes, unfreezes or cancels a card.
func (i *Issuer) SetStatus(ctx context.Context, ref string, s cards.Status) error {
	p := &sdk.IssuingCardUpdateParams{Status: sdk.String(statusThere(s))}
	card, err := i.api.V1IssuingCards.Update(ctx, ref, p)
	if err != nil && s == cards.Canceled {
		// Whoever cancels twice is told that it cannot be changed: then it is over.
		if have, again := i.api.V1IssuingCards.Retrieve(ctx, ref, nil); again == nil && have.Status == sdk.IssuingCardStatusCanceled {
			return nil
		}
	}
	if err == nil && card.ID != ref {
		return unavailable(errors.New("stripe: another card was changed"))
	}
	return trouble(err)
}

func statusThere(s cards.Status) sdk.IssuingCardStatus {
	switch s {
	case cards.Active:
		return sdk.IssuingCardStatusActive
	case cards.Canceled:
		return sdk.IssuingCardStatusCanceled
	default:
		return sdk.IssuingCardStatusInactive
	}
}

// SetControls raises the second wall anew.
func (i *Issuer) SetControls(ctx context.Context, ref string, c cards.Controls) error {
	card, err := i.api.V1IssuingCards.Retrieve(ctx, ref, nil)
	if err != nil {
		return trouble(err)
	}
	_, err = i.api.V1IssuingCards.Update(ctx, ref, &sdk.IssuingCardUpdateParams{
		SpendingControls: wallOf(c, money.Currency(card.Currency)).updated()})
	return trouble(err)
}

// Reveal reads a card's number and code.
func (i *Issuer) Reveal(ctx context.Context, ref string) (cards.Secret, error) {
	p := &sdk.IssuingCardRetrieveParams{}
	p.AddExpand("number")
	p.AddExpand("cvc")
	card, err := i.api.V1IssuingCards.Retrieve(ctx, ref, p)
	if err != nil {
		return cards.Secret{}, trouble(err)
	}
	if !number.MatchString(card.Number) || !code.MatchString(card.CVC) {
		return cards.Secret{}, unavailable(errors.New("stripe: a card without its number"))
	}
	return cards.Secret{PAN: card.Number, CVV: card.CVC, ExpMonth: int(card.ExpMonth), ExpYear: int(card.ExpYear)}, nil
}

// mostLines bounds a statement, so that a list without an end is an error.
const mostLines = 200_000

// Statement lists what Stripe moved, oldest first, as it counts itself: what was
// captured and what came back.
func (i *Issuer) Statement(ctx context.Context, from, to time.Time) ([]cards.Line, error) {
	p := &sdk.IssuingTransactionListParams{CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()}}
	p.Limit = sdk.Int64(100)
	var out []cards.Line
	for x, err := range i.api.V1IssuingTransactions.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, trouble(err)
		}
		if len(out) == mostLines {
			return nil, unavailable(errors.New("stripe: a statement without an end"))
		}
		out = append(out, lineOf(x))
	}
	for a, b := 0, len(out)-1; a < b; a, b = a+1, b-1 {
		out[a], out[b] = out[b], out[a]
	}
	return out, nil
}

func lineOf(x *sdk.IssuingTransaction) cards.Line {
	line := cards.Line{NetworkID: x.ID, Amount: money.Of(-x.Amount, money.Currency(x.Currency)), At: time.Unix(x.Created, 0).UTC()}
	if x.Card != nil {
		line.Ref = x.Card.ID
	}
	switch {
	case x.Type == sdk.IssuingTransactionTypeRefund:
		line.Type, line.Amount = cards.Refunded, money.Of(x.Amount, line.Amount.Currency)
	case x.Authorization == nil:
		line.Type = cards.ForcePosted
	default:
		line.Type = cards.Captured
	}
	return line
}
