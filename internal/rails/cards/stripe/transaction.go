package stripe

import (
	"context"
	"errors"

	"github.com/google/uuid"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

// transaction books money that Stripe has moved: a capture is negative there, a
// refund positive, both in the card's currency. It happened, so it is booked,
// whatever we think of it.
func (s *Service) transaction(ctx context.Context, t ident.Tenant, x sdk.IssuingTransaction) error {
	if x.ID == "" || x.Card == nil {
		return unreadable(nil)
	}
	id, err := s.cards.ByRef(ctx, t, Name, x.Card.ID)
	if none(err) {
		return nil
	}
	if err != nil {
		return err
	}
	card, err := s.cards.Get(ctx, t, id)
	if err != nil {
		return err
	}
	if string(x.Currency) != string(card.Currency) {
		return fault.New(fault.Invalid, "currency_mismatch", "The card is in %s, the transaction is not.", card.Currency.Upper())
	}
	switch {
	case x.Amount == 0:
		return nil
	case x.Type == sdk.IssuingTransactionTypeCapture && x.Amount < 0:
		return s.capture(ctx, card, x, -x.Amount)
	case x.Type == sdk.IssuingTransactionTypeRefund && x.Amount > 0:
		return s.refund(ctx, card, x, x.Amount)
	}
	return unreadable(errors.New("stripe: a transaction that goes the wrong way"))
}

// request is what was approved for one request of an authorization.
type request struct {
	authorization uuid.UUID
	minor         int64
}

// requests finds what we approved for an authorization of Stripe's: one, or more
// when the merchant asked for more later.
func (s *Service) requests(ctx context.Context, card cards.Card, a *sdk.IssuingAuthorization) (out []request, err error) {
	if a == nil || a.ID == "" {
		return nil, nil
	}
	for n := 1; n <= mostRequests; n++ {
		x, err := s.cards.Find(ctx, card.Tenant, card.ID, requestID(a.ID, n))
		if none(err) && n > 1 {
			break // in time one follows the other
		}
		if err != nil && !none(err) {
			return nil, err
		}
		if err == nil && x.Type == cards.Authorized {
			out = append(out, request{x.Authorization, x.Amount.Minor})
		}
	}
	return out, nil
}

// mostRequests bounds how often a merchant can ask for more.
const mostRequests = 50

// capture books money that was taken, against what was approved for it. What
// belongs to nothing that is still open is booked past every rule.
func (s *Service) capture(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, minor int64) error {
	approved, err := s.requests(ctx, card, x.Authorization)
	if err != nil {
		return err
	}
	for i, r := range approved {
		part := min(minor, r.minor)
		if i == len(approved)-1 {
			part = minor // tips and fuel: above what was approved
		}
		if part == 0 {
			break
		}
		_, err := s.cards.Capture(ctx, card.Tenant, card.ID, cards.NetworkPosting{NetworkID: requestID(x.ID, i+1), Authorization: r.authorization, Amount: part})
		if settled(err) {
			err = s.force(ctx, card, x, requestID(x.ID, i+1), part)
		}
		if err != nil {
			return err
		}
		minor -= part
	}
	if len(approved) == 0 {
		return s.force(ctx, card, x, x.ID, minor)
	}
	return nil
}

// force books what the gate has approved nothing for.
func (s *Service) force(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, name string, minor int64) error {
	_, err := s.cards.ForcePost(ctx, card.Tenant, card.ID, cards.Swipe{NetworkID: name, Amount: money.Of(minor, card.Currency),
		Merchant: merchantOf(x.MerchantData), Metadata: map[string]string{"stripe_transaction": x.ID}})
	return err
}

// refund books money that came back, to what it was taken for. Stripe's link is
// a guess: where it does not fit, the card is credited all the same.
func (s *Service) refund(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, minor int64) error {
	approved, err := s.requests(ctx, card, x.Authorization)
	if err != nil {
		return err
	}
	for _, r := range append(approved, request{}) {
		_, err = s.cards.Refund(ctx, card.Tenant, card.ID, cards.NetworkPosting{NetworkID: x.ID, Authorization: r.authorization, Amount: minor})
		if !settled(err) {
			return err
		}
	}
	return err
}
