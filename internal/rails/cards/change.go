package cards

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
)

// Freeze stops a card: from the next swipe on it declines. What was approved is
// still captured. Freezing a frozen one changes nothing. It holds here even if
// the provider cannot be told, as every swipe is asked here. Errors: not_found,
// card_canceled (409).
func (s *Service) Freeze(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID) (Card, error) {
	return s.setStatus(ctx, tx, t, by, id, Frozen, "card.frozen")
}

// Unfreeze lets a card be used again. Errors: not_found, card_canceled (409),
// provider_unavailable (503).
func (s *Service) Unfreeze(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID) (Card, error) {
	return s.setStatus(ctx, tx, t, by, id, Active, "card.unfrozen")
}

// Cancel ends a card. What is not held goes back to its wallet now; what open
// swipes hold stays until they are settled, and what then comes free follows.
// Errors: not_found, card_canceled (409), provider_unavailable (503).
func (s *Service) Cancel(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID) (Card, error) {
	return s.setStatus(ctx, tx, t, by, id, Canceled, "card.canceled")
}

func (s *Service) setStatus(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID, to Status, event string) (Card, error) {
	before, err := s.movable(ctx, tx, t, id)
	if err != nil || before.Status == to {
		return before, err
	}
	patience := issuerPatience
	if to == Frozen {
		patience = freezePatience
	}
	err = s.inform(ctx, tx, before, patience, func(ctx context.Context, i Issuer) error { return i.SetStatus(ctx, before.ProviderRef, to) })
	switch {
	case err != nil && to == Frozen:
		s.config.Log.Warn("a frozen card's provider could not be told", slog.String("card", before.PublicID()), slog.Any("error", err))
	case err != nil:
		return Card{}, err
	}
	c, err := locked(ctx, tx, t, id)
	if err != nil {
		return Card{}, err
	}
	if err := c.alive(); err != nil || c.Status == to {
		return c, err
	}
	if err := c.become(ctx, tx, by, to, event); err != nil {
		return Card{}, err
	}
	return get(ctx, db.New(tx), t, id)
}

// become writes a status with its event. A card that ends gives back what is free.
func (c Card) become(ctx context.Context, tx pgx.Tx, by Actor, to Status, event string) error {
	if err := db.New(tx).CardSetStatus(ctx, string(to), c.Tenant.Company, c.Tenant.Live, c.ID); err != nil {
		return err
	}
	if err := c.tell(ctx, tx, by, event, nil); err != nil || to != Canceled {
		return err
	}
	return c.giveBack(ctx, tx, by)
}

// giveBack moves what is free on a card to its wallet.
func (c Card) giveBack(ctx context.Context, tx pgx.Tx, by Actor) error {
	a, err := ledger.Balance(ctx, tx, c.Tenant, c.account())
	if err != nil || a.Balance <= 0 {
		return err
	}
	return c.post(ctx, tx, by, "card.unloaded", "card.unloaded:"+ident.New().String(), ledger.Move(c.account(), c.wallet(), a.Balance))
}

// movable reads a card that is not canceled, without a lock.
func (s *Service) movable(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID) (Card, error) {
	c, err := get(ctx, db.New(tx), t, id)
	if err != nil {
		return Card{}, err
	}
	return c, c.alive()
}

func (c Card) alive() error {
	if c.Status == Canceled {
		return fault.New(fault.Conflict, "card_canceled", "This card is canceled.")
	}
	return nil
}

// inform tells the card's issuer of a change.
func (s *Service) inform(ctx context.Context, tx pgx.Tx, c Card, patience time.Duration, call func(context.Context, Issuer) error) error {
	issuer, err := s.issuer(ctx, tx, c.Tenant, c.Provider)
	if err != nil {
		return err
	}
	return s.at(ctx, issuer, patience, func(ctx context.Context) error { return call(ctx, issuer) })
}

// Change is a change of a card; nil leaves a field as it is.
type Change struct {
	Name *string
	// Controls replaces all of the card's own rules.
	Controls *Controls
	// Metadata is merged: a key is set, or taken away by an empty value.
	Metadata map[string]string
	// Shown is the Digest of the card that the change is one of; empty changes
	// whatever there is.
	Shown string
}

// Update changes a card. Errors: not_found, card_canceled and card_changed (409),
// invalid_controls and others (422), provider_unavailable (503).
func (s *Service) Update(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID, in Change) (Card, error) {
	before, err := s.movable(ctx, tx, t, id)
	if err != nil {
		return Card{}, err
	}
	wanted, err := in.apply(before)
	if err != nil {
		return Card{}, err
	}
	if in.Controls != nil {
		err := s.inform(ctx, tx, before, issuerPatience, func(ctx context.Context, i Issuer) error {
			return i.SetControls(ctx, before.ProviderRef, wanted.Controls)
		})
		if err != nil {
			return Card{}, err
		}
	}
	c, err := locked(ctx, tx, t, id)
	if err != nil {
		return Card{}, err
	}
	if err := c.alive(); err != nil {
		return Card{}, err
	}
	after, err := in.apply(c)
	if err != nil {
		return Card{}, err
	}
	return after, after.save(ctx, tx, by, c)
}

func (in Change) apply(c Card) (Card, error) {
	if in.Shown != "" && in.Shown != c.Digest() {
		return c, fault.New(fault.Conflict, "card_changed", "Somebody else changed this card meanwhile. Look at it again.")
	}
	var name, controls, metadata error
	if in.Name != nil {
		c.Name, name = company.Text("name", *in.Name, 0, maxName)
	}
	if in.Controls != nil {
		c.Controls, controls = in.Controls.checked(c.Currency)
	}
	c.Metadata, metadata = company.MergeMetadata(c.Metadata, in.Metadata)
	return c, joined(name, controls, metadata)
}

// save writes what is different from before, with an event that says what.
func (c Card) save(ctx context.Context, tx pgx.Tx, by Actor, before Card) error {
	controls, err := rulesJSON(c.Controls)
	if err != nil {
		return err
	}
	old, err := rulesJSON(before.Controls)
	if err != nil {
		return err
	}
	changed := map[string]any{}
	if c.Name != before.Name {
		changed["name"] = c.Name
	}
	if !slices.Equal(controls, old) {
		changed["controls"] = controls
	}
	if !maps.Equal(c.Metadata, before.Metadata) {
		changed["metadata"] = c.Metadata
	}
	if len(changed) == 0 {
		return nil
	}
	metadata, err := metadataJSON(c.Metadata)
	if err != nil {
		return err
	}
	if err := db.New(tx).CardUpdate(ctx, db.CardUpdateParams{CompanyID: c.Tenant.Company, Live: c.Tenant.Live, CardID: c.ID,
		Name: c.Name, Controls: controls, Metadata: metadata}); err != nil {
		return err
	}
	return c.tell(ctx, tx, by, "card.updated", changed)
}
