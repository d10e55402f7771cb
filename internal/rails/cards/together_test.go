package cards_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
)

func play(t *testing.T, change ...func(*cardtest.Scenario)) *player {
	t.Helper()
	s := cardtest.Scenario{Load: 20000}
	for _, f := range change {
		f(&s)
	}
	return newPlayer(t, s)
}

func (p *player) authorize(t *testing.T, in cards.Swipe) cards.Verdict {
	t.Helper()
	if in.Merchant.Name == "" {
		in.Merchant = cardtest.Shop
	}
	v, err := p.cards.Authorize(context.Background(), p.tenant, p.card.ID, in)
	if err != nil {
		t.Error(err)
	}
	return v
}

// TestSameEventTogether sends each event many times at once: it happens once, and
// everybody is told the same.
func TestSameEventTogether(t *testing.T) {
	t.Parallel()
	p := play(t)
	const times = 12
	together := func(do func() string) {
		t.Helper()
		var all sync.WaitGroup
		answers := make([]string, times)
		for i := range answers {
			all.Go(func() { answers[i] = do() })
		}
		all.Wait()
		for _, a := range answers {
			if a != answers[0] || a == "" {
				t.Fatal(answers)
			}
		}
	}
	together(func() string {
		v := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(5000)})
		return fmt.Sprint(v.Code, v.Authorization.ID)
	})
	together(func() string {
		v := p.authorize(t, cards.Swipe{NetworkID: "held", Amount: eur(15001)})
		return fmt.Sprint(v.Code, v.Authorization.ID)
	})
	together(func() string { // other ids, and the same request
		v := p.authorize(t, cards.Swipe{NetworkID: ident.New().String(), Amount: eur(15001)})
		return fmt.Sprint(v.Code, v.Authorization.ID)
	})
	if n := p.count("approvals"); n != 1 {
		t.Errorf("%d requests were opened", n)
	}
	if err := p.decide(t.Context(), p.authorize(t, cards.Swipe{NetworkID: "held", Amount: eur(15001)}).Authorization.ID, true); err != nil {
		t.Fatal(err)
	}
	approved := 0
	var all sync.WaitGroup
	var mu sync.Mutex
	for range times { // an approval lets one through
		all.Go(func() {
			if p.authorize(t, cards.Swipe{NetworkID: ident.New().String(), Amount: eur(15000)}).Approved {
				mu.Lock()
				approved++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if approved != 1 {
		t.Errorf("%d were let through on one approval", approved)
	}
	found, err := p.cards.Find(t.Context(), p.tenant, p.card.ID, "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []cardtest.Action{cardtest.Capture, cardtest.Refund} {
		together(func() string {
			p := *p
			p.of = map[string]uuid.UUID{"a": found.Authorization}
			return p.do(context.Background(), cardtest.Step{Do: kind, ID: string(kind), Of: "a", Minor: 3000})
		})
	}
	c := p.get(p.card.ID)
	if c.Balance != 3000 || c.Held != 2000+15000 || p.count("card_transactions WHERE type IN ('capture', 'refund')") != 2 {
		t.Errorf("%+v", c)
	}
	p.balanced()
}

// TestSwipesTogether swipes for more than there is, from many places at once.
func TestSwipesTogether(t *testing.T) {
	t.Parallel()
	p := play(t, func(s *cardtest.Scenario) {
		s.Controls = `[{"type":"limit","period":"day","amount":80},{"type":"velocity","window":"1h","count":5}]`
	})
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for i := range 20 {
		all.Go(func() {
			v := p.authorize(t, cards.Swipe{NetworkID: fmt.Sprint(i), Amount: eur(1900)})
			mu.Lock()
			codes[v.Code]++
			mu.Unlock()
		})
	}
	all.Wait()
	if codes["ok"] != 4 || codes["limit_exceeded"] != 16 { // 4 × 19.00 ≤ 80.00
		t.Error(codes)
	}
	p.balanced()
}

// TestCancelBesideSwipes cancels while swipes are decided: what is approved is
// held, and everything else is in the wallet.
func TestCancelBesideSwipes(t *testing.T) {
	t.Parallel()
	p := play(t)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() { p.authorize(t, cards.Swipe{NetworkID: fmt.Sprint(i), Amount: eur(700)}) })
	}
	all.Go(func() {
		if _, err := p.move(p.cards.Cancel, p.card.ID); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	c := p.get(p.card.ID)
	if c.Balance != 0 || c.Status != cards.Canceled || p.began-p.wallet() != c.Held || c.Held%700 != 0 {
		t.Errorf("%+v, the wallet gave %d", c, p.began-p.wallet())
	}
	p.balanced()
}

// TestTimeEndsHolds lets time run out: the card has its money again for the next
// swipe, and ended cards give it back.
func TestTimeEndsHolds(t *testing.T) {
	t.Parallel()
	p := play(t)
	once := p.house.card(20000, func(d *cards.Draft) { d.SingleUse = true })
	for id, card := range map[string]uuid.UUID{"a": p.card.ID, "b": once.ID} {
		v, err := p.cards.Authorize(t.Context(), p.tenant, card, cards.Swipe{NetworkID: id, Amount: eur(5000), Merchant: cardtest.Shop})
		if err != nil || !v.Approved {
			t.Fatal(v, err)
		}
	}
	if _, err := p.move(p.cards.Cancel, p.card.ID); err != nil {
		t.Fatal(err)
	}
	if err := p.cards.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := p.get(once.ID); c.Status != cards.Active || c.Held != 5000 {
		t.Errorf("%+v", c)
	}
	p.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE status = 'pending'`)
	if err := p.gate.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.cards.SweepOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []uuid.UUID{p.card.ID, once.ID} {
		if c := p.get(id); c.Status != cards.Canceled || c.Balance != 0 || c.Held != 0 {
			t.Errorf("%+v", c)
		}
	}
	if p.wallet() != p.began {
		t.Errorf("the wallet has %d of %d", p.wallet(), p.began)
	}
	p.balanced()
}

// keep holds the card's row until the test says so.
func (p *player) keep() (release func()) {
	p.t.Helper()
	free, held, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- p.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT FROM cards WHERE card_id = $1 FOR UPDATE`, p.card.ID)
			close(held)
			<-free
			return err
		})
	}()
	<-held
	return func() {
		close(free)
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	}
}

