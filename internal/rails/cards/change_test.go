package cards_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
)

// TestStatusMoves tries every move from every status.
func TestStatusMoves(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	freeze, unfreeze, cancel := h.cards.Freeze, h.cards.Unfreeze, h.cards.Cancel
	for _, x := range []struct {
		before []move
		then   move
		want   cards.Status
		code   string
		events int // that the last move leaves
	}{
		{nil, freeze, cards.Frozen, "", 1},
		{nil, unfreeze, cards.Active, "", 0},
		{nil, cancel, cards.Canceled, "", 1},
		{[]move{freeze}, freeze, cards.Frozen, "", 0},
		{[]move{freeze}, unfreeze, cards.Active, "", 1},
		{[]move{freeze}, cancel, cards.Canceled, "", 1},
		{[]move{cancel}, freeze, cards.Canceled, "card_canceled", 0},
		{[]move{cancel}, unfreeze, cards.Canceled, "card_canceled", 0},
		{[]move{cancel}, cancel, cards.Canceled, "card_canceled", 0},
	} {
		c := h.card(100)
		for _, m := range x.before {
			if _, err := h.move(m, c.ID); err != nil {
				t.Fatal(err)
			}
		}
		events := h.count(`audit_events WHERE subject = $1`, c.PublicID())
		_, err := h.move(x.then, c.ID)
		wantCode(t, err, x.code)
		now := h.get(c.ID)
		if now.Status != x.want || now.FrozenAt.IsZero() != (x.want != cards.Frozen) || now.CanceledAt.IsZero() != (x.want != cards.Canceled) {
			t.Errorf("%+v, want %s", now, x.want)
		}
		if got := h.count(`audit_events WHERE subject = $1`, c.PublicID()) - events; got != x.events {
			t.Errorf("%d events, want %d", got, x.events)
		}
		if want := int64(100); x.want == cards.Canceled && now.Balance != 0 || x.want != cards.Canceled && now.Balance != want {
			t.Errorf("the card has %d", now.Balance)
		}
	}
	if got := h.wallet(); got != 1_000_000-400 {
		t.Errorf("the wallet has %d", got)
	}
	h.balanced()
}

func TestLoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.card(100)
	load := func(id uuid.UUID, amount money.Amount) error {
		return h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := h.cards.Load(ctx, tx, h.tenant, h.by, id, amount)
			return err
		})
	}
	wantCode(t, load(c.ID, eur(50)), "")
	wantCode(t, load(c.ID, eur(1_000_000)), "insufficient_funds")
	wantCode(t, load(c.ID, eur(0)), "out_of_range")
	wantCode(t, load(c.ID, money.Of(50, "usd")), "currency_mismatch")
	wantCode(t, load(ident.New(), eur(50)), "not_found")
	if _, err := h.move(h.cards.Freeze, c.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, load(c.ID, eur(50)), "card_frozen")
	h.exec(`UPDATE agents SET status = 'frozen'`)
	if _, err := h.move(h.cards.Unfreeze, c.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, load(c.ID, eur(50)), "agent_frozen")
	if got := h.get(c.ID).Balance; got != 150 || h.wallet() != 1_000_000-150 {
		t.Errorf("the card has %d, the wallet %d", got, h.wallet())
	}
	if _, err := h.move(h.cards.Cancel, c.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, load(c.ID, eur(50)), "card_canceled")
	h.balanced()
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.card(100)
	update := func(in cards.Change) (got cards.Card, err error) {
		err = h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			got, err = h.cards.Update(ctx, tx, h.tenant, h.by, c.ID, in)
			return err
		})
		return got, err
	}
	controls, err := cards.ParseControls([]byte(`[{"type":"mcc","mode":"allow","values":["7372"]},{"type":"limit","period":"day","amount":5}]`), "eur")
	if err != nil {
		t.Fatal(err)
	}
	name := "Software"
	got, err := update(cards.Change{Name: &name, Controls: &controls, Metadata: map[string]string{"a": "1"}})
	if err != nil || got.Name != name || len(got.Controls) != 2 || got.Controls[1].Amount != eur(500) {
		t.Fatalf("%+v %v", got, err)
	}
	if now := h.get(c.ID); len(now.Controls) != 2 || now.Controls[1].Amount != eur(500) || now.Metadata["a"] != "1" {
		t.Errorf("%+v", now)
	}
	events := h.count(`audit_events WHERE type = 'card.updated'`)
	if _, err := update(cards.Change{Name: &name, Controls: &controls}); err != nil || h.count(`audit_events WHERE type = 'card.updated'`) != events || events != 1 {
		t.Errorf("%v: what changes nothing leaves an event, or a change none", err)
	}
	_, err = update(cards.Change{Name: &name, Shown: c.Digest()}) // as it was before
	wantCode(t, err, "card_changed")
	none := cards.Controls{}
	if got, err = update(cards.Change{Controls: &none, Metadata: map[string]string{"a": ""}, Shown: h.get(c.ID).Digest()}); err != nil || len(got.Controls) != 0 || len(got.Metadata) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := h.move(h.cards.Cancel, c.ID); err != nil {
		t.Fatal(err)
	}
	_, err = update(cards.Change{Name: &name})
	wantCode(t, err, "card_canceled")
}

