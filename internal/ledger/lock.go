package ledger

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
)

// locked are accounts that stay as they are until the transaction ends.
type locked struct {
	accounts map[Ref]Account
	now      time.Time
	// before is what the key was used for, nil when it is new.
	before *db.LedgerTransaction
}

// lock opens the accounts that are not there yet and locks all of them, in one
// order, so that postings wait for each other and never in a circle. What the
// key was used for is read after that, and so is the clock: a posting of the
// same to the same accounts has ended by then.
func lock(ctx context.Context, tx pgx.Tx, t ident.Tenant, refs []Ref, key string) (locked, error) {
	refs = slices.SortedFunc(slices.Values(refs), Ref.compare)
	opening, p, err := columnsOf(t, refs)
	if err != nil {
		return locked{}, err
	}
	out := locked{accounts: make(map[Ref]Account, len(refs))}
	var opened []Ref
	var message pgx.Batch
	postgres.Queue(&message, func(r db.LedgerOpenAccountsRow) error {
		opened = append(opened, Ref{Kind(r.Kind), r.OwnerID, money.Currency(r.Currency)})
		return nil
	}, db.LedgerOpenAccounts, opening.CompanyID, opening.Live, opening.Ids, opening.Kinds, opening.Owners, opening.Currencies, opening.Debits, opening.Floored)
	postgres.Queue(&message, func(r db.LedgerAccount) error {
		a := accountOf(r)
		out.accounts[a.Ref] = a
		return nil
	}, db.LedgerLockAccounts, p.Kinds, p.Owners, p.Currencies, p.CompanyID, p.Live)
	postgres.Queue(&message, func(r db.LedgerTransaction) error { out.before = &r; return nil }, db.LedgerByKey, t.Company, t.Live, key)
	message.Queue(db.LedgerClock).QueryRow(func(row pgx.Row) error { return row.Scan(&out.now) })
	if err := tx.SendBatch(ctx, &message).Close(); err != nil {
		return out, err
	}
	if opensSandbox(t, opened) {
		if err := OpenSandbox(ctx, tx, t); err != nil {
			return out, err
		}
		return lock(ctx, tx, t, refs, key)
	}
	if len(out.accounts) != len(refs) {
		return out, fmt.Errorf("ledger: %d of %d accounts are there", len(out.accounts), len(refs))
	}
	return out, nil
}

// compare is the order in which accounts are locked. What is owed comes last: it is
// looked at when a wallet has been posted to.
func (r Ref) compare(o Ref) int {
	last := func(k Kind) int {
		if k == Shortfall {
			return 1
		}
		return 0
	}
	return cmp.Or(last(r.Kind)-last(o.Kind), cmp.Compare(r.Kind, o.Kind), bytes.Compare(r.Owner[:], o.Owner[:]), cmp.Compare(r.Currency, o.Currency))
}

// lockOne locks one account, and has no key.
func lockOne(ctx context.Context, tx pgx.Tx, t ident.Tenant, ref Ref) (Account, error) {
	l, err := lock(ctx, tx, t, []Ref{ref}, "")
	return l.accounts[ref], err
}

// columnsOf names accounts as the statements that open and lock them take it.
func columnsOf(t ident.Tenant, refs []Ref) (p db.LedgerOpenAccountsParams, names db.LedgerLockAccountsParams, err error) {
	p.CompanyID, p.Live, names.CompanyID, names.Live = t.Company, t.Live, t.Company, t.Live
	for _, r := range refs {
		n, known := natureOf(r.Kind)
		if !known {
			return p, names, fmt.Errorf("%w: an account of kind %q", errPosting, r.Kind)
		}
		p.Ids, p.Debits, p.Floored = append(p.Ids, ident.New()), append(p.Debits, n.debit), append(p.Floored, n.floored)
		names.Kinds, names.Owners, names.Currencies = append(names.Kinds, string(r.Kind)), append(names.Owners, r.Owner), append(names.Currencies, string(r.Currency))
	}
	p.Kinds, p.Owners, p.Currencies = names.Kinds, names.Owners, names.Currencies
	return p, names, nil
}

// refsOf are the accounts of entries, each once.
func refsOf(entries []Entry) []Ref {
	var out []Ref
	for _, e := range entries {
		if !slices.Contains(out, e.Ref) {
			out = append(out, e.Ref)
		}
	}
	return out
}
