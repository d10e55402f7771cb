package stripe

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
)

// note books what an event says, once. Its parts have names of their own at the
// gate and in the ledger, so an event that comes twice, or whose work broke off,
// changes nothing twice; the row only spares the work.
func (s *Service) note(ctx context.Context, c Connection, e sdk.Event) (Answer, error) {
	seen, err := db.New(s.pool).IssuerEventSeen(ctx, c.Tenant.Company, c.Tenant.Live, Name, e.ID)
	if err != nil {
		return Answer{}, err
	}
	if seen {
		return taken(), nil
	}
	if err := s.book(ctx, c, e); err != nil {
		f := fault.From(err)
		s.log.Warn("an event of Stripe is not booked", "event", e.ID, "type", e.Type, "code", f.Code, "error", err)
		return Answer{}, err
	}
	err = db.New(s.pool).IssuerEventDone(ctx, db.IssuerEventDoneParams{CompanyID: c.Tenant.Company, Live: c.Tenant.Live, Provider: Name,
		EventID: e.ID, Type: string(e.Type)})
	return taken(), err
}

// book does what an event is about. One that we have no use for is done with.
func (s *Service) book(ctx context.Context, c Connection, e sdk.Event) error {
	switch {
	case e.Type == sdk.EventTypeIssuingAuthorizationCreated, e.Type == sdk.EventTypeIssuingAuthorizationUpdated:
		a, err := object[sdk.IssuingAuthorization](e)
		if err != nil {
			return err
		}
		return s.authorization(ctx, c, e, a)
	case e.Type == sdk.EventTypeIssuingTransactionCreated:
		x, err := object[sdk.IssuingTransaction](e)
		if err != nil {
			return err
		}
		return s.transaction(ctx, c.Tenant, x)
	case strings.HasPrefix(string(e.Type), "issuing_dispute."):
		d, err := object[sdk.IssuingDispute](e)
		if err != nil {
			return err
		}
		return s.dispute(ctx, c, d)
	case e.Type == sdk.EventTypeIssuingCardUpdated:
		card, err := object[sdk.IssuingCard](e)
		if err != nil {
			return err
		}
		return s.cardChanged(ctx, c, card)
	case e.Type == sdk.EventTypeTopupSucceeded, e.Type == sdk.EventTypeTopupReversed:
		return s.funded(ctx, c.Tenant, e)
	}
	return nil
}

// inTx is the pool's, for what is booked in one transaction of our own.
func (s *Service) inTx(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return s.pool.InTx(ctx, fn)
}

// settled reports whether an error only says that there is nothing left to do:
// the state has moved on.
func settled(err error) bool { return err != nil && fault.From(err).Kind == fault.Conflict }

// none reports whether an error says that we know no such thing.
func none(err error) bool { return err != nil && fault.From(err).Kind == fault.NotFound }
