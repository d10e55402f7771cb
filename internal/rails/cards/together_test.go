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
// TestLateCaptureFollows books the capture of what ran out by itself.
// TestLimitsStartOver moves what was spent to yesterday: it counts there, and so
// does what comes back of it.
