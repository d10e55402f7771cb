package ledger

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
	"github.com/getpurser/purser/internal/money"
)

// Hold is money set aside in an account of holds. It is open until nothing of
// it remains: captured, released, or some of both. All amounts are in minor
// units of the account's currency.
type Hold struct {
	ID uuid.UUID
	// From is whose money it is, Account its id.
	From    Ref
	Account uuid.UUID
	Amount  int64
	// Tolerance is what captures may take above the amount, such as a tip.
	Tolerance                     int64
	Captured, Released, Remaining int64
	Reference                     string
	CreatedAt                     time.Time
	// ClosedAt is nil while something remains.
	ClosedAt *time.Time
}

// NewHold is what a hold is made of.
type NewHold struct {
	Key, Reference    string
	From              Ref
	Amount, Tolerance int64
}

// Place sets money aside. Errors: those of Post.
func Place(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in NewHold) (Hold, error) {
	if in.Amount <= 0 || in.Tolerance < 0 {
		return Hold{}, fmt.Errorf("%w: a hold of %d with %d above", errPosting, in.Amount, in.Tolerance)
	}
	from, err := lockOne(ctx, tx, t, in.From)
	if err != nil {
		return Hold{}, err
	}
	h := Hold{ID: ident.New(), From: in.From, Account: from.ID, Amount: in.Amount, Tolerance: in.Tolerance, Remaining: in.Amount, Reference: in.Reference}
	d := draft{Posting: Posting{in.Key, "hold.placed", in.Reference, Move(in.From, from.held(), in.Amount)}, hold: &h.ID, asked: in,
		with: func(ctx context.Context, message pgx.Tx, now time.Time) error {
			h.CreatedAt = now
			return db.New(message).LedgerInsertHold(ctx, db.LedgerInsertHoldParams{CompanyID: t.Company, Live: t.Live, HoldID: h.ID, AccountID: from.ID,
				Currency: string(from.Currency), Amount: in.Amount, Tolerance: in.Tolerance, Reference: in.Reference, CreatedAt: now})
		}}
	x, fresh, err := post(ctx, tx, t, by, d)
	if err != nil || fresh {
		return h, err
	}
	return GetHold(ctx, tx, t, *x.Hold)
}

// held is the account of an account's holds.
func (a Account) held() Ref { return Ref{Held, a.ID, a.Currency} }

// GetHold reads a hold. Errors: not_found.
func GetHold(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID) (Hold, error) {
	row, err := db.New(tx).LedgerGetHold(ctx, t.Company, t.Live, id)
	return holdOf(row.LedgerHold, row.LedgerAccount), missing(err, "hold")
}

// Taking is a capture of a hold.
type Taking struct {
	Key, Reference string
	Hold           uuid.UUID
	// Amount may be a part of what remains, or more within the tolerance.
	Amount int64
	To     Ref
	// Final gives back what remains after it.
	Final bool
	// Forced takes what is above amount and tolerance too, as Force does: the
	// hold counts what it covered.
	Forced bool
}

// Capture moves held money to where it was spent. What is above the held amount
// comes from the account itself. A capture of all that remains closes the hold.
// Errors: those of Post, hold_closed (409), capture_above_hold (409) above
// amount and tolerance.
func Capture(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Taking) (Hold, Transaction, error) {
	return change(ctx, tx, t, by, in.Hold, draft{Posting: Posting{Key: in.Key, Kind: "hold.captured", Reference: in.Reference}, forced: in.Forced, asked: in},
		func(h Hold, held Ref) (Hold, []Entry, error) {
			total, ok := money.AddMinor(h.Captured+h.Released, in.Amount)
			if in.Amount <= 0 || in.To.Currency != h.From.Currency {
				return h, nil, fmt.Errorf("%w: a capture of %d %s", errPosting, in.Amount, in.To.Currency)
			}
			covered := in.Amount
			if in.Forced && ok {
				covered = min(in.Amount, h.Amount+h.Tolerance-h.Captured-h.Released)
				total = h.Captured + h.Released + covered
			}
			if !ok || total > h.Amount+h.Tolerance {
				return h, nil, fault.New(fault.Conflict, "capture_above_hold", "At most %s may still be captured.",
					money.Of(h.Amount+h.Tolerance-h.Captured-h.Released, h.From.Currency))
			}
			inside, back := min(in.Amount, h.Remaining), int64(0)
			if in.Final {
				back = h.Remaining - inside
			}
			h.Captured, h.Released, h.Remaining = h.Captured+covered, h.Released+back, h.Remaining-inside-back
			return h, nonzero([]Entry{{in.To, in.Amount}, {held, -inside - back}, {h.From, back - (in.Amount - inside)}}), nil
		})
}

// Giving is a release of a hold.
type Giving struct {
	Key, Reference string
	Hold           uuid.UUID
	// Amount is a part of what remains; zero is all of it.
	Amount int64
}

// Release gives held money back. Errors: those of Post, hold_closed (409),
// release_above_hold (409).
func Release(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Giving) (Hold, Transaction, error) {
	return change(ctx, tx, t, by, in.Hold, draft{Posting: Posting{Key: in.Key, Kind: "hold.released", Reference: in.Reference}, asked: in},
		func(h Hold, held Ref) (Hold, []Entry, error) {
			amount := in.Amount
			if amount == 0 {
				amount = h.Remaining
			}
			if amount < 0 || amount > h.Remaining {
				return h, nil, fault.New(fault.Conflict, "release_above_hold", "Only %s are still held.", money.Of(h.Remaining, h.From.Currency))
			}
			h.Released, h.Remaining = h.Released+amount, h.Remaining-amount
			return h, Move(held, h.From, amount), nil
		})
}

// change moves a hold on, once for a key. next says what it becomes.
func change(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID, d draft,
	next func(Hold, Ref) (Hold, []Entry, error)) (Hold, Transaction, error) {
	row, err := db.New(tx).LedgerLockHold(ctx, t.Company, t.Live, id)
	if err != nil {
		return Hold{}, Transaction{}, missing(err, "hold")
	}
	h := holdOf(row.LedgerHold, row.LedgerAccount)
	before, err := db.New(tx).LedgerByKey(ctx, t.Company, t.Live, d.Key)
	if err == nil {
		x, err := d.again(ctx, tx, t, before)
		return h, x, err
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return h, Transaction{}, err
	}
	if h.Remaining == 0 {
		return h, Transaction{}, fault.New(fault.Conflict, "hold_closed", "Nothing is held any more.")
	}
	h, entries, err := next(h, accountOf(row.LedgerAccount).held())
	if err != nil {
		return h, Transaction{}, err
	}
	d.hold, d.Entries = &id, entries
	if h.Remaining == 0 {
		h.ClosedAt = new(time.Time)
	}
	d.with = func(ctx context.Context, message pgx.Tx, now time.Time) error {
		if h.ClosedAt != nil {
			*h.ClosedAt = now
		}
		return db.New(message).LedgerChangeHold(ctx, db.LedgerChangeHoldParams{CompanyID: t.Company, Live: t.Live, HoldID: id,
			Captured: h.Captured, Released: h.Released, Remaining: h.Remaining, ClosedAt: h.ClosedAt})
	}
	x, _, err := post(ctx, tx, t, by, d)
	return h, x, err
}

// nonzero leaves out the entries that move nothing.
func nonzero(entries []Entry) (out []Entry) {
	for _, e := range entries {
		if e.Amount != 0 {
			out = append(out, e)
		}
	}
	return out
}
