package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ledger"
)

// recall takes back what was funded.
func (w world) recall(key string, amount int64) error {
	return w.in(func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.TakeBack(ctx, tx, w.side, audit.System(), ledger.Recall{Key: key, Kind: "taken", Wallet: usd, To: funding, Amount: amount})
		return err
	})
}

func (w world) repay() error {
	return w.in(func(ctx context.Context, tx pgx.Tx) error { return ledger.Repay(ctx, tx, w.side, audit.System(), usd) })
}

// owes expects what the company's wallet has and owes.
func (w world) owes(has, owed int64) {
	w.t.Helper()
	wallets, err := w.books.Wallets(context.Background(), w.side, nil, ledger.Page{Limit: 1})
	if err != nil || len(wallets) != 1 || wallets[0].Balance != has || wallets[0].Owed != owed {
		w.t.Errorf("%+v %v: want %d, and %d owed", wallets, err, has, owed)
	}
	w.even()
}

// TestTakenBack after a part of it was spent: the books say what is owed for it,
// and what comes in goes there first.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fund := func(key string, amount int64) {
		t.Helper()
		_, err := w.post(key, ledger.Move(funding, usd, amount)...)
		must(err)
	}
	fund("a", 1000)
	must(w.repay())
	must(w.recall("there", 100))
	w.owes(900, 0)
	_, err := w.post("b", ledger.Move(usd, shop, 600)...)
	must(err)
	for range 2 { // the same again does nothing, though the wallet has changed
		must(w.recall("back", 700))
		w.owes(0, 400)
	}
	refused(t, w.recall("back", 701), "posting_conflict")
	must(w.repay())
	w.owes(0, 400)
	if all, err := ledger.Owings(t.Context(), w.pool); err != nil || len(all) != 0 {
		t.Errorf("nothing is there to pay with: %+v %v", all, err)
	}
	fund("c", 150)
	must(w.repay())
	w.owes(0, 250)
	fund("d", 300)
	if all, err := ledger.Owings(t.Context(), w.pool); err != nil || len(all) != 1 || all[0] != (ledger.Owing{Tenant: w.side, Wallet: usd}) {
		t.Errorf("%+v %v", all, err)
	}
	var hands sync.WaitGroup
	for range 4 { // who comes together pays once
		hands.Go(func() {
			if err := w.repay(); err != nil {
				t.Error(err)
			}
		})
	}
	hands.Wait()
	w.owes(50, 0)
	w.wants(funding, 1000+150+300-100-700)
}

// TestTakenBackTogether: recalls, payments and purchases at once wait for each
// other and never in a circle, and nothing is lost.
func TestTakenBackTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	var hands sync.WaitGroup
	var tries atomic.Int32
	do := func(what func(context.Context, pgx.Tx) error) {
		err := w.in(func(ctx context.Context, tx pgx.Tx) error {
			tries.Add(1)
			if err := what(ctx, tx); err != nil {
				return err
			}
			return ledger.Repay(ctx, tx, w.side, audit.System(), usd)
		})
		if err != nil {
			t.Error(err)
		}
	}
	const payers, times = 4, 10
	for i := 0; i < payers*times; i += times {
		hands.Go(func() {
			for n := range times {
				key := fmt.Sprint(i + n)
				do(func(ctx context.Context, tx pgx.Tx) error {
					_, err := ledger.Post(ctx, tx, w.side, audit.System(), ledger.Posting{Key: key, Kind: "paid", Entries: ledger.Move(funding, usd, 100)})
					return err
				})
				do(func(ctx context.Context, tx pgx.Tx) error {
					_, err := ledger.TakeBack(ctx, tx, w.side, audit.System(), ledger.Recall{Key: key + " back", Kind: "taken", Wallet: usd, To: funding, Amount: 90})
					return err
				})
				do(func(context.Context, pgx.Tx) error { return nil })
			}
		})
	}
	hands.Wait()
	if n := tries.Load(); n != 3*payers*times {
		t.Errorf("%d transactions were tried %d times: some waited for each other", 3*payers*times, n)
	}
	w.owes(10*payers*times, 0)
}
