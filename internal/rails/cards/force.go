package cards

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// ForcePost books a purchase that the network has settled without asking. It
// counts against every limit, is refused by none, and may take the card below
// zero. Errors: not_found, network_id_conflict (409), Invalid for what is no
// purchase in the card's currency.
func (s *Service) ForcePost(ctx context.Context, t ident.Tenant, card uuid.UUID, in Swipe) (Transaction, error) {
	if err := in.check(); err != nil {
		return Transaction{}, err
	}
	c, err := s.Get(ctx, t, card)
	if err != nil {
		return Transaction{}, err
	}
	if in.Amount.Currency != c.Currency {
		return Transaction{}, fault.BadField("currency", CodeCurrency, "The card is in %s.", c.Currency.Upper())
	}
	b := &booking{service: s, card: c, kind: ForcePosted, in: NetworkPosting{NetworkID: in.NetworkID, Amount: in.Amount.Minor, By: in.By}}
	return b.force(ctx, in.Merchant, in.Metadata)
}

// force has the gate book what it did not allow.
func (b *booking) force(ctx context.Context, m policy.Merchant, metadata map[string]string) (Transaction, error) {
	_, err := b.service.config.Gate.Force(ctx, call(b.card, b.in.By), spend.Request{Agent: b.card.Agent, Amount: money.Of(b.in.Amount, b.card.Currency),
		Merchant: m, Rail: Rail, Purpose: b.card.label(), ExpiresIn: holdFor, Metadata: tagged(metadata, b.card)}, b.posting())
	if err != nil {
		return Transaction{}, err
	}
	return b.result(ctx)
}

// captureLate books the capture of an authorization that had run out: nothing is
// held for it any more, so it is a purchase of its own that follows the first.
func (s *Service) captureLate(ctx context.Context, b *booking) (Transaction, error) {
	old, err := s.config.Gate.Get(ctx, call(b.card, Actor{}), b.in.Authorization, 0)
	if err != nil {
		return Transaction{}, err
	}
	if b.in.Amount == 0 {
		b.in.Amount = b.authorized
	}
	metadata := map[string]string{"late_capture_of": ident.Format(ident.Authorization, b.in.Authorization)}
	return b.force(ctx, old.Authorization.Merchant, metadata)
}

// settle ends a card that is over, with its agent and row locked: a single-use
// card is canceled once nothing is held of its swipe, and a canceled one gives
// what is free back to its wallet.
func settle(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID) error {
	c, err := lockedCard(ctx, tx, t, id)
	switch {
	case err != nil:
		return err
	case c.Status == Canceled && c.Balance > 0:
		return c.giveBack(ctx, tx, actor(Actor{}))
	case c.Status == Canceled || c.UsedAt.IsZero() || c.Held > 0:
		return nil
	}
	return c.become(ctx, tx, actor(Actor{}), Canceled, "card.canceled")
}
