package ledger_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"
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
	for i := range 8 {
		key := uuid.NewString()
		hands.Go(func() {
			for _, err := range []error{
				second(w.post(key, ledger.Move(funding, usd, 100)...)), w.repay(), w.recall(key+"back", int64(20*i+1)), w.repay(),
			} {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	hands.Wait()
	if err := w.repay(); err != nil {
		t.Error(err)
	}
	w.owes(800-568, 0)
}

func second[T any](_ T, err error) error { return err }
