package stripe

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
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
	if settled(err) {
		return nil
	}
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
