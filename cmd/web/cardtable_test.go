package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
)

// table plays one story of cardtest: what ISO 8583 has a message for comes from
// the acquirer, the rest from the sandbox's own door.
type table struct {
	issuer
	peer *peer
	as   []string // headers that name the story's company
	// named are the acquirer's traces by the story's ids, of the authorizations,
	// and open what is still held for each that was approved, in cents.
	named, of map[string]string
	open      map[string]int64
	began     int64
}

// TestCardNetworkPlaysTheTable has the acquirer drive the table of decisions,
// captures, reversals and refunds that the sandbox and Stripe are held to.
func TestCardNetworkPlaysTheTable(t *testing.T) {
	t.Parallel()
	network := "127.0.0.1:" + freePort(t)
	server := start(t, "SIGNING_ALG=ES256", "CARD_NETWORK_ADDR="+network)
	owner := signUp(t, server.url)
	p := newPeer(t, "-addr", network, "-timeout", "10s")
	for _, s := range cardtest.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			p.t, owner.t = t, t
			w := newTable(t, owner, p, s)
			for n, step := range s.Steps {
				at := fmt.Sprint(n, " ", step.Do, " ", step.ID)
				if got := w.play(step); got != step.Code {
					t.Errorf("%s: %s, want %s", at, got, step.Code)
				}
				w.stands(at, step.Want)
			}
		})
	}
}

func newTable(t *testing.T, owner caller, p *peer, s cardtest.Scenario) *table {
	t.Helper()
	w := &table{issuer: issuer{t: t, owner: owner, key: owner}, peer: p, named: map[string]string{}, of: map[string]string{}, open: map[string]int64{}}
	w.as = []string{"X-Mode", "test", "X-Company-Id", owner.must("POST", "/v1/companies", `{"name":"Story","currency":"eur"}`).field(t, "id")}
	made, err := owner.try("POST", "/v1/api-keys", `{"name":"k","mode":"test","scopes":["admin","spend"]}`, w.as...)
	if err != nil || made.status != 201 {
		t.Fatal(err, string(made.body))
	}
	w.key.header = [2]string{"X-API-Key", made.field(t, "key")}
	w.key.must("POST", "/v1/agents", `{"handle":"bot","name":"Bot"}`)
	w.key.must("POST", "/v1/policies", `{"name":"P","rules":`+cardtest.Rules+`}`)
	w.began = w.wallet()
	controls := s.Controls
	if controls == "" {
		controls = "[]"
	}
	body := fmt.Sprintf(`{"amount":"%d.%02d","currency":"eur","agent":"bot","single_use":%t,"controls":%s}`, s.Load/100, s.Load%100, s.SingleUse, controls)
	w.read("POST", "/v1/cards", body, &w.card)
	return w
}

// read asks with the key and takes the answer apart.
func (w *table) read(method, path, body string, into any) {
	w.t.Helper()
	if err := json.Unmarshal(w.key.must(method, path, body).body, into); err != nil {
		w.t.Fatal(err)
	}
}

// play does a step, and gives the code that it is answered with.
func (w *table) play(s cardtest.Step) string {
	if trace := w.named[s.ID]; trace != "" {
		return code(w.peer.do(map[string]any{"do": "repeat", "about": trace}))
	}
	switch s.Do {
	case cardtest.Swipe:
		return w.swipe(s)
	case cardtest.Capture, cardtest.Reverse, cardtest.Refund:
		if w.named[s.Of] != "" {
			return w.post(s)
		}
	case cardtest.Approve, cardtest.Deny:
		return w.decide(s)
	case cardtest.Freeze, cardtest.Unfreeze, cardtest.Cancel:
		return w.other("/v1/cards/"+w.id()+"/"+string(s.Do), "")
	}
	return w.sandbox(s)
}

func code(a told) string {
	if a.Code == "00" {
		return "ok"
	}
	return a.Why
}

func (w *table) id() string { return fmt.Sprint(w.card["id"]) }

func (w *table) swipe(s cardtest.Step) string {
	at := s.At
	if at == (policy.Merchant{}) {
		at = cardtest.Shop
	}
	sale := map[string]any{"do": "authorize", "pan": w.card["pan"], "cvv": w.card["cvv"], "currency": "eur", "amount": s.Minor,
		"expiry": fmt.Sprintf("%02.0f%02.0f", w.card["exp_year"].(float64)-2000, w.card["exp_month"]), "merchant": at.Name, "mcc": at.MCC, "country": at.Country}
	if s.WrongCVV {
		sale["cvv"] = "abc"
	}
	if s.WrongExpiry {
		sale["expiry"] = "4901"
	}
	got := w.peer.do(sale)
	var list struct {
		Data []struct{ Authorization string }
	}
	w.read("GET", "/v1/cards/"+w.id()+"/transactions?limit=1", "", &list)
	w.named[s.ID], w.of[s.ID] = got.Trace, list.Data[0].Authorization
	if got.Code == "00" {
		w.open[s.ID] = s.Minor
	}
	return code(got)
}

