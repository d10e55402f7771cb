package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// op is one thing that is done to the books. Which says which of the things
// that there are by then.
type op struct {
	Do     string
	Key    int
	Amount int64
	Above  int64
	Which  int
	Final  bool
}

func drawOps(t *rapid.T, label string) []op {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) op {
		return op{rapid.SampledFrom([]string{"fund", "spend", "place", "place", "capture", "capture", "release", "reverse"}).Draw(t, "do"),
			rapid.IntRange(0, 30).Draw(t, "key"), rapid.Int64Range(1, 60).Draw(t, "amount"), rapid.Int64Range(0, 20).Draw(t, "above"),
			rapid.IntRange(0, 9).Draw(t, "which"), rapid.Bool().Draw(t, "final")}
	}), 1, 40).Draw(t, label)
}

// model is what the books should be.
type model struct {
	wallet, shop int64
	keys         map[string]op
	holds        []*modelHold
	posts        []*modelPost
}

type modelHold struct {
	id                                           uuid.UUID
	amount, above, captured, released, remaining int64
}

type modelPost struct {
	id       uuid.UUID
	wallet   int64 // what it did to the wallet
	shop     int64
	reversed bool
}

// expect gives the code that an operation is refused with, and moves the model
// when it is not.
func (m *model) expect(o op) string {
	wallet, shop := m.wallet, m.shop
	var apply func()
	switch o.Do {
	case "fund":
		wallet, apply = wallet+o.Amount, func() { m.posts = append(m.posts, &modelPost{wallet: o.Amount}) }
	case "spend":
		wallet, shop, apply = wallet-o.Amount, shop+o.Amount, func() { m.posts = append(m.posts, &modelPost{wallet: -o.Amount, shop: o.Amount}) }
	case "place":
		wallet, apply = wallet-o.Amount, func() { m.holds = append(m.holds, &modelHold{amount: o.Amount, above: o.Above, remaining: o.Amount}) }
	case "capture", "release":
		h := m.holds[o.Which]
		if h.remaining == 0 {
			return "hold_closed"
		}
		inside, back := min(o.Amount, h.remaining), int64(0)
		switch {
		case o.Do == "release" && o.Amount > h.remaining:
			return "release_above_hold"
		case o.Do == "release":
			wallet, apply = wallet+o.Amount, func() { h.released, h.remaining = h.released+o.Amount, h.remaining-o.Amount }
		case h.captured+h.released+o.Amount > h.amount+h.above:
			return "capture_above_hold"
		default:
			if o.Final {
				back = h.remaining - inside
			}
			wallet, shop = wallet+back-(o.Amount-inside), shop+o.Amount
			apply = func() {
				h.captured, h.released, h.remaining = h.captured+o.Amount, h.released+back, h.remaining-inside-back
			}
		}
	case "reverse":
		p := m.posts[o.Which]
		wallet, shop, apply = wallet-p.wallet, shop-p.shop, func() { p.reversed = true }
		if p.reversed {
			return "already_reversed"
		}
	}
	if wallet < 0 {
		return "insufficient_funds"
	}
	apply()
	m.wallet, m.shop = wallet, shop
	return ""
}

// known says whether a key was used, for the same or for something else.
func (m *model) known(o op) (code string, again bool) {
	before, used := m.keys[fmt.Sprint(o.Key)]
	switch {
	case !used:
		return "", false
	case before.said() == o.said():
		return "", true
	}
	return "posting_conflict", false
}

// said is what an operation tells the ledger: the rest means nothing to it.
func (o op) said() op {
	switch o.Do {
	case "fund", "spend":
		return op{Do: o.Do, Key: o.Key, Amount: o.Amount}
	case "place":
		return op{Do: o.Do, Key: o.Key, Amount: o.Amount, Above: o.Above}
	case "capture":
		return op{Do: o.Do, Key: o.Key, Which: o.Which, Amount: o.Amount, Final: o.Final}
	case "release":
		return op{Do: o.Do, Key: o.Key, Which: o.Which, Amount: o.Amount}
	}
	return op{Do: o.Do, Key: o.Key, Which: o.Which}
}

// TestModel plays one operation after the other against the model.
func TestModel(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := world{t, pool, ledger.New(pool), ident.Tenant{Company: ident.New(), Live: true}}
		m := &model{keys: map[string]op{}}
		for _, o := range drawOps(rt, "ops") {
			if !m.fits(&o) {
				continue
			}
			want, again := m.known(o)
			if want == "" && !again {
				if want = m.expect(o); want == "" {
					m.keys[fmt.Sprint(o.Key)] = o
				}
			}
			id, err := w.run(o, m)
			if got := codeOf(err); got != want {
				rt.Fatalf("%+v gives %q (%v), want %q", o, got, err, want)
			}
			if want == "" && !again {
				m.learn(o, id)
			}
			if w.balance(usd) != m.wallet || w.balance(shop) != m.shop {
				rt.Fatalf("after %+v: wallet %d, want %d; shop %d, want %d", o, w.balance(usd), m.wallet, w.balance(shop), m.shop)
			}
		}
		w.sound(rt)
	})
}

