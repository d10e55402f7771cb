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
	w := moneyed(t)
	force := func(key string, amount int64) {
		w.must(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.Force(ctx, tx, w.side, audit.System(), ledger.Posting{Key: key, Kind: "captured", Entries: ledger.Move(usd, shop, amount)})
			return err
		})
	}
	floor := func() (n int64) {
		w.must(func(ctx context.Context, tx pgx.Tx) error {
			if err := ledger.RaiseFloor(ctx, tx, w.side, audit.System(), usd); err != nil {
				return err
			}
			a, err := ledger.Balance(ctx, tx, w.side, usd)
			n = *a.Floor
			return err
		})
		return n
	}
	h, err := w.place("h", 600, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		_, _, err := ledger.Capture(ctx, tx, w.side, audit.System(), ledger.Taking{Key: "c", Hold: h.ID, Amount: 1100, To: shop, Forced: true})
		return err
	})
	w.wants(usd, -100)
	force("f", 200)
	force("f", 200)
	w.wants(usd, -300)
	if n := floor(); n != -300 {
		t.Errorf("the floor is %d", n)
	}
	if _, err := w.place("g", 1, 0); err == nil {
		t.Error("an account that owes can hold more")
	}
	for _, back := range []struct{ amount, floor int64 }{{100, -200}, {250, 0}} {
		if _, err := w.post(fmt.Sprint("back", back.amount), ledger.Move(shop, usd, back.amount)...); err != nil {
			t.Fatal(err)
		}
		if n := floor(); n != back.floor {
			t.Errorf("after %d back the floor is %d, want %d", back.amount, n, back.floor)
		}
	}
	w.even()
}