// TestFailsClosed keeps what a swipe needs: the answer comes in time and is no,
// and nothing is approved behind it.
func TestFailsClosed(t *testing.T) {
	t.Parallel()
	p := play(t)
	release := p.keep()
	began := time.Now()
	v := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(100)})
	if took := time.Since(began); v.Approved || v.NetworkCode != "96" || v.Code != cards.CodeSystem || took > 4*time.Second {
		t.Errorf("%+v after %s", v, took)
	}
	release()
	if v := p.authorize(t, cards.Swipe{NetworkID: "b", Amount: eur(200)}); !v.Approved {
		t.Errorf("%+v", v)
	}
	if c := p.get(p.card.ID); c.Held != 200 { // the first swipe is not among it
		t.Errorf("%+v", c)
	}
	if v := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(100)}); !v.Approved || v.Again {
		t.Errorf("%+v", v)
	}
	p.balanced()
}

// TestUndecidedIsTakenBack loses the answer of a swipe that was approved: its
// hold is reversed, and the same swipe again is declined as it was.
func TestUndecidedIsTakenBack(t *testing.T) {
	t.Parallel()
	p := play(t)
	sweep := func() cards.Card {
		t.Helper()
		if err := p.cards.SweepOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p.get(p.card.ID)
	}
	for _, id := range []string{"a", "b", "never"} {
		if id != "never" {
			p.authorize(t, cards.Swipe{NetworkID: id, Amount: eur(100)})
		}
		p.cards.Lose(p.tenant, p.card.ID, id)
	}
	if v := p.authorize(t, cards.Swipe{NetworkID: "b", Amount: eur(100)}); !v.Approved || !v.Again {
		t.Errorf("%+v", v)
	}
	for range 2 {
		if c := sweep(); c.Held != 100 || c.Balance != 19900 {
			t.Errorf("%+v", c)
		}
	}
	if v := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(100)}); v.Approved || v.NetworkCode != "96" || !v.Again {
		t.Errorf("%+v", v)
	}
	if v := p.authorize(t, cards.Swipe{NetworkID: "b", Amount: eur(100)}); !v.Approved {
		t.Errorf("what the network was told later was taken back: %+v", v)
	}
	p.balanced()
}

