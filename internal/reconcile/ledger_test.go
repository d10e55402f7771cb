package reconcile_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/reconcile"
)

// banked is books with money in the wallet, some of it held.
func banked(t *testing.T) *books {
	t.Helper()
	b := newBooks(t)
	wallet := ledger.WalletOf(uuid.Nil, "usd")
	err := b.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.Post(ctx, tx, b.tenant, audit.System(), ledger.Posting{Key: "f", Kind: "funded",
			Entries: ledger.Move(ledger.Ref{Kind: ledger.Funding, Currency: "usd"}, wallet, 10_000)})
		if err == nil {
			_, err = ledger.Place(ctx, tx, b.tenant, audit.System(), ledger.NewHold{Key: "h", From: wallet, Amount: 4_000})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *books) finds(t *testing.T, texts ...string) {
	t.Helper()
	var all []string
	for _, r := range b.reconcile() {
		for _, d := range r.Differences {
			if d.Check != reconcile.Ledger {
				t.Errorf("found %+v", d)
			}
			all = append(all, d.Text)
		}
	}
	for _, text := range texts {
		if !strings.Contains(strings.Join(all, "\n"), text) {
			t.Errorf("found %q, want %q", all, text)
		}
	}
	if len(texts) == 0 && len(all) > 0 {
		t.Errorf("found %q", all)
	}
}

func TestLedgerDifferences(t *testing.T) {
	t.Parallel()
	banked(t).finds(t)
	for name, plant := range map[string]struct {
		sql  string
		says []string
	}{
		"a balance that was changed": {`UPDATE ledger_accounts SET balance = balance + 1 WHERE kind = 'wallet'`,
			[]string{"balance is 60.01, and its entries add up to 60.00", "add up to 0.01 instead of zero"}},
		"an entry that was changed": {`ALTER TABLE ledger_entries DISABLE TRIGGER USER; UPDATE ledger_entries SET amount = amount + 1 WHERE amount = 4000`,
			[]string{"balance is 40.00, and its entries add up to 40.01", "its entries do not balance"}},
		"entries that were slipped in": {`ALTER TABLE ledger_entries DISABLE TRIGGER USER; INSERT INTO ledger_entries
			SELECT company_id, live, transaction_id, 3, account_id, currency, 700, created_at FROM ledger_entries WHERE amount = 4000`,
			[]string{"add up to 47.00", "its entries do not balance"}},
		"entries that are gone": {`ALTER TABLE ledger_entries DISABLE TRIGGER USER; DELETE FROM ledger_entries WHERE abs(amount) = 4000`,
			[]string{"balance is 40.00, and its entries add up to 0.00", "its entries do not balance"}},
		"a hold that was changed": {`UPDATE ledger_holds SET remaining = 3900, released = 100`, []string{"its holds keep 39.00, and 40.00 are set aside"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := banked(t)
			for _, sql := range strings.Split(plant.sql, ";") {
				b.do(sql)
			}
			b.finds(t, plant.says...)
		})
	}
}

// TestPostingWithoutLock lets two write a balance that each has read before, as
// a posting would that does not lock: what one of them moved is lost.
func TestPostingWithoutLock(t *testing.T) {
	t.Parallel()
	b := banked(t)
	var read, done sync.WaitGroup
	read.Add(2)
	for _, key := range []string{"x", "y"} {
		done.Go(func() {
			err := b.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
				var before int64
				if err := tx.QueryRow(ctx, `SELECT balance FROM ledger_accounts WHERE kind = 'wallet'`).Scan(&before); err != nil {
					return err
				}
				read.Done()
				read.Wait()
				_, err := ledger.Post(ctx, tx, b.tenant, audit.System(), ledger.Posting{Key: key, Kind: "funded",
					Entries: ledger.Move(ledger.Ref{Kind: ledger.Funding, Currency: "usd"}, ledger.WalletOf(uuid.Nil, "usd"), 100)})
				if err == nil {
					_, err = tx.Exec(ctx, `UPDATE ledger_accounts SET balance = $1 WHERE kind = 'wallet'`, before+100)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	b.finds(t, "the balance is 61.00, and its entries add up to 62.00", "instead of zero")
}
