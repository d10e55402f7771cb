package cards

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// NetworkPosting is what a network says has happened to an approved swipe.
type NetworkPosting struct {
	// NetworkID is the network's, unique for the card: the same again does nothing.
	NetworkID     string
	Authorization uuid.UUID
	// Amount is in minor units; zero is all that is held, was captured or is
	// disputed.
	Amount int64
	// Keep, for a reversal, is what the authorization is reduced to, in minor
	// units, instead of an amount that is taken off; zero: Amount says it.
	Keep int64
	// Final says that no other capture will come.
	Final bool
	// By is who plays the network; the zero Actor is the network itself.
	By Actor
}

// Capture books money that was taken. It may come in parts, and above what is
// held: Above says how much of it neither that nor the merchant's tolerance
// explains. For an authorization that has run out it is booked as what the
// network has settled without asking.
//
// Errors of all postings: not_found for the card and for an authorization that
// is not the card's, 409 with the authorization's state as its code, and
// network_id_conflict (409).
func (s *Service) Capture(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting) (Transaction, error) {
	b, err := s.booking(ctx, t, card, in, Captured)
	if err != nil {
		return Transaction{}, err
	}
	x, err := b.book(ctx, s.config.Gate.CaptureHold)
	if fault.Is(err, "authorization_expired") {
		return s.captureLate(ctx, b)
	}
	return x, err
}

// Reverse gives back a part of what is held, or all of it. Errors also:
// reversal_above_hold (409).
func (s *Service) Reverse(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting) (Transaction, error) {
	b, err := s.booking(ctx, t, card, in, Reversed)
	if err != nil {
		return Transaction{}, err
	}
	return b.book(ctx, s.config.Gate.ReverseHold)
}

// Refund books captured money that came back: it is on the card again, or for a
// canceled card in its wallet, and the budget goes back to the window that it
// came from. Errors also: refund_above_capture (409).
func (s *Service) Refund(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting) (Transaction, error) {
	b, err := s.booking(ctx, t, card, in, Refunded)
	if err != nil {
		return Transaction{}, err
	}
	return b.book(ctx, s.config.Gate.Refund)
}

// Expire ends what is held, as its time would.
func (s *Service) Expire(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting) (Transaction, error) {
	in.Amount = 0
	b, err := s.booking(ctx, t, card, in, Expired)
	if err != nil {
		return Transaction{}, err
	}
	return b.book(ctx, s.config.Gate.ExpireHold)
}

// booking is one posting on its way.
type booking struct {
	service *Service
	card    Card
	in      NetworkPosting
	kind    Type
	// authorized is what the swipe was approved for, in minor units, and counted
	// the instant in whose windows it counts; zero: that of the posting.
	authorized int64
	counted    time.Time
	// check, if set, is asked with the card locked, before anything happens.
	check func(context.Context, pgx.Tx) error

	// before is the authorization with nothing booked, and made what was written.
	before spend.Authorization
	made   *Transaction
}

func (s *Service) booking(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting, kind Type) (*booking, error) {
	if err := checkNetworkID(in.NetworkID); err != nil {
		return nil, err
	}
	c, err := s.Get(ctx, t, card)
	if err != nil {
		return nil, err
	}
	if in.Amount < 0 || in.Amount > c.Currency.MaxMinor() {
		return nil, fault.BadField("amount", "out_of_range", "The amount must not be negative.")
	}
	root, err := db.New(s.config.Pool).CardRoot(ctx, t.Company, t.Live, card, &in.Authorization)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.Missing("authorization")
	}
	return &booking{service: s, card: c, in: in, kind: kind, authorized: root.Amount, counted: root.CountedAt}, err
}

// book has the gate book it.
func (b *booking) book(ctx context.Context, do func(context.Context, spend.Call, uuid.UUID, spend.Posting) (spend.Result, error)) (Transaction, error) {
	if _, err := do(ctx, call(b.card, b.in.By), b.in.Authorization, b.posting()); err != nil {
		return Transaction{}, err
	}
	return b.result(ctx)
}

