package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
)

// Actor is who posts.
type Actor = audit.Actor

// Posting is a transaction that is to be written.
type Posting struct {
	// Key makes the posting happen once: the same key with the same content
	// gives the transaction that is there, and with other content is refused.
	Key string
	// Kind says what happened, such as card.loaded.
	Kind string
	// Reference is what it happened to, such as a card's public id.
	Reference string
	// Entries are two or more that add up to zero in each currency.
	Entries []Entry
}

// Post writes a transaction and moves the balances of its accounts. Errors:
// insufficient_funds (409) when a balance would go below its floor,
// posting_conflict (409) when the key was used for something else,
// balance_too_large (409) when a balance could not be held any more. Entries
// that do not balance are the caller's mistake, and no fault.
func Post(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, p Posting) (Transaction, error) {
	out, _, err := post(ctx, tx, t, by, draft{Posting: p, asked: p.Entries})
	return out, err
}

// Force is Post for what has happened whether the money was there or not, such
// as a purchase that a card network has settled. A balance may go below its
// floor, which goes down with it (ledger.floor_changed). Only a card's can: what
// is paid back later raises its floor again, whereas a floor of another account
// below zero is a credit line, and stays.
func Force(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, p Posting) (Transaction, error) {
	out, _, err := post(ctx, tx, t, by, draft{Posting: p, asked: p.Entries, forced: true})
	return out, err
}

// draft is a posting with what it belongs to.
type draft struct {
	Posting
	// forced lets balances go below their floors.
	forced         bool
	reverses, hold *uuid.UUID
	rate           string
	// with writes what goes with it into the same message, for instance a hold.
	with func(ctx context.Context, message pgx.Tx, now time.Time) error
	// asked is what a repeated key is held against: the entries may follow from
	// a state that has changed by then.
	asked any
}

func (d draft) digest() ([]byte, error) {
	text, err := json.Marshal([]any{d.Kind, d.Reference, d.rate, d.asked})
	sum := sha256.Sum256(text)
	return sum[:], err
}

// errPosting is a mistake in the caller.
var errPosting = errors.New("ledger: not a posting")

func (d draft) check() error {
	if d.Key == "" || d.Kind == "" || len(d.Entries) < 2 {
		return fmt.Errorf("%w: a key, a kind and two entries are needed", errPosting)
	}
	sums := map[money.Currency]int64{}
	for _, e := range d.Entries {
		sum, ok := money.AddMinor(sums[e.Currency], e.Amount)
		if _, known := natureOf(e.Kind); !ok || !known || e.Amount == 0 || e.Currency == "" {
			return fmt.Errorf("%w: the entry %+v", errPosting, e)
		}
		sums[e.Currency] = sum
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("%w: %s is out of balance by %d", errPosting, currency, sum)
		}
	}
	return nil
}

// post also says whether the transaction is new. It goes to the database twice:
// to lock and read, and to write.
func post(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, d draft) (Transaction, bool, error) {
	if err := d.check(); err != nil {
		return Transaction{}, false, err
	}
	locked, err := lock(ctx, tx, t, refsOf(d.Entries), d.Key)
	if err != nil {
		return Transaction{}, false, err
	}
	if locked.before != nil {
		before, err := d.again(ctx, tx, t, *locked.before)
		return before, false, err
	}
	moves, err := moved(locked.accounts, d)
	if err != nil {
		return Transaction{}, false, err
	}
	out, err := write(ctx, tx, t, by, d, locked, moves)
	if postgres.Violates(err, "ledger_transactions_key") { // at the same time, for other accounts
		err = conflict().Because(err)
	}
	return out, err == nil, err
}

func conflict() *fault.Error {
	return fault.New(fault.Conflict, "posting_conflict", "This was posted before, with other content.")
}

// again is what the draft's key was used for, if it was for the same.
func (d draft) again(ctx context.Context, tx pgx.Tx, t ident.Tenant, row db.LedgerTransaction) (Transaction, error) {
	digest, err := d.digest()
	if err != nil {
		return Transaction{}, err
	}
	if !bytes.Equal(row.Digest, digest) {
		return Transaction{}, conflict()
	}
	out := []Transaction{transactionOf(row)}
	err = fillLines(ctx, db.New(tx), t, out)
	return out[0], err
}

