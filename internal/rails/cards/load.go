package cards

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// Load moves more money from the card's wallet to the card. Errors: not_found;
// card_canceled, card_frozen, agent_frozen, company_frozen, insufficient_funds
// (409); currency_mismatch and amount faults (422).
func (s *Service) Load(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID, amount money.Amount) (Card, error) {
	before, err := s.movable(ctx, tx, t, id)
	if err != nil {
		return Card{}, err
	}
	if err := before.loadable(amount); err != nil {
		return Card{}, err
	}
	ground, err := db.New(tx).CardLockGround(ctx, t.Company, t.Live, before.Agent)
	if err := admits(db.CardGroundRow(ground), err); err != nil {
		return Card{}, err
	}
	c, err := lockedCard(ctx, tx, t, id)
	if err != nil {
		return Card{}, err
	}
	if err := c.loadable(amount); err != nil {
		return Card{}, err
	}
	if err := c.post(ctx, tx, by, "card.loaded", "card.loaded:"+ident.New().String(), ledger.Move(c.wallet(), c.account(), amount.Minor)); err != nil {
		return Card{}, err
	}
	c.Balance += amount.Minor
	return c, c.tell(ctx, tx, by, "card.loaded", map[string]any{"amount": amount.Decimal()})
}

func (c Card) loadable(amount money.Amount) error {
	if err := c.alive(); err != nil {
		return err
	}
	switch {
	case c.Status == Frozen:
		return fault.New(fault.Conflict, "card_frozen", "This card is frozen: unfreeze it first.")
	case amount.Currency != c.Currency:
		return fault.BadField("currency", "currency_mismatch", "The card is in %s.", c.Currency.Upper())
	case amount.Minor <= 0 || amount.Minor > c.Currency.MaxMinor():
		return fault.BadField("amount", "out_of_range", "A card is loaded with more than zero.")
	}
	return nil
}

// post books a movement of the card's money.
func (c Card) post(ctx context.Context, tx pgx.Tx, by Actor, kind, key string, entries []ledger.Entry) error {
	_, err := ledger.Post(ctx, tx, c.Tenant, by, ledger.Posting{Key: key, Kind: kind, Reference: c.PublicID(), Entries: entries})
	return err
}

// tell writes an event of the card. Nothing of its number but the last four.
func (c Card) tell(ctx context.Context, tx pgx.Tx, by Actor, event string, more map[string]any) error {
	agent := c.Agent
	data := map[string]any{"last4": c.Last4, "currency": string(c.Currency)}
	for k, v := range more {
		data[k] = v
	}
	return audit.Append(ctx, tx, c.Tenant, by, audit.Event{Type: event, Agent: &agent, Subject: c.PublicID(), Data: data})
}
