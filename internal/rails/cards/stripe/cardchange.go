package stripe

import (
	"context"

	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/rails/cards"
)

// cardChanged follows what somebody did to a card at Stripe: frozen or canceled
// there is frozen or canceled here. What was unfrozen there stays frozen here,
// as the stricter of the two holds. The event may be an old one, so Stripe is
// asked how the card is now.
func (s *Service) cardChanged(ctx context.Context, c Connection, there sdk.IssuingCard) error {
	id, err := s.cards.ByRef(ctx, c.Tenant, Name, there.ID)
	if none(err) {
		return nil
	}
	if err != nil {
		return err
	}
	now, err := s.apiOf(c).V1IssuingCards.Retrieve(ctx, there.ID, nil)
	if err != nil {
		return trouble(err)
	}
	here, err := s.cards.Get(ctx, c.Tenant, id)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		switch {
		case now.Status == sdk.IssuingCardStatusCanceled && here.Status != cards.Canceled:
			_, err = s.cards.Cancel(ctx, tx, c.Tenant, audit.System(), id)
		case now.Status == sdk.IssuingCardStatusInactive && here.Status == cards.Active:
			_, err = s.cards.Freeze(ctx, tx, c.Tenant, audit.System(), id)
		}
		return err
	})
	if settled(err) {
		return nil
	}
	return err
}