// write sends a transaction with everything that belongs to it as one message.
func write(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, d draft, l locked, m moves) (Transaction, error) {
	digest, err := d.digest()
	if err != nil {
		return Transaction{}, err
	}
	p := db.LedgerInsertTransactionParams{CompanyID: t.Company, Live: t.Live, TransactionID: ident.At(l.now), Key: d.Key, Digest: digest,
		Kind: d.Kind, Reference: d.Reference, Reverses: d.reverses, HoldID: d.hold, Entries: int32(len(d.Entries)), PostedBy: by.String(), CreatedAt: l.now}
	if d.rate != "" {
		p.Rate = &d.rate
	}
	out := Transaction{ID: p.TransactionID, Key: d.Key, Kind: d.Kind, Reference: d.Reference, Reverses: d.reverses, Hold: d.hold, Rate: d.rate,
		PostedBy: p.PostedBy, CreatedAt: l.now, digest: digest}
	message := &postgres.Collector{}
	for _, step := range []func() error{
		func() error { return db.New(message).LedgerInsertTransaction(ctx, p) },
		func() error { return m.write(ctx, message, t, by) },
		func() error { return writeLines(ctx, message, t, &out, l.accounts, d.Entries) },
		func() error { return tell(ctx, message, t, by, out) },
		func() error { return d.beside(ctx, message, l.now) },
	} {
		if err := step(); err != nil {
			return Transaction{}, err
		}
	}
	return out, message.Send(ctx, tx)
}

// beside writes what goes with the transaction.
func (d draft) beside(ctx context.Context, message pgx.Tx, now time.Time) error {
	if d.with == nil {
		return nil
	}
	return d.with(ctx, message, now)
}

// moves are what balances change by, and the floors that go down or up with them.
type moves struct {
	ids             []uuid.UUID
	amounts         []int64
	lowered, raised []Account
}

// moved is what a posting does to its accounts, if it may. Nothing is written.
func moved(accounts map[Ref]Account, d draft) (out moves, err error) {
	sums := map[Ref]int64{}
	for _, e := range d.Entries {
		sum, ok := money.AddMinor(sums[e.Ref], e.Amount)
		if !ok {
			return out, tooLarge(e.Ref)
		}
		sums[e.Ref] = sum
	}
	for ref, sum := range sums {
		a := accounts[ref]
		after, ok := money.AddMinor(a.Balance, a.side(sum))
		switch {
		case !ok:
			return out, tooLarge(ref)
		case a.Floor != nil && after < *a.Floor && !(d.forced && ref.Kind == Card):
			return out, short(a, money.Of(*a.Floor-after, ref.Currency))
		case a.Floor != nil && after < *a.Floor:
			a.Floor = &after
			out.lowered = append(out.lowered, a)
		case a.Floor != nil && ref.Kind == Card && *a.Floor < min(after, 0):
			floor := min(after, 0)
			a.Floor = &floor
			out.raised = append(out.raised, a)
		}
		out.ids, out.amounts = append(out.ids, a.ID), append(out.amounts, sum)
	}
	return out, nil
}

func (m moves) write(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor) error {
	for _, a := range m.lowered {
		if err := putFloor(ctx, tx, t, by, a); err != nil {
			return err
		}
	}
	if err := db.New(tx).LedgerMoveBalances(ctx, m.amounts, m.ids, t.Company, t.Live); err != nil {
		return err
	}
	for _, a := range m.raised {
		if err := putFloor(ctx, tx, t, by, a); err != nil {
			return err
		}
	}
	return nil
}

func tooLarge(r Ref) error {
	return fault.New(fault.Conflict, "balance_too_large", "The balance of the %s account in %s would be too large to keep.", r.Kind, r.Currency.Upper())
}

// short says how much is missing.
func short(a Account, missing money.Amount) error {
	return fault.New(fault.Conflict, "insufficient_funds", "The %s has %s, which is %s too little.", a.Kind, a.Money(), missing)
}

func writeLines(ctx context.Context, tx pgx.Tx, t ident.Tenant, out *Transaction, accounts map[Ref]Account, entries []Entry) error {
	p := db.LedgerInsertEntriesParams{CompanyID: t.Company, Live: t.Live, TransactionID: out.ID, CreatedAt: out.CreatedAt}
	for i, e := range entries {
		id := accounts[e.Ref].ID
		p.Numbers, p.Accounts = append(p.Numbers, int32(i+1)), append(p.Accounts, id)
		p.Currencies, p.Amounts = append(p.Currencies, string(e.Currency)), append(p.Amounts, e.Amount)
		out.Lines = append(out.Lines, Line{id, e})
	}
	return db.New(tx).LedgerInsertEntries(ctx, p)
}

// fillLines reads the entries of transactions.
func fillLines(ctx context.Context, q *db.Queries, t ident.Tenant, all []Transaction) error {
	ids := make([]uuid.UUID, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	rows, err := q.LedgerEntries(ctx, t.Company, t.Live, ids)
	for _, r := range rows {
		i := slices.IndexFunc(all, func(x Transaction) bool { return x.ID == r.TransactionID })
		a := accountOf(r.LedgerAccount)
		all[i].Lines = append(all[i].Lines, Line{a.ID, Entry{a.Ref, r.Amount}})
	}
	return err
}
