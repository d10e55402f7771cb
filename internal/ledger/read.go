package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// AccountFilter narrows a list; what is empty or nil takes all.
type AccountFilter struct {
	Owner    *uuid.UUID // the nil UUID is the company
	Kind     Kind
	Currency money.Currency
}

// Page asks for at most Limit rows, newest first, older than Before (nil: from
// the newest).
type Page struct {
	Limit  int
	Before *uuid.UUID
}

// Ready opens the books of test mode if nothing has yet.
func (b *Books) Ready(ctx context.Context, t ident.Tenant) error {
	if t.Live {
		return nil
	}
	_, err := db.New(b.pool).LedgerByKey(ctx, t.Company, t.Live, openingKey)
	if errors.Is(err, pgx.ErrNoRows) {
		return b.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return OpenSandbox(ctx, tx, t) })
	}
	return err
}

// Accounts lists accounts, newest first.
func (b *Books) Accounts(ctx context.Context, t ident.Tenant, f AccountFilter, p Page) ([]Account, error) {
	if err := b.Ready(ctx, t); err != nil {
		return nil, err
	}
	rows, err := db.New(b.pool).LedgerAccounts(ctx, db.LedgerAccountsParams{CompanyID: t.Company, Live: t.Live, Owner: f.Owner,
		Kind: string(f.Kind), Currency: string(f.Currency), Before: p.Before, MaxRows: int32(p.Limit)})
	return accountsOf(rows), err
}

// WalletState is a wallet with what open holds keep of it, and what it owes, in
// minor units. Its balance is what may be spent.
type WalletState struct {
	Account
	Held, Owed int64
}

// HeldMoney is what is set aside.
func (w WalletState) HeldMoney() money.Amount { return money.Of(w.Held, w.Currency) }

// OwedMoney is what was taken back by its payer after it was spent: the next
// money that comes into the wallet goes there.
func (w WalletState) OwedMoney() money.Amount { return money.Of(w.Owed, w.Currency) }

// Wallets lists wallets, newest first: those of one owner, or of all.
func (b *Books) Wallets(ctx context.Context, t ident.Tenant, owner *uuid.UUID, p Page) ([]WalletState, error) {
	accounts, err := b.Accounts(ctx, t, AccountFilter{Owner: owner, Kind: Wallet}, p)
	if err != nil {
		return nil, err
	}
	ids, owners := make([]uuid.UUID, len(accounts)), make([]uuid.UUID, len(accounts))
	for i, a := range accounts {
		ids[i], owners[i] = a.ID, a.Owner
	}
	owed, err := shortfalls(ctx, db.New(b.pool), t, owners)
	if err != nil {
		return nil, err
	}
	out := make([]WalletState, len(accounts))
	for i, a := range accounts {
		out[i].Account, out[i].Owed = a, owed[a.Ref]
	}
	held, err := db.New(b.pool).LedgerHeldOf(ctx, t.Company, t.Live, ids)
	for _, h := range held {
		out[slices.Index(ids, h.OwnerID)].Held = h.Balance
	}
	return out, err
}

// Account reads one account. Errors: not_found.
func (b *Books) Account(ctx context.Context, t ident.Tenant, id uuid.UUID) (Account, error) {
	row, err := db.New(b.pool).LedgerGetAccount(ctx, t.Company, t.Live, id)
	if err != nil {
		return Account{}, missing(err, "account")
	}
	return accountOf(row), nil
}

// BalanceAt adds up what an account's entries came to at a moment, in minor
// units on its normal side. It does not use the kept balance.
func (b *Books) BalanceAt(ctx context.Context, t ident.Tenant, a Account, at time.Time) (int64, error) {
	sum, err := db.New(b.pool).LedgerBalanceAt(ctx, t.Company, t.Live, a.ID, at)
	return a.side(sum), err
}

// Balance reads an account for the transaction that goes on with it, and locks
// it. An account that nothing was posted to is opened.
func Balance(ctx context.Context, tx pgx.Tx, t ident.Tenant, ref Ref) (Account, error) {
	return lockOne(ctx, tx, t, ref)
}

// TransactionFilter narrows a list; what is empty or nil takes all.
type TransactionFilter struct {
	Account *uuid.UUID
	// Owner takes the transactions of an agent's accounts.
	Owner *uuid.UUID
	Kind  string
}

// Transactions lists transactions with their entries, newest first.
func (b *Books) Transactions(ctx context.Context, t ident.Tenant, f TransactionFilter, p Page) ([]Transaction, error) {
	if err := b.Ready(ctx, t); err != nil {
		return nil, err
	}
	q := db.New(b.pool)
	rows, err := q.LedgerTransactions(ctx, db.LedgerTransactionsParams{CompanyID: t.Company, Live: t.Live, Kind: f.Kind,
		Account: f.Account, Owner: f.Owner, Before: p.Before, MaxRows: int32(p.Limit)})
	if err != nil {
		return nil, err
	}
	out := make([]Transaction, len(rows))
	for i, r := range rows {
		out[i] = transactionOf(r)
	}
	return out, fillLines(ctx, q, t, out)
}

// Transaction reads one with its entries. Errors: not_found.
func (b *Books) Transaction(ctx context.Context, t ident.Tenant, id uuid.UUID) (Transaction, error) {
	return find(ctx, db.New(b.pool), t, id)
}

func find(ctx context.Context, q *db.Queries, t ident.Tenant, id uuid.UUID) (Transaction, error) {
	row, err := q.LedgerGetTransaction(ctx, t.Company, t.Live, id)
	if err != nil {
		return Transaction{}, missing(err, "transaction")
	}
	out := []Transaction{transactionOf(row)}
	err = fillLines(ctx, q, t, out)
	return out[0], err
}

// TrialRow is what the accounts of one kind and currency have: the sum of those
// that are in debit, and of those in credit.
type TrialRow struct {
	Kind            Kind
	Debit           bool // the kind's normal side
	Accounts        int
	Debits, Credits money.Amount
}

// TrialBalance adds up every account, by currency and kind. In each currency
// debits equal credits, always.
func (b *Books) TrialBalance(ctx context.Context, t ident.Tenant) ([]TrialRow, error) {
	if err := b.Ready(ctx, t); err != nil {
		return nil, err
	}
	rows, err := db.New(b.pool).LedgerTrialBalance(ctx, t.Company, t.Live)
	out := make([]TrialRow, len(rows))
	for i, r := range rows {
		c := money.Currency(r.Currency)
		out[i] = TrialRow{Kind(r.Kind), r.Debit, int(r.Accounts), money.Of(r.Debits, c), money.Of(r.Credits, c)}
	}
	return out, err
}

// Totals adds the rows of each currency up, in their order.
func Totals(rows []TrialRow) []TrialRow {
	var out []TrialRow
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].Debits.Currency != r.Debits.Currency {
			out = append(out, TrialRow{Debits: money.Of(0, r.Debits.Currency), Credits: money.Of(0, r.Debits.Currency)})
		}
		last := &out[len(out)-1]
		last.Accounts += r.Accounts
		last.Debits.Minor += r.Debits.Minor
		last.Credits.Minor += r.Credits.Minor
	}
	return out
}
