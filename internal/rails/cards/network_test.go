package cards_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
)

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

// TestReducedTwice: a network that says what it keeps says it of the whole, and
// not of what an earlier reversal has left.
func TestReducedTwice(t *testing.T) {
	t.Parallel()
	p := play(t)
	v := p.authorize(t, cards.Swipe{NetworkID: "a", Amount: eur(10000)})
	keep := func(id string, minor, held int64) {
		t.Helper()
		_, err := p.cards.Reverse(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: id, Authorization: v.Authorization.ID, Keep: minor})
		if err != nil {
			t.Error(err)
		}
		if got, err := p.cards.Get(t.Context(), p.tenant, p.card.ID); err != nil || got.Held != held {
			t.Errorf("%s: %d are held, want %d: %v", id, got.Held, held, err)
		}
	}
	keep("b", 7000, 7000)
	keep("c", 4000, 4000)
	keep("c", 4000, 4000)
	_, err := p.cards.Reverse(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "d", Authorization: v.Authorization.ID, Keep: 4000})
	wantCode(t, err, "reversal_above_hold")
	x, err := p.cards.Find(t.Context(), p.tenant, p.card.ID, "c")
	if err != nil || x.Amount != eur(3000) {
		t.Errorf("%+v %v", x, err)
	}
	if _, err := p.cards.Capture(t.Context(), p.tenant, p.card.ID, cards.NetworkPosting{NetworkID: "e", Authorization: v.Authorization.ID, Amount: 1000}); err != nil {
		t.Fatal(err)
	}
	keep("f", 2500, 1500)
	p.balanced()
}
