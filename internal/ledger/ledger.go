// Package ledger keeps the books of each mode of a company: accounts, and
// transactions of entries that add up to zero in every currency. A balance is
// kept in the account's row by the transaction that moves it, and is always the
// sum of the account's entries. Nothing is changed or taken back but by a new
// transaction.
//
// Writing is done by functions that take the caller's transaction; Books reads.
package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
)

// Kind says what an account is for.
type Kind string

// The kinds. Those of money that the company has, or has spent, are normally
// debit; those that it came from are credit.
const (
	Wallet     Kind = "wallet"     // money to spend, of the company or of an agent
	Card       Kind = "card"       // what is on a prepaid card
	Held       Kind = "hold"       // what open holds keep of one account
	Fees       Kind = "fees"       // what providers took for their service
	Clearing   Kind = "clearing"   // captured, and not settled by the provider yet
	Settlement Kind = "settlement" // paid out through a provider
	Exchange   Kind = "exchange"   // between two currencies
	Funding    Kind = "funding"    // real money that was paid in
	Sandbox    Kind = "sandbox"    // where test money comes from
	Shortfall  Kind = "shortfall"  // taken back by its payer after it was spent, and owed
)

// nature is what a kind brings with it.
type nature struct {
	debit   bool // the normal side
	floored bool // whether the balance may not go below zero from the start
}

func natureOf(k Kind) (nature, bool) {
	n, ok := map[Kind]nature{
		Wallet: {true, true}, Card: {true, true}, Held: {true, true}, Fees: {true, false}, Clearing: {true, false},
		Settlement: {true, false}, Exchange: {true, false}, Funding: {false, false}, Sandbox: {false, false},
		Shortfall: {false, true},
	}[k]
	return n, ok
}

// Ref names an account, which is opened when it is first written to.
type Ref struct {
	Kind Kind
	// Owner is the agent of a wallet, the card of a card account, or the account
	// of its holds; the nil UUID is the company.
	Owner    uuid.UUID
	Currency money.Currency
}

// Entry is one account's part of a transaction, in minor units of the
// account's currency: a debit above zero, a credit below.
type Entry struct {
	Ref
	Amount int64
}

// Move is the two entries of money that goes from one account to another of
// the same currency: the first is credited and the second debited.
func Move(from, to Ref, minor int64) []Entry { return []Entry{{to, minor}, {from, -minor}} }

// Account is an account as it stands. Balance and Floor are in minor units on
// the normal side.
type Account struct {
	ID uuid.UUID
	Ref
	// Debit says that debits raise the balance; credits do otherwise.
	Debit bool
	// Floor is what the balance never goes below; nil is no bound.
	Floor     *int64
	Balance   int64
	CreatedAt time.Time
}

// Money is the balance.
func (a Account) Money() money.Amount { return money.Of(a.Balance, a.Currency) }

// side is an amount of entries as the account counts it, and back.
func (a Account) side(amount int64) int64 {
	if a.Debit {
		return amount
	}
	return -amount
}

// Line is one entry of a transaction that was posted.
type Line struct {
	Account uuid.UUID
	Entry
}

// Transaction is what was posted.
type Transaction struct {
	ID        uuid.UUID
	Key       string
	Kind      string
	Reference string
	// Reverses is the transaction that this one takes back, Hold the hold that
	// it places, captures or releases.
	Reverses, Hold *uuid.UUID
	// Rate is an exchange's, as a decimal, and empty for everything else.
	Rate     string
	PostedBy string
	// CreatedAt is the database's clock while the accounts were locked.
	CreatedAt time.Time
	Lines     []Line

	digest []byte
}

// Books reads the ledger.
type Books struct{ pool *postgres.Pool }

// New makes the reader over a pool.
func New(pool *postgres.Pool) *Books { return &Books{pool: pool} }

// SetFloor sets what the balance of an account may not go below, in minor units
// on its normal side; nil is no bound. Below zero it is a credit line. An
// account with less is refused with floor_above_balance (409).
func SetFloor(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, ref Ref, floor *int64) (Account, error) {
	a, err := lockOne(ctx, tx, t, ref)
	if err != nil {
		return Account{}, err
	}
	if floor != nil && a.Balance < *floor {
		return Account{}, fault.New(fault.Conflict, "floor_above_balance", "The account has %s, which is below this floor.", a.Money())
	}
	a.Floor = floor
	return a, putFloor(ctx, tx, t, by, a)
}

// putFloor writes the floor that the account has here.
func putFloor(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, a Account) error {
	if err := db.New(tx).LedgerSetFloor(ctx, t.Company, t.Live, a.ID, a.Floor); err != nil {
		return err
	}
	return tellFloor(ctx, tx, t, by, a)
}

// missing turns a row that is not there into the public answer for that.
func missing(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Missing(what)
	}
	return err
}
