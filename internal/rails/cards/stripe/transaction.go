package stripe

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
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

// requests finds what we approved for an authorization of Stripe's, the oldest
// first: one, or more when the merchant asked for more later. What Stripe declined
// by itself has no row here, so their numbers have gaps.
func (s *Service) requests(ctx context.Context, card cards.Card, a *sdk.IssuingAuthorization) ([]db.IssuerRequestsRow, error) {
	if a == nil || a.ID == "" {
		return nil, nil
	}
	return db.New(s.pool).IssuerRequests(ctx, card.Tenant.Company, card.Tenant.Live, card.ID, a.ID)
}

// capture books money that was taken, against what was approved for it. What
// belongs to nothing that is still open is booked past every rule. Stripe tells of
// a transaction again and again, and the requests are others by then: only what
// is not booked yet is split over them.
func (s *Service) capture(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, minor int64) error {
	n, left, err := s.unbooked(ctx, card, x.ID, minor)
	if err != nil || left <= 0 {
		return err
	}
	approved, err := s.requests(ctx, card, x.Authorization)
	if err != nil {
		return err
	}
	for i, r := range approved {
		part := min(left, r.Reserved)
		if i == len(approved)-1 {
			part = left // tips and fuel: above what was approved
		}
		if part <= 0 {
			continue
		}
		booked, err := s.take(ctx, card, x, cards.NetworkPosting{NetworkID: requestID(x.ID, n), Authorization: *r.AuthorizationID, Amount: part})
		if err != nil {
			return err
		}
		left, n = left-booked, n+1
	}
	if len(approved) == 0 {
		_, err = s.force(ctx, card, x, requestID(x.ID, n), left)
	}
	return err
}

// unbooked is what of a transaction is in no books yet, and the number of the
// part that is next.
func (s *Service) unbooked(ctx context.Context, card cards.Card, ref string, minor int64) (n int, left int64, err error) {
	for n = 1; minor > 0; n++ {
		was, err := s.cards.Find(ctx, card.Tenant, card.ID, requestID(ref, n))
		if none(err) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		minor -= was.Amount.Minor
	}
	return n, minor, nil
}

// take books a part of a capture, and says how much that part is: another amount
// than was asked for where somebody else was faster.
func (s *Service) take(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, p cards.NetworkPosting) (int64, error) {
	was, err := s.cards.Capture(ctx, card.Tenant, card.ID, p)
	if settled(err) {
		return s.force(ctx, card, x, p.NetworkID, p.Amount)
	}
	return was.Amount.Minor, err
}

// force books what the gate has approved nothing for, and says how much it is.
func (s *Service) force(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, name string, minor int64) (int64, error) {
	was, err := s.cards.ForcePost(ctx, card.Tenant, card.ID, cards.Swipe{NetworkID: name, Amount: money.Of(minor, card.Currency),
		Merchant: merchantOf(x.MerchantData), Metadata: map[string]string{"stripe_transaction": x.ID}})
	if fault.Is(err, "network_id_conflict") { // booked before, as a capture
		was, err = s.cards.Find(ctx, card.Tenant, card.ID, name)
	}
	return was.Amount.Minor, err
}

// refund books money that came back, to what it was taken for. Stripe's link is
// a guess: where it does not fit, what was captured lately at the same merchant
// is tried, and what fits nowhere goes to the wallet that the card is loaded from.
func (s *Service) refund(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, minor int64) error {
	candidates, err := s.captured(ctx, card, x)
	if err != nil {
		return err
	}
	for _, authorization := range candidates {
		_, err = s.cards.Refund(ctx, card.Tenant, card.ID, cards.NetworkPosting{NetworkID: x.ID, Authorization: authorization, Amount: minor})
		if !settled(err) {
			return err
		}
	}
	return s.credit(ctx, card, x, minor)
}

// recent is how far back a refund that is linked to nothing looks.
const recent = 200

// captured lists the authorizations that a refund may belong to, the likeliest
// first.
func (s *Service) captured(ctx context.Context, card cards.Card, x sdk.IssuingTransaction) (out []uuid.UUID, err error) {
	approved, err := s.requests(ctx, card, x.Authorization)
	if err != nil {
		return nil, err
	}
	for _, r := range approved {
		out = append(out, *r.AuthorizationID)
	}
	all, err := s.cards.Transactions(ctx, card.Tenant, card.ID, cards.Page{Limit: recent})
	for _, was := range all {
		if was.NetworkID == x.ID && was.Authorization != uuid.Nil {
			return []uuid.UUID{was.Authorization}, err // booked before
		}
		took := was.Type == cards.Captured || was.Type == cards.ForcePosted
		if took && was.Merchant == merchantOf(x.MerchantData).Name && !slices.Contains(out, was.Authorization) {
			out = append(out, was.Authorization)
		}
	}
	return out, err
}

// credit books money that came back for nothing that we know.
func (s *Service) credit(ctx context.Context, card cards.Card, x sdk.IssuingTransaction, minor int64) error {
	_, err := s.cards.Credit(ctx, card.Tenant, card.ID, x.ID, card.Money(minor), merchantOf(x.MerchantData), audit.System())
	return err
}
