package stripe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

// stands compares a card with what it must have.
func (w *world) stands(c cards.Card, balance, held int64) {
	w.t.Helper()
	if got := w.get(c.ID); got.Balance != balance || got.Held != held {
		w.t.Errorf("the card has %d and %d held, want %d and %d", got.Balance, got.Held, balance, held)
	}
}

type resent struct {
	Status     int
	Approved   bool
	Code, Body string
}

func (w *world) send(in object) (out resent) {
	w.t.Helper()
	w.tell("/_/send", in, &out)
	return out
}

func generous(t *testing.T) (*world, cards.Card) {
	t.Helper()
	w := newWorld(t)
	w.policy(`[{"type":"limit","period":"month","amount":10000,"currency":"eur"}]`)
	return w, w.card(20000)
}

func TestWebhooksThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000, Silent: true})
	body := func(change func(object)) string {
		e := object{"id": "evt_x", "object": "event", "type": "issuing_authorization.request", "livemode": false, "data": object{"object": object{}}}
		change(e)
		text, err := json.Marshal(e)
		w.must(err)
		return string(text)
	}
	for name, in := range map[string]struct {
		send object
		want string
	}{
		"another secret":  {object{"Of": "a", "Secret": "whsec_other"}, "webhook_signature"},
		"yesterday":       {object{"Of": "a", "Age": 24 * 3600}, "webhook_too_old"},
		"six minutes ago": {object{"Of": "a", "Age": 360}, "webhook_too_old"},
		"another account": {object{"Body": body(func(e object) { e["account"] = "acct_other" })}, "webhook_account"},
		"the other mode":  {object{"Body": body(func(e object) { e["livemode"] = true })}, "webhook_mode"},
		"no event":        {object{"Body": `{"object":"charge"}`}, "webhook_unreadable"},
		"no JSON":         {object{"Body": `hello`}, "webhook_unreadable"},
		"no id":           {object{"Body": body(func(e object) { e["id"] = "" })}, "webhook_unreadable"},
	} {
		if out := w.send(in.send); out.Status != http.StatusBadRequest || strings.TrimSpace(out.Body) != in.want {
			t.Errorf("%s: %d %s", name, out.Status, out.Body)
		}
	}
	w.stands(c, 20000, 0)
	for _, path := range []string{ident.Format(ident.Connection, ident.New()), "conn_nonsense", ident.Format(ident.Webhook, ident.New())} {
		r, err := http.Post(w.door.URL+"/v1/stripe/"+path+"/webhook", "application/json", strings.NewReader("{}"))
		w.must(err)
		if r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	// What is signed and cannot be read declines: anything else lets Stripe's own settings decide.
	if out := w.send(object{"Body": body(func(object) {})}); out.Status != 200 || out.Approved || out.Code != "malformed_request" {
		t.Errorf("%+v", out)
	}
	if out := w.send(object{"Of": "a", "Age": 200}); out.Status != 200 || !out.Approved {
		t.Errorf("three minutes ago: %+v", out)
	}
	w.stands(c, 15000, 5000)
}

func TestEventsTwiceAndInAnyOrder(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	for range 3 { // the same question, the same answer, the same effect
		if out := w.send(object{"Of": "a"}); !out.Approved || out.Code != "ok" {
			t.Errorf("%+v", out)
		}
	}
	w.stands(c, 15000, 5000)
	// Closed before the capture is told of by itself: the event carries it.
	w.play(deed{Do: "capture", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 4000, Final: true, Silent: true})
	for _, index := range []int{1, 0, 1, 0} {
		if out := w.send(object{"Of": "b", "Index": index}); out.Status != 200 {
			t.Errorf("%+v", out)
		}
		w.stands(c, 16000, 0)
	}
	// A reversal before the question: the question is declined, and nothing is held.
	w.play(deed{Do: "swipe", ID: "late", Card: c.ProviderRef, Minor: 3000, Silent: true, Own: true})
	if out := w.send(object{"Of": "late"}); out.Status != 200 {
		t.Errorf("%+v", out)
	}
	w.stands(c, 16000, 0)
	// At once, many times.
	out := make(chan resent, 20)
	w.play(deed{Do: "swipe", ID: "many", Card: c.ProviderRef, Minor: 1000, Silent: true})
	for range cap(out) {
		go func() {
			var got resent
			w.tell("/_/send", object{"Of": "many"}, &got)
			out <- got
		}()
	}
	for range cap(out) {
		if got := <-out; !got.Approved {
			t.Errorf("%+v", got)
		}
	}
	w.stands(c, 15000, 1000)
}