func (b *booking) posting() spend.Posting {
	return spend.Posting{Key: b.key(), Amount: b.in.Amount, Keep: b.in.Keep, Final: b.in.Final, Pays: b.card.account(), Takes: b.card.clearing(),
		Known: b.known, Booked: b.booked}
}

// key is the posting's in the ledger.
func (b *booking) key() string { return "card:" + b.card.ID.String() + ":" + b.in.NetworkID }

// result is what was written, now or before.
func (b *booking) result(ctx context.Context) (Transaction, error) {
	if b.made != nil {
		return *b.made, nil
	}
	x, err := b.service.Find(ctx, b.card.Tenant, b.card.ID, b.in.NetworkID)
	x.Again = true
	return x, err
}

// known locks the card and looks whether this was booked before.
func (b *booking) known(ctx context.Context, tx pgx.Tx, a *spend.Authorization) (bool, error) {
	b.made = nil
	again, err := happened(ctx, tx, b.card, b.in.NetworkID, b.kind)
	if again || err != nil {
		return again, err
	}
	if a != nil {
		b.before = *a
	}
	if b.kind == Captured && b.in.Amount == 0 && a != nil && a.Status == spend.Confirmed {
		return false, fault.New(fault.Conflict, "authorization_confirmed", "Nothing is held any more: say how much was captured.")
	}
	if b.check != nil {
		return false, b.check(ctx, tx)
	}
	return false, nil
}

// happened says whether a network's event is written down, with the card locked.
func happened(ctx context.Context, tx pgx.Tx, c Card, networkID string, kind Type) (bool, error) {
	q := db.New(tx)
	if _, err := q.CardLock(ctx, c.Tenant.Company, c.Tenant.Live, c.ID); err != nil {
		return false, missing(err)
	}
	row, err := q.CardTransactionByNetworkID(ctx, c.Tenant.Company, c.Tenant.Live, c.ID, networkID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case Type(row.Type) != kind:
		return false, otherEvent()
	}
	return true, nil
}

// booked writes the event, and gives back what has come free of a card that ends.
func (b *booking) booked(ctx context.Context, tx pgx.Tx, a *spend.Authorization, l ledger.Transaction) error {
	amount := b.amount()
	x := Transaction{ID: ident.New(), Card: b.card.ID, Type: b.kind, NetworkID: b.in.NetworkID, Authorization: a.ID, Amount: b.card.Money(amount),
		Above: b.card.Money(0), Merchant: a.Merchant.Name, Code: CodeOK, NetworkCode: NetworkCode(CodeOK), Ledger: l.ID}
	counted := b.counted
	if b.in.Authorization != a.ID { // it stands for itself
		x.Follows, counted = b.in.Authorization, a.CreatedAt
	}
	if b.kind == Captured && x.Follows == uuid.Nil {
		x.Above.Minor = above(a.Merchant.MCC, b.authorized, b.before.Taken(), money.Of(amount, b.card.Currency))
		x.Reason = explain(x)
	}
	var err error
	if x.CreatedAt, err = db.New(tx).CardTransactionInsert(ctx, x.toRow(b.card.Tenant, a, counted)); err != nil {
		return err
	}
	b.made = &x
	return settle(ctx, tx, b.card.Tenant, b.card.ID)
}

// amount is what was moved: all there was, where the network named none.
func (b *booking) amount() int64 {
	switch {
	case b.in.Keep != 0:
		return b.before.Amount - b.in.Keep
	case b.in.Amount != 0:
		return b.in.Amount
	case b.kind == Refunded || b.kind == DisputeWon:
		return b.before.Settled()
	}
	return b.before.Reserved()
}

func explain(x Transaction) string {
	if x.Above.Minor == 0 {
		return ""
	}
	return fmt.Sprintf("%s more than the authorized amount and its tolerance", x.Above)
}
