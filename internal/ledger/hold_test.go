package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
)

func (w world) place(key string, amount, tolerance int64) (h ledger.Hold, err error) {
	err = w.in(func(ctx context.Context, tx pgx.Tx) (err error) {
		h, err = ledger.Place(ctx, tx, w.side, audit.System(), ledger.NewHold{Key: key, From: usd, Amount: amount, Tolerance: tolerance})
		return err
	})
	return h, err
}

func (w world) capture(key string, h uuid.UUID, amount int64, final bool) (out ledger.Hold, err error) {
	err = w.in(func(ctx context.Context, tx pgx.Tx) (err error) {
		out, _, err = ledger.Capture(ctx, tx, w.side, audit.System(), ledger.Taking{Key: key, Hold: h, Amount: amount, To: shop, Final: final})
		return err
	})
	return out, err
}

func (w world) release(key string, h uuid.UUID, amount int64) (out ledger.Hold, err error) {
	err = w.in(func(ctx context.Context, tx pgx.Tx) (err error) {
		out, _, err = ledger.Release(ctx, tx, w.side, audit.System(), ledger.Giving{Key: key, Hold: h, Amount: amount})
		return err
	})
	return out, err
}

// moneyed has 1000 in its wallet.
func moneyed(t *testing.T) world {
	t.Helper()
	w := newWorld(t, true)
	if _, err := w.post("fund", ledger.Move(funding, usd, 1000)...); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestHolds(t *testing.T) {
	t.Parallel()
	type step struct {
		do     string // capture, final, release
		amount int64
		code   string
	}
	for name, c := range map[string]struct {
		steps        []step
		wallet, shop int64
		open         bool
	}{
		"placed":          {nil, 400, 0, true},
		"whole":           {[]step{{"capture", 600, ""}}, 400, 600, false},
		"part":            {[]step{{"capture", 200, ""}}, 400, 200, true},
		"several":         {[]step{{"capture", 200, ""}, {"capture", 100, ""}, {"capture", 300, ""}}, 400, 600, false},
		"part and final":  {[]step{{"capture", 200, ""}, {"final", 100, ""}}, 700, 300, false},
		"with a tip":      {[]step{{"capture", 650, ""}}, 350, 650, false},
		"several, a tip":  {[]step{{"capture", 500, ""}, {"capture", 150, ""}}, 350, 650, false},
		"above tolerance": {[]step{{"capture", 651, "capture_above_hold"}}, 400, 0, true},
		"above in parts":  {[]step{{"capture", 500, ""}, {"capture", 151, "capture_above_hold"}}, 400, 500, true},
		"released":        {[]step{{"release", 0, ""}}, 1000, 0, false},
		"released partly": {[]step{{"release", 100, ""}, {"capture", 500, ""}}, 500, 500, false},
		"released, tip":   {[]step{{"release", 100, ""}, {"capture", 551, "capture_above_hold"}, {"capture", 550, ""}}, 450, 550, false},
		"twice released":  {[]step{{"release", 0, ""}, {"release", 0, "hold_closed"}}, 1000, 0, false},
		"late capture":    {[]step{{"release", 0, ""}, {"capture", 1, "hold_closed"}}, 1000, 0, false},
		"too much back":   {[]step{{"capture", 500, ""}, {"release", 101, "release_above_hold"}}, 400, 500, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := moneyed(t)
			h, err := w.place("h", 600, 50)
			for i, s := range c.steps {
				if err != nil {
					break
				}
				key := string(rune('a' + i))
				for range 2 { // each is sent twice, with one effect
					switch s.do {
					case "release":
						_, err = w.release(key, h.ID, s.amount)
					default:
						_, err = w.capture(key, h.ID, s.amount, s.do == "final")
					}
					if s.code != "" {
						refused(t, err, s.code)
						err = nil
					}
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			w.wants(usd, c.wallet)
			w.wants(shop, c.shop)
			var last ledger.Hold
			w.must(func(ctx context.Context, tx pgx.Tx) (err error) {
				last, err = ledger.GetHold(ctx, tx, w.side, h.ID)
				return err
			})
			if (last.ClosedAt == nil) != c.open || last.Captured != c.shop || c.wallet+c.shop+last.Remaining != 1000 {
				t.Errorf("%+v", last)
			}
			w.even()
		})
	}
}

func TestHoldsAreRefused(t *testing.T) {
	t.Parallel()
	w := moneyed(t)
	_, err := w.place("h", 1001, 0)
	refused(t, err, "insufficient_funds")
	h, err := w.place("h", 990, 50)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.place("h", 990, 50); err != nil || again.ID != h.ID {
		t.Errorf("%+v %v", again, err)
	}
	_, err = w.place("h", 990, 51)
	refused(t, err, "posting_conflict")
	_, err = w.capture("c", h.ID, 1001, false) // within the tolerance, and not in the wallet
	refused(t, err, "insufficient_funds")
	_, err = w.release("r", ident.New(), 0)
	refused(t, err, "not_found")
	other := world{w.t, w.pool, w.books, ident.Tenant{Company: w.side.Company}}
	_, err = other.release("r", h.ID, 0)
	refused(t, err, "not_found")
	w.wants(usd, 10)
}

// TestForce takes what is not there, and gives the floor back as it is paid.
func TestForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	card := ledger.Ref{Kind: ledger.Card, Owner: ident.New(), Currency: "usd"}
	if _, err := w.post("fund", ledger.Move(funding, card, 1000)...); err != nil {
		t.Fatal(err)
	}
	force := func(key string, from ledger.Ref, amount int64) error {
		return w.in(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.Force(ctx, tx, w.side, audit.System(), ledger.Posting{Key: key, Kind: "captured", Entries: ledger.Move(from, shop, amount)})
			return err
		})
	}
	stands := func(balance, floor int64) {
		t.Helper()
		w.must(func(ctx context.Context, tx pgx.Tx) error {
			a, err := ledger.Balance(ctx, tx, w.side, card)
			if err == nil && (a.Balance != balance || *a.Floor != floor) {
				t.Errorf("%d with a floor of %d, want %d, %d", a.Balance, *a.Floor, balance, floor)
			}
			return err
		})
	}
	place := func(key string, amount int64) (h ledger.Hold, err error) {
		err = w.in(func(ctx context.Context, tx pgx.Tx) (err error) {
			h, err = ledger.Place(ctx, tx, w.side, audit.System(), ledger.NewHold{Key: key, From: card, Amount: amount})
			return err
		})
		return h, err
	}
	h, err := place("h", 600)
	if err != nil {
		t.Fatal(err)
	}
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		_, _, err := ledger.Capture(ctx, tx, w.side, audit.System(), ledger.Taking{Key: "c", Hold: h.ID, Amount: 1100, To: shop, Forced: true})
		return err
	})
	stands(-100, -100)
	for range 2 { // the second is the same
		if err := force("f", card, 200); err != nil {
			t.Fatal(err)
		}
	}
	stands(-300, -300)
	_, err = place("g", 1)
	refused(t, err, "insufficient_funds")
	for _, back := range []struct{ amount, balance, floor int64 }{{100, -200, -200}, {250, 50, 0}} {
		if _, err := w.post(fmt.Sprint("back", back.amount), ledger.Move(shop, card, back.amount)...); err != nil {
			t.Fatal(err)
		}
		stands(back.balance, back.floor)
	}
	_, err = place("above", 51)
	refused(t, err, "insufficient_funds")
	refused(t, force("wallet", usd, 1), "insufficient_funds")
	w.even()
}