// TestCardsExpire holds that a card is good until the end of its month.
func TestCardsExpire(t *testing.T) {
	t.Parallel()
	p := play(t)
	now := time.Now().UTC()
	before := now.AddDate(0, 0, -now.Day())
	for network, expiry := range map[string]time.Time{"54": before, "00": now} {
		p.exec(`UPDATE cards SET exp_year = $1, exp_month = $2`, expiry.Year(), int(expiry.Month()))
		if v := p.authorize(t, cards.Swipe{NetworkID: network, Amount: eur(100)}); v.NetworkCode != network {
			t.Errorf("%s: %+v", expiry, v)
		}
	}
}

// TestLateCaptureFollows books the capture of what ran out by itself.
func TestLateCaptureFollows(t *testing.T) {
	t.Parallel()
	p := play(t)
	first := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(5000)}).Authorization.ID
	p.exec(`UPDATE authorizations SET expires_at = clock_timestamp()`)
	x, err := p.cards.Capture(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "b", Authorization: first})
	if err != nil || x.Type != cards.Captured || x.Follows != first || x.Authorization == first || x.Amount != eur(5000) {
		t.Fatalf("%+v %v", x, err)
	}
	if _, err := p.cards.Refund(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "c", Authorization: x.Authorization}); err != nil {
		t.Error(err)
	}
	if c := p.get(p.card.ID); c.Balance != 20000 || c.Held != 0 {
		t.Errorf("%+v", c)
	}
	p.balanced()
}

func TestSwipesThatAreNone(t *testing.T) {
	t.Parallel()
	p := play(t)
	for name, x := range map[string]struct {
		in   cards.Swipe
		card uuid.UUID
		code string
	}{
		"no id":        {cards.Swipe{Amount: eur(1)}, p.card.ID, "required"},
		"nothing":      {cards.Swipe{NetworkID: "x", Amount: eur(0)}, p.card.ID, "out_of_range"},
		"unknown card": {cards.Swipe{NetworkID: "x", Amount: eur(1)}, ident.New(), "not_found"},
	} {
		_, err := p.cards.Authorize(t.Context(), p.tenant, x.card, x.in)
		if code(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := p.tenant
	other.Live = true
	_, err := p.cards.Authorize(t.Context(), other, p.card.ID, cards.Swipe{NetworkID: "x", Amount: eur(1)})
	wantCode(t, err, "not_found")
	if v := p.authorize(t, cards.Swipe{NetworkID: "x", Amount: money.Of(100, "usd")}); v.Code != "currency_mismatch" || v.NetworkCode != "57" {
		t.Errorf("%+v", v)
	}
	v := p.authorize(t, cards.Swipe{NetworkID: "x", Amount: eur(100)})
	_, err = p.cards.Capture(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "x", Authorization: v.Authorization.ID})
	wantCode(t, err, "network_id_conflict")
	other2 := p.house.card(100)
	_, err = p.cards.Capture(t.Context(), p.tenant, other2.ID, cards.NetworkPosting{NetworkID: "y", Authorization: v.Authorization.ID})
	wantCode(t, err, "not_found")
	if _, err = p.cards.Capture(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "y", Authorization: v.Authorization.ID}); err != nil {
		t.Fatal(err)
	}
	_, err = p.cards.Authorize(t.Context(), p.tenant, p.card.ID, cards.Swipe{NetworkID: "y", Amount: eur(100)})
	wantCode(t, err, "network_id_conflict")
	_, err = p.cards.Capture(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "z", Authorization: v.Authorization.ID})
	wantCode(t, err, "authorization_confirmed")
	_, err = p.cards.Capture(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "z", Authorization: v.Authorization.ID, Amount: -1})
	wantCode(t, err, "out_of_range")
	p.exec(`UPDATE agents SET status = 'frozen'`)
	if v := p.authorize(t, cards.Swipe{NetworkID: "f", Amount: eur(100)}); v.Code != "agent_frozen" || v.NetworkCode != "62" {
		t.Errorf("%+v", v)
	}
	p.exec(`UPDATE agents SET status = 'deleted'`)
	if v := p.authorize(t, cards.Swipe{NetworkID: "g", Amount: eur(100)}); v.Code != "agent_deleted" || v.NetworkCode != "62" {
		t.Errorf("%+v", v)
	}
	p.balanced()
}