func TestControlsAreRead(t *testing.T) {
	t.Parallel()
	for text, at := range map[string]string{
		`[{"type":"merchant","mode":"allow","values":["AWS"]},{"type":"velocity","window":"1h","count":3}]`: "",
		`[]`: "",
		`[{"type":"hours","days":["mon"],"from":"08:00","to":"18:00"},{"type":"country","mode":"block","values":["KP"]}]`: "",
		`[{"type":"transaction_limit","amount":"12.50"},{"type":"limit","period":"total","amount":9,"per":"agent"}]`:      "",
		`[{"type":"transaction_limit","amount":5,"currency":"usd"}]`:                                                      "controls[0].currency",
		`[{"type":"transaction_limit","amount":5.001}]`:                                                                   "controls[0].amount",
		`[{"type":"transaction_limit"}]`:                                                                                  "controls[0].amount",
		`[{"type":"limit","period":"day","amount":5,"per":"company"}]`:                                                    "controls[0].per",
		`[{"type":"mcc","mode":"allow","values":["7372"]},{"type":"approval_threshold","amount":5}]`:                      "controls[1].type",
		`[{"type":"expression","when":"amount > 1.0","effect":"deny"}]`:                                                   "controls[0].type",
		`[{"type":"mcc","type":"merchant","mode":"allow","values":["7372"]}]`:                                             "controls",
		`{"type":"mcc"}`: "controls",
		`[null]`:         "controls[0].type",
		`null`:           "",
		`[1]`:            "controls",
		``:               "controls",
	} {
		got, err := cards.ParseControls([]byte(text), "eur")
		f := fault.From(err)
		switch {
		case at == "" && err != nil, at != "" && (err == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Location != at):
			t.Errorf("%s: %v %+v", text, err, got)
		}
	}
}

