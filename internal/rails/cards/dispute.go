package cards

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/spend"
)

// OpenDispute notes that a captured purchase is disputed; no money moves. An
// amount of zero is all that was captured and not refunded. Errors: those of
// postings, dispute_open and refund_above_capture (409).
func (s *Service) OpenDispute(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting) (Transaction, error) {
	b, err := s.booking(ctx, t, card, in, DisputeOpened)
	if err != nil {
		return Transaction{}, err
	}
	return s.note(ctx, b, func(ctx context.Context, tx pgx.Tx, a *spend.Authorization) error {
		if _, err := b.openDispute(ctx, tx); !fault.Is(err, "dispute_not_open") {
			return orElse(err, fault.New(fault.Conflict, "dispute_open", "This purchase is disputed already."))
		}
		if a.Taken() == 0 {
			return fault.New(fault.Conflict, "authorization_"+string(a.Status), "Nothing was captured that could be disputed.")
		}
		if b.in.Amount == 0 {
			b.in.Amount = a.Settled()
		}
		if b.in.Amount > a.Settled() || b.in.Amount == 0 {
			return fault.New(fault.Conflict, "refund_above_capture", "At most %s can be disputed.", a.Money(a.Settled()))
		}
		return nil
	})
}

// CloseDispute ends a dispute. One that is won brings the money back as a refund
// does; one that is lost moves nothing. Errors: those of postings,
// dispute_not_open and refund_above_capture (409).
func (s *Service) CloseDispute(ctx context.Context, t ident.Tenant, card uuid.UUID, in NetworkPosting, won bool) (Transaction, error) {
	kind := DisputeLost
	if won {
		kind = DisputeWon
	}
	b, err := s.booking(ctx, t, card, in, kind)
	if err != nil {
		return Transaction{}, err
	}
	open, err := b.lastDispute(ctx, db.New(s.config.Pool))
	if err != nil {
		return Transaction{}, err
	}
	if b.in.Amount == 0 {
		b.in.Amount = open.Amount
	}
	b.check = func(ctx context.Context, tx pgx.Tx) error {
		_, err := b.openDispute(ctx, tx)
		return err
	}
	if won {
		return b.book(ctx, s.config.Gate.Refund)
	}
	return s.note(ctx, b, func(ctx context.Context, tx pgx.Tx, _ *spend.Authorization) error { return b.check(ctx, tx) })
}

// openDispute is the dispute about the authorization that is not closed. Errors:
// dispute_not_open (409).
func (b *booking) openDispute(ctx context.Context, tx pgx.Tx) (db.CardTransaction, error) {
	row, err := b.lastDispute(ctx, db.New(tx))
	if err == nil && row.Type != string(DisputeOpened) {
		err = fault.New(fault.Conflict, "dispute_not_open", "No dispute about this purchase is open.")
	}
	return row, err
}

// lastDispute is zero when there never was one.
func (b *booking) lastDispute(ctx context.Context, q *db.Queries) (db.CardTransaction, error) {
	row, err := q.CardDispute(ctx, b.card.Tenant.Company, b.card.Tenant.Live, b.card.ID, &b.in.Authorization)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return row, err
}

// note writes an event that moves no money, once, if check lets it.
func (s *Service) note(ctx context.Context, b *booking, check func(context.Context, pgx.Tx, *spend.Authorization) error) (Transaction, error) {
	found, err := s.config.Gate.Get(ctx, call(b.card, Actor{}), b.in.Authorization, 0)
	if err != nil {
		return Transaction{}, err
	}
	a, asked := found.Authorization, b.in
	err = s.config.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b.in, b.made = asked, nil
		if _, err := locked(ctx, tx, b.card.Tenant, b.card.ID); err != nil {
			return err
		}
		if again, err := happened(ctx, tx, b.card, b.in.NetworkID, b.kind); again || err != nil {
			return err
		}
		if err := check(ctx, tx, a); err != nil {
			return err
		}
		if err := b.booked(ctx, tx, a, ledger.Transaction{}); err != nil {
			return err
		}
		return b.card.tell(ctx, tx, actor(b.in.By), "card."+string(b.kind), map[string]any{
			"authorization": a.PublicID(), "amount": b.card.Money(b.in.Amount).Decimal()})
	})
	if err != nil {
		return Transaction{}, err
	}
	return b.result(ctx)
}

func orElse(err, fallback error) error {
	if err != nil {
		return err
	}
	return fallback
}