func TestTransactionsSayWhatHappened(t *testing.T) {
	t.Parallel()
	p := play(t)
	v := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(10000), Merchant: cardtest.Diner})
	id := v.Authorization.ID
	if v.Authorization.Metadata["card"] != p.card.PublicID() || v.Authorization.Rail != "card" {
		t.Errorf("%+v", v.Authorization)
	}
	for _, minor := range []int64{12000, 500} {
		in := cards.NetworkPosting{NetworkID: fmt.Sprint(minor), Authorization: id, Amount: minor}
		for _, again := range []bool{false, true} {
			x, err := p.cards.Capture(t.Context(), p.tenant, p.card.ID, in)
			if err != nil || x.Again != again || x.CreatedAt.IsZero() || x.Ledger == uuid.Nil || x.Amount != eur(minor) {
				t.Fatalf("%+v %v", x, err)
			}
		}
	}
	p.authorize(t, cards.Swipe{NetworkID: "b", Amount: eur(9000)})
	all, err := p.cards.Transactions(t.Context(), p.tenant, p.card.ID, cards.Page{Limit: 10})
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for i, want := range []struct {
		kind    cards.Type
		minor   int64
		above   int64
		network string
		moved   bool
	}{{cards.Declined, 9000, 0, "51", false}, {cards.Captured, 500, 500, "00", true}, {cards.Captured, 12000, 0, "00", true}, {cards.Authorized, 10000, 0, "00", false}} {
		x := all[i]
		if x.Type != want.kind || x.Amount != eur(want.minor) || x.Above != eur(want.above) || x.NetworkCode != want.network ||
			(x.Ledger != uuid.Nil) != want.moved || x.CreatedAt.IsZero() || x.Authorization == uuid.Nil || x.Merchant == "" {
			t.Errorf("%d: %+v", i, x)
		}
	}
	next, err := p.cards.Transactions(t.Context(), p.tenant, p.card.ID, cards.Page{Limit: 1, Before: &all[0].ID})
	if err != nil || len(next) != 1 || next[0].ID != all[1].ID {
		t.Error(next, err)
	}
	_, err = p.cards.Transactions(t.Context(), p.tenant, ident.New(), cards.Page{Limit: 1})
	wantCode(t, err, "not_found")
}

// TestLimitsStartOver moves what was spent to yesterday: it counts there, and so
// does what comes back of it.
func TestLimitsStartOver(t *testing.T) {
	t.Parallel()
	p := play(t, func(s *cardtest.Scenario) {
		s.Controls = `[{"type":"limit","period":"day","amount":100},{"type":"limit","period":"total","amount":150}]`
	})
	swipe := func(id string, minor int64, want string) cards.Verdict {
		t.Helper()
		v := p.authorize(t, cards.Swipe{NetworkID: id, Amount: eur(minor)})
		if v.Code != want {
			t.Errorf("%s: %+v, want %s", id, v, want)
		}
		return v
	}
	post := func(do func(context.Context, ident.Tenant, uuid.UUID, cards.NetworkPosting) (cards.Transaction, error), id string, of cards.Verdict, minor int64) {
		t.Helper()
		if _, err := do(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: id, Authorization: of.Authorization.ID, Amount: minor}); err != nil {
			t.Fatal(err)
		}
	}
	first := swipe("a", 8000, "ok")
	post(p.cards.Capture, "b", first, 8000)
	swipe("c", 2001, "limit_exceeded")
	p.exec(`UPDATE card_transactions SET counted_at = counted_at - interval '1 day'`)
	swipe("d", 7001, "limit_exceeded") // of all time
	second := swipe("e", 6000, "ok")
	post(p.cards.Refund, "f", first, 5000) // yesterday's
	swipe("g", 4001, "limit_exceeded")     // of today
	swipe("h", 4000, "ok")
	post(p.cards.Refund, "i", first, 3000)
	post(p.cards.Reverse, "j", second, 1000)
	swipe("k", 1000, "ok")
	p.balanced()
}