// fits chooses among what there is; false when there is nothing of the kind.
func (m *model) fits(o *op) bool {
	n := 1
	switch o.Do {
	case "capture", "release":
		n = len(m.holds)
	case "reverse":
		n = len(m.posts)
	}
	if n > 0 {
		o.Which %= n
	}
	return n > 0
}

func (m *model) learn(o op, id uuid.UUID) {
	switch o.Do {
	case "fund", "spend":
		m.posts[len(m.posts)-1].id = id
	case "place":
		m.holds[len(m.holds)-1].id = id
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// run does it to the books, and gives the id of what it made.
func (w world) run(o op, m *model) (id uuid.UUID, err error) {
	key := fmt.Sprint(o.Key)
	switch o.Do {
	case "fund", "spend":
		from, to := funding, usd
		if o.Do == "spend" {
			from, to = usd, shop
		}
		x, err := w.post(key, ledger.Move(from, to, o.Amount)...)
		return x.ID, err
	case "place":
		h, err := w.place(key, o.Amount, o.Above)
		return h.ID, err
	case "capture":
		_, err = w.capture(key, m.holds[o.Which].id, o.Amount, o.Final)
	case "release":
		_, err = w.release(key, m.holds[o.Which].id, o.Amount)
	case "reverse":
		err = w.in(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.Reverse(ctx, tx, w.side, audit.System(), ledger.Reversal{Key: key, Transaction: m.posts[o.Which].id})
			return err
		})
	}
	return id, err
}

// TestTogether plays from many hands at once: whatever order they come in, the
// books are sound and each answer was true.
func TestTogether(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := world{t, pool, ledger.New(pool), ident.Tenant{Company: ident.New(), Live: true}}
		shared := &model{}
		if _, err := w.post("start", ledger.Move(funding, usd, 100)...); err != nil {
			rt.Fatal(err)
		}
		for i := range 3 {
			h, err := w.place(fmt.Sprint("start", i), 20, 10)
			if err != nil {
				rt.Fatal(err)
			}
			x, err := w.post(fmt.Sprint("post", i), ledger.Move(usd, shop, 5)...)
			if err != nil {
				rt.Fatal(err)
			}
			shared.holds, shared.posts = append(shared.holds, &modelHold{id: h.ID}), append(shared.posts, &modelPost{id: x.ID})
		}
		var hands sync.WaitGroup
		for i := range 4 {
			ops := drawOps(rt, fmt.Sprint("hand", i))
			hands.Go(func() {
				for _, o := range ops[:min(len(ops), 12)] {
					shared.fits(&o)
					if _, err := w.run(o, shared); err != nil && fault.From(err).Kind != fault.Conflict {
						t.Errorf("%+v: %v", o, err)
					}
				}
			})
		}
		hands.Wait()
		w.sound(rt)
	})
}

// sound adds everything up again.
func (w world) sound(t *rapid.T) {
	for what, sql := range map[string]string{
		"a balance that is not its entries": `SELECT count(*) FROM ledger_accounts a WHERE a.company_id = $1 AND a.balance <>
			(SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e WHERE e.company_id = a.company_id AND e.account_id = a.account_id)`,
		"a balance below its floor": `SELECT count(*) FROM ledger_accounts WHERE company_id = $1 AND CASE WHEN debit THEN balance ELSE -balance END < floor`,
		"an uneven currency":        `SELECT count(*) FROM (SELECT FROM ledger_accounts WHERE company_id = $1 GROUP BY currency HAVING sum(balance) <> 0) x`,
		"holds that nobody keeps": `SELECT count(*) FROM ledger_accounts a WHERE a.company_id = $1 AND a.kind = 'hold' AND a.balance <>
			(SELECT coalesce(sum(h.remaining), 0) FROM ledger_holds h WHERE h.company_id = a.company_id AND h.account_id = a.owner_id)`,
		"more or fewer events than postings": `SELECT abs((SELECT count(*) FROM ledger_transactions WHERE company_id = $1)
			- (SELECT count(DISTINCT subject) FROM audit_events WHERE company_id = $1 AND type = 'ledger.posted'))`,
	} {
		var n int
		if err := w.pool.QueryRow(context.Background(), sql, w.side.Company).Scan(&n); err != nil || n > 0 {
			t.Errorf("%d times %s (%v)", n, what, err)
		}
	}
}
