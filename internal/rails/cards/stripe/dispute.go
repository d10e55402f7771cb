package stripe

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
)

// dispute books where one has come to: opened once it is submitted, and won or
// lost when it is closed. What Stripe lends meanwhile is not booked: it may be
// taken back.
func (s *Service) dispute(ctx context.Context, c Connection, d sdk.IssuingDispute) error {
	if d.ID == "" || d.Transaction == nil || d.Transaction.ID == "" {
		return unreadable(nil)
	}
	if d.Status == sdk.IssuingDisputeStatusUnsubmitted {
		return nil
	}
	x, err := s.disputed(ctx, c, d.Transaction.ID)
	if none(err) {
		return nil // of a card that was made there, not here
	}
	if err != nil {
		return err
	}
	p := cards.NetworkPosting{NetworkID: d.ID, Authorization: x.authorization, Amount: d.Amount}
	if _, err := s.cards.OpenDispute(ctx, c.Tenant, x.card, p); err != nil && !settled(err) {
		return err
	}
	won := d.Status == sdk.IssuingDisputeStatusWon
	if !won && d.Status != sdk.IssuingDisputeStatusLost && d.Status != sdk.IssuingDisputeStatusExpired {
		return nil
	}
	p.NetworkID = d.ID + ":" + string(d.Status)
	_, err = s.cards.CloseDispute(ctx, c.Tenant, x.card, p, won)
	switch {
	case settled(err) && won:
		return s.cameBack(ctx, c.Tenant, x.card, d.Transaction.ID, p)
	case settled(err):
		return nil
	}
	return err
}

// cameBack books the money of a dispute that was won where it cannot close one
// here: of two disputes about one authorization, and of a capture that was split,
// only one can. It goes back to what the capture was booked as, part by part, and
// what fits nowhere to the wallet that the card is loaded from.
func (s *Service) cameBack(ctx context.Context, t ident.Tenant, card uuid.UUID, ref string, p cards.NetworkPosting) error {
	name, left := p.NetworkID, p.Amount
	credit := name + ":credit"
	if _, err := s.cards.Find(ctx, t, card, credit); !none(err) {
		return err // booked before
	}
	var was cards.Transaction
	for n := 1; left > 0; n++ {
		part, err := s.cards.Find(ctx, t, card, requestID(ref, n))
		if none(err) {
			break
		}
		if err != nil {
			return err
		}
		was = part
		p.NetworkID, p.Authorization, p.Amount = requestID(name, n), part.Authorization, min(left, part.Amount.Minor)
		back, err := s.cards.Refund(ctx, t, card, p)
		if err != nil && !settled(err) {
			return err
		}
		left -= back.Amount.Minor
	}
	if left <= 0 {
		return nil
	}
	_, err := s.cards.Credit(ctx, t, card, credit, money.Of(left, was.Amount.Currency), policy.Merchant{Name: was.Merchant}, audit.System())
	return err
}

// booked is where one of Stripe's transactions is in our books.
type booked struct{ card, authorization uuid.UUID }

// disputed finds a transaction in our books. One that Stripe has not told of yet
// is fetched and booked first.
func (s *Service) disputed(ctx context.Context, c Connection, ref string) (booked, error) {
	found, err := s.find(ctx, c.Tenant, ref)
	if !errors.Is(err, pgx.ErrNoRows) {
		return found, err
	}
	x, err := s.apiOf(c).V1IssuingTransactions.Retrieve(ctx, ref, nil)
	if err != nil {
		return booked{}, trouble(err)
	}
	if err := s.transaction(ctx, c.Tenant, *x); err != nil {
		return booked{}, err
	}
	found, err = s.find(ctx, c.Tenant, ref)
	return found, missing(err)
}

func (s *Service) find(ctx context.Context, t ident.Tenant, ref string) (booked, error) {
	row, err := db.New(s.pool).IssuerBooked(ctx, t.Company, t.Live, Name, ref)
	if err != nil || row.AuthorizationID == nil {
		return booked{card: row.CardID}, err
	}
	return booked{row.CardID, *row.AuthorizationID}, nil
}