// post has the acquirer tell what became of a swipe. No network says that more
// is given back than was held (field 95 cannot), or that what was declined is
// captured, which would be a posting by force: then nothing may change.
func (w *table) post(s cardtest.Step) string {
	tell, amount := map[string]any{"do": string(s.Do), "about": w.named[s.Of]}, s.Minor
	if amount == 0 {
		amount = w.open[s.Of]
	}
	left, approved := w.open[s.Of]
	switch {
	case !approved, s.Do == cardtest.Reverse && amount > left:
		return s.Code
	case s.Do == cardtest.Reverse && s.Minor != 0:
		tell["kept"] = left - amount
	case s.Do == cardtest.Refund && s.Minor == 0:
		return w.sandbox(s)
	case s.Do != cardtest.Reverse:
		tell["amount"], tell["more"] = amount, s.Do == cardtest.Capture && !s.Final
	}
	got := w.peer.do(tell)
	w.named[s.ID] = got.Trace
	if got.Code == "00" && s.Do != cardtest.Refund {
		w.open[s.Of] -= amount
	}
	return code(got)
}

// sandbox plays what ISO 8583 has no message for.
func (w *table) sandbox(s cardtest.Step) string {
	body := map[string]any{"network_id": s.ID}
	if s.Minor != 0 {
		body["amount"] = json.Number(fmt.Sprintf("%d.%02d", s.Minor/100, s.Minor%100))
	}
	door := map[cardtest.Action]string{cardtest.Force: "force-post", cardtest.DisputeWon: "dispute/close", cardtest.DisputeLost: "dispute/close"}[s.Do]
	if door == "" {
		door = string(s.Do)
	}
	switch s.Do {
	case cardtest.Force:
		body["merchant"] = map[string]any{"name": cardtest.Shop.Name}
	case cardtest.DisputeWon, cardtest.DisputeLost:
		body["won"] = s.Do == cardtest.DisputeWon
		delete(body, "amount")
		fallthrough
	default:
		body["authorization"] = w.of[s.Of]
	}
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.key.try("POST", "/v1/sandbox/cards/"+w.id()+"/"+door, string(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if s.Do == cardtest.Force && a.status == 200 {
		w.of[s.ID] = a.field(w.t, "authorization")
	}
	return answeredCode(w.t, a)
}

func answeredCode(t *testing.T, a answered) string {
	if a.status < 300 {
		return "ok"
	}
	return a.field(t, "code")
}

// other is a call beside the network.
func (w *table) other(path, body string) string {
	a, err := w.key.try("POST", path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answeredCode(w.t, a)
}

func (w *table) decide(s cardtest.Step) string {
	var held struct{ Approval struct{ ID string } }
	w.read("GET", "/v1/authorize/"+w.of[s.Of], "", &held)
	a, err := w.owner.try("POST", "/v1/approvals/"+held.Approval.ID+"/"+string(s.Do), "{}", w.as...)
	if err != nil {
		w.t.Fatal(err)
	}
	return answeredCode(w.t, a)
}

// cents reads an amount with two decimals.
func cents(t *testing.T, n json.Number) (out int64) {
	if _, err := fmt.Sscan(strings.Replace(n.String(), ".", "", 1), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *table) wallet() int64 {
	w.t.Helper()
	var list struct {
		Data []struct {
			Currency string
			Balance  json.Number
		}
	}
	w.read("GET", "/v1/wallets", "", &list)
	for _, x := range list.Data {
		if x.Currency == "eur" {
			return cents(w.t, x.Balance)
		}
	}
	return 0
}

// now is how everything stands, in the words of the table.
func (w *table) now() (out cardtest.Want) {
	w.t.Helper()
	var card struct {
		Status        string
		Balance, Held json.Number
	}
	w.read("GET", "/v1/cards/"+w.id(), "", &card)
	var budget struct {
		Budgets []struct {
			Limits []struct{ Spent, Reserved json.Number }
		}
	}
	w.read("GET", "/v1/budget/bot", "", &budget)
	limit := budget.Budgets[0].Limits[0]
	out = cardtest.Want{Balance: cents(w.t, card.Balance), Held: cents(w.t, card.Held), Wallet: w.began - w.wallet(),
		Spent: cents(w.t, limit.Spent), Reserved: cents(w.t, limit.Reserved)}
	if card.Status != "active" {
		out.Status = card.Status
	}
	return out
}

// stands waits for what the sweep does a moment later.
func (w *table) stands(at string, want cardtest.Want) {
	w.t.Helper()
	want.Code = ""
	got := w.now()
	for deadline := time.Now().Add(10 * time.Second); got != want && time.Now().Before(deadline); got = w.now() {
		time.Sleep(50 * time.Millisecond)
	}
	if got != want {
		w.t.Errorf("%s: %+v, want %+v", at, got, want)
	}
	if trial := string(w.key.must("GET", "/v1/ledger/trial-balance", "").body); !strings.Contains(trial, `"balanced":true`) {
		w.t.Errorf("%s: the books do not balance: %s", at, trial)
	}
}