func TestRevealIsLimitedAndRecorded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.card(100)
	_, _, err := h.cards.Reveal(t.Context(), h.tenant, h.by, c.ID, "  ")
	wantCode(t, err, "required")
	_, _, err = h.cards.Reveal(t.Context(), h.tenant, h.by, ident.New(), "x")
	wantCode(t, err, "not_found")
	done := make(chan error, 2*cards.RevealsOfCard)
	for range cap(done) {
		go func() {
			_, _, err := h.cards.Reveal(context.Background(), h.tenant, h.by, c.ID, "to pay")
			done <- err
		}()
	}
	shown := 0
	for range cap(done) {
		if err := <-done; err == nil {
			shown++
		} else if f := fault.From(err); f.Code != "reveal_limited" || f.Kind != fault.RateLimited || f.RetryAfter <= 0 {
			t.Error(err)
		}
	}
	if revealed, refused := h.count(`audit_events WHERE type = 'card.revealed'`), h.count(`audit_events WHERE type = 'card.reveal_refused'`); shown != cards.RevealsOfCard ||
		revealed != shown || refused != cap(done)-shown {
		t.Errorf("%d shown, %d and %d recorded", shown, revealed, refused)
	}
	other := h.card(100)
	if _, _, err := h.cards.Reveal(t.Context(), h.tenant, h.by, other.ID, "x"); err != nil {
		t.Error(err)
	}
	h.exec(`UPDATE card_reveals SET created_at = created_at - interval '11 minutes'`)
	if _, _, err := h.cards.Reveal(t.Context(), h.tenant, h.by, c.ID, "x"); err != nil {
		t.Error("the limit does not end", err)
	}
	for range cards.RevealsOfAll - h.count("card_reveals") {
		h.exec(`INSERT INTO card_reveals SELECT company_id, live, gen_random_uuid(), gen_random_uuid(), 'x', 'x' FROM card_reveals LIMIT 1`)
	}
	_, _, err = h.cards.Reveal(t.Context(), h.tenant, h.by, other.ID, "x")
	wantCode(t, err, "reveal_limited")
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first, second := h.card(100), h.card(200, func(d *cards.Draft) { d.Amount = money.Of(200, "usd") })
	other := h.newAgent("other")
	third := h.card(300, func(d *cards.Draft) { d.Agent = other })
	if _, err := h.move(h.cards.Freeze, first.ID); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		f    cards.Filter
		p    cards.Page
		want []uuid.UUID
	}{
		"all":      {cards.Filter{}, cards.Page{Limit: 10}, []uuid.UUID{third.ID, second.ID, first.ID}},
		"agent":    {cards.Filter{Agent: &other}, cards.Page{Limit: 10}, []uuid.UUID{third.ID}},
		"status":   {cards.Filter{Status: cards.Frozen}, cards.Page{Limit: 10}, []uuid.UUID{first.ID}},
		"currency": {cards.Filter{Currency: "usd"}, cards.Page{Limit: 10}, []uuid.UUID{second.ID}},
		"page":     {cards.Filter{}, cards.Page{Limit: 1, Before: &third.ID}, []uuid.UUID{second.ID}},
	} {
		got, err := h.cards.List(t.Context(), h.tenant, x.f, x.p)
		if err != nil || len(got) != len(x.want) {
			t.Fatalf("%s: %d, %v", name, len(got), err)
		}
		for i := range got {
			if got[i].ID != x.want[i] || got[i].Balance == 0 {
				t.Errorf("%s: %+v", name, got[i])
			}
		}
	}
	live := h.tenant
	live.Live = true
	if got, err := h.cards.List(t.Context(), live, cards.Filter{}, cards.Page{Limit: 10}); err != nil || len(got) != 0 {
		t.Error("test cards are seen in live mode", err)
	}
	_, err := h.cards.Get(t.Context(), live, first.ID)
	wantCode(t, err, "not_found")
}

// TestLoadPaysBack loads a card that owes: what it may spend then is what it
// has, and no more.
func TestLoadPaysBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"transaction_limit","amount":1000,"currency":"eur"}]`)
	c := h.card(100)
	q := cards.Swipe{NetworkID: "force", Amount: eur(300), Merchant: cardtest.Shop}
	if _, err := h.cards.ForcePost(t.Context(), h.tenant, c.ID, q); err != nil {
		t.Fatal(err)
	}
	err := h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.cards.Load(ctx, tx, h.tenant, h.by, c.ID, eur(250))
		return err
	})
	if err != nil || h.get(c.ID).Balance != 50 {
		t.Fatalf("%d %v", h.get(c.ID).Balance, err)
	}
	for id, x := range map[string]struct {
		minor int64
		code  string
	}{"more": {51, "insufficient_funds"}, "all": {50, "ok"}} {
		v, err := h.cards.Authorize(t.Context(), h.tenant, c.ID, cards.Swipe{NetworkID: id, Amount: eur(x.minor), Merchant: cardtest.Shop})
		if err != nil || v.Code != x.code {
			t.Errorf("%s: %+v %v", id, v, err)
		}
	}
	h.balanced()
}

// TestCredit books money that came back for nothing, once.
func TestCredit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.card(100)
	before := h.wallet()
	for range 2 {
		x, err := h.cards.Credit(t.Context(), h.tenant, c.ID, "credit", eur(70), cardtest.Shop, cards.Actor{})
		if err != nil || x.Type != cards.Credited || x.Amount != eur(70) || x.Authorization != uuid.Nil {
			t.Fatalf("%+v %v", x, err)
		}
	}
	if got := h.wallet() - before; got != 70 || h.get(c.ID).Balance != 100 {
		t.Errorf("the wallet got %d", got)
	}
	if _, err := h.cards.ForcePost(t.Context(), h.tenant, c.ID, cards.Swipe{NetworkID: "credit", Amount: eur(1), Merchant: cardtest.Shop}); fault.From(err).Code != "network_id_conflict" {
		t.Error(err)
	}
	_, err := h.cards.Credit(t.Context(), h.tenant, ident.New(), "x", eur(1), cardtest.Shop, cards.Actor{})
	wantCode(t, err, "not_found")
	h.balanced()
}