func TestDeclinedAfterWeApproved(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	// Our answer was lost on the way.
	if out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000, Drop: true}); out.Approved || out.Code != "ok" {
		t.Errorf("%+v", out)
	}
	w.stands(c, 20000, 0)
	if out := w.send(object{"Of": "a"}); out.Approved { // the question once more, when it is over
		t.Errorf("%+v", out)
	}
	w.stands(c, 20000, 0)
	// Stripe declined before it asked; the question comes after all.
	w.play(deed{Do: "swipe", ID: "b", Card: c.ProviderRef, Minor: 5000, Silent: true, Drop: true})
	if out := w.send(object{"Of": "b", "Index": 1}); out.Status != 200 {
		t.Errorf("%+v", out)
	}
	if out := w.send(object{"Of": "b", "Index": 0}); out.Approved || out.Code != "authorization_over" {
		t.Errorf("%+v", out)
	}
	w.stands(c, 20000, 0)
}

// TestTooLate has the gate answer after everybody has gone.
func TestTooLate(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	// Somebody holds the agent, as a slow change of it does.
	locked, free := make(chan struct{}), make(chan struct{})
	go func() {
		_ = w.owner.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT FROM agents WHERE company_id = $1 AND agent_id = $2 FOR UPDATE`, w.tenant.Company, w.agent)
			close(locked)
			<-free
			return err
		})
	}()
	<-locked
	began := time.Now()
	out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	if took := time.Since(began); out.Approved || out.Code != "decision_timeout" || took > 3*time.Second {
		t.Errorf("after %s: %+v", took, out)
	}
	close(free)
	for range 100 {
		w.must(w.stripe.SweepOnce(context.Background()))
		if got := w.get(c.ID); got.Balance == 20000 && got.Held == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(2 * time.Second) // for what the gate may still do
	w.must(w.stripe.SweepOnce(context.Background()))
	w.stands(c, 20000, 0)
}

func TestMoreOnTheSameAuthorization(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	event := func(kind, id string, about object) string {
		body, err := json.Marshal(object{"id": id, "object": "event", "type": kind, "livemode": false, "data": object{"object": about}})
		w.must(err)
		return string(body)
	}
	history := []any{object{"amount": 5000, "approved": true, "created": 1}}
	a := object{"id": out.Ref, "object": "issuing.authorization", "amount": 5000, "approved": true, "card": object{"id": c.ProviderRef}, "currency": "eur",
		"status": "pending", "transactions": []any{}, "request_history": history, "merchant_data": object{"name": "AWS", "category_code": "7372"},
		"pending_request": object{"amount": 3000, "currency": "eur"}}
	if got := w.send(object{"Body": event("issuing_authorization.request", "evt_more", a)}); !got.Approved {
		t.Errorf("%+v", got)
	}
	w.stands(c, 12000, 8000)
	// Stripe declines the second request only.
	a["pending_request"], a["request_history"] = nil, append(history, object{"amount": 3000, "approved": false, "created": 2, "reason": "webhook_timeout"})
	w.send(object{"Body": event("issuing_authorization.updated", "evt_declined", a)})
	w.stands(c, 15000, 5000)
	// And approves a third: one capture is for both.
	a["request_history"] = append(a["request_history"].([]any), object{"amount": 2000, "approved": true, "created": 3})
	a["pending_request"] = object{"amount": 2000, "currency": "eur"}
	a["request_history"] = a["request_history"].([]any)[:2]
	w.send(object{"Body": event("issuing_authorization.request", "evt_third", a)})
	w.stands(c, 13000, 7000)
	w.play(deed{Do: "capture", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 7500})
	w.stands(c, 12500, 0)
}

func TestMoneyThatBelongsToNothing(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	shop := object{"name": "Diner", "category_code": "5812", "country": "DE"}
	w.play(deed{Do: "force", ID: "a", Card: c.ProviderRef, Minor: 3000, Merchant: shop})
	w.stands(c, 17000, 0)
	before := w.wallet()
	// A refund without a link finds the purchase by its merchant, and goes to the wallet without one.
	w.play(deed{Do: "refund", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 1000, Merchant: shop, Unlinked: true})
	w.stands(c, 18000, 0)
	for range 2 {
		w.play(deed{Do: "refund", ID: "c", Card: c.ProviderRef, Minor: 700, Merchant: object{"name": "Somebody"}, Unlinked: true})
		w.stands(c, 18000, 0)
		if got := w.wallet(); got != before+700 {
			t.Errorf("the wallet has %d, want %d", got, before+700)
		}
	}
	// Cards that were not made here are none of ours.
	for _, kind := range []string{"swipe", "force"} {
		if out := w.play(deed{Do: kind, ID: "other " + kind, Card: "ic_other", Minor: 100}); out.Status != 200 || out.Approved {
			t.Errorf("%s: %+v", kind, out)
		}
	}
	w.balanced()
}

// balanced adds the books up.
func (w *world) balanced() {
	w.t.Helper()
	rows, err := ledger.New(w.pool).TrialBalance(context.Background(), w.tenant)
	w.must(err)
	sums := map[money.Currency]int64{}
	for _, r := range rows {
		sums[r.Debits.Currency] += r.Debits.Minor - r.Credits.Minor
	}
	for c, sum := range sums {
		if sum != 0 {
			w.t.Errorf("%s is out of balance by %d", c, sum)
		}
	}
}

func TestFunding(t *testing.T) {
	t.Parallel()
	w, _ := generous(t)
	before := w.wallet()
	topup := func(id, kind, status, destination string, minor int64) int {
		about := object{"id": id, "object": "topup", "amount": minor, "currency": "eur", "status": status, "livemode": false}
		if destination != "" {
			about["destination_balance"] = destination
		}
		body, err := json.Marshal(object{"id": "evt_" + id + kind, "object": "event", "type": kind, "livemode": false, "data": object{"object": about}})
		w.must(err)
		return w.send(object{"Body": string(body)}).Status
	}
	for _, step := range []struct {
		id, kind, destination string
		minor, want           int64
		status                int
	}{
		{"tu_1", "topup.succeeded", "", 50000, 50000, 200},
		{"tu_1", "topup.succeeded", "", 50000, 50000, 200},
		{"tu_2", "topup.reversed", "issuing", 7000, 50000, 200}, // before it came
		{"tu_2", "topup.succeeded", "issuing", 7000, 50000, 200},
		{"tu_3", "topup.succeeded", "payments", 900, 50000, 200},
		{"tu_4", "topup.succeeded", "", -5, 50000, 400},
		{"tu_1", "topup.reversed", "", 50000, 0, 200},
	} {
		if got := topup(step.id, step.kind, "", step.destination, step.minor); got != step.status || w.wallet() != before+step.want {
			t.Errorf("%+v: %d, and the wallet has %d more", step, got, w.wallet()-before)
		}
	}
	w.takesBack(topup)
	w.balanced()
}

// takesBack has Stripe take back a top-up that was spent: the wallet pays it with
// what comes in next, from Stripe or from elsewhere.
func (w *world) takesBack(topup func(id, kind, status, destination string, minor int64) int) {
	w.t.Helper()
	agent := ident.New()
	move := func(from, to uuid.UUID, minor int64) {
		w.t.Helper()
		w.must(w.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.Transfer(ctx, tx, w.tenant, audit.System(), ledger.Moving{Key: ident.New().String(), From: from, To: to, Amount: money.Of(minor, "eur")})
			return err
		}))
	}
	is := func(what string, status int, has int64) {
		w.t.Helper()
		if status != 200 || w.wallet() != has {
			w.t.Errorf("%s: %d, and the wallet has %d, want %d", what, status, w.wallet(), has)
		}
	}
	had := w.wallet()
	is("paid in", topup("tu_5", "topup.succeeded", "", "", 50000), had+50000)
	move(uuid.Nil, agent, w.wallet()-10000)
	for range 2 {
		is("taken back", topup("tu_5", "topup.reversed", "", "", 50000), 0)
	}
	is("paid in again", topup("tu_6", "topup.succeeded", "", "", 30000), 0)
	move(agent, uuid.Nil, 15000)
	w.must(w.stripe.SweepOnce(context.Background()))
	is("moved there", 200, 5000)
}

func TestChangedAtStripe(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	stale := func(id, status string) {
		t.Helper()
		body := fmt.Sprintf(`{"id":%q,"object":"event","type":"issuing_card.updated","livemode":false,"data":{"object":{"id":%q,"object":"issuing.card","status":%q}}}`, id, c.ProviderRef, status)
		if out := w.send(object{"Body": body}); out.Status != 200 {
			t.Errorf("%+v", out)
		}
	}
	stale("evt_1", "inactive") // an old event: the card is active there now
	if got := w.get(c.ID).Status; got != cards.Active {
		t.Errorf("%s", got)
	}
	for _, step := range []struct {
		there string
		here  cards.Status
	}{{"inactive", cards.Frozen}, {"active", cards.Frozen}, {"canceled", cards.Canceled}} {
		w.tell("/_/card", object{"ID": c.ProviderRef, "Status": step.there}, nil)
		stale("evt_"+step.there, step.there)
		if got := w.get(c.ID).Status; got != step.here {
			t.Errorf("%s there is %s here, want %s", step.there, got, step.here)
		}
	}
	w.stands(c, 0, 0)
}

// TestDisputeBeforeItsTransaction fetches what Stripe has not told of yet.
func TestDisputeBeforeItsTransaction(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	w.play(deed{Do: "capture", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 5000, Silent: true})
	w.play(deed{Do: "dispute", ID: "d", Of: "a", Card: c.ProviderRef})
	w.stands(c, 15000, 0)
	w.play(deed{Do: "dispute_won", ID: "e", Of: "a", Card: c.ProviderRef})
	w.stands(c, 20000, 0)
	if out := w.send(object{"Of": "b"}); out.Status != 200 {
		t.Errorf("%+v", out)
	}
	w.stands(c, 20000, 0)
}

func TestLooksAtACardForNothing(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	if out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef}); !out.Approved {
		t.Errorf("%+v", out)
	}
	w.write(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.cards.Freeze(ctx, tx, w.tenant, w.by, c.ID)
		return err
	})
	if out := w.play(deed{Do: "swipe", ID: "b", Card: c.ProviderRef}); out.Approved || out.Code != "card_frozen" {
		t.Errorf("%+v", out)
	}
	w.stands(c, 20000, 0)
}
