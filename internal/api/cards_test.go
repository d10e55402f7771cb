package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cardholder is a firm with an agent, a policy in eur, and eyes on its books.
type cardholder struct {
	*firm
	agent string
	card  string
}

func newCardholder(t *testing.T) *cardholder {
	t.Helper()
	f := newWorld(t).newFirm("a@example.com")
	h := &cardholder{firm: f, agent: f.agent("procurement-bot")}
	f.policy(rule{"type": "transaction_limit", "amount": 100, "currency": "eur"}, rule{"type": "approval_threshold", "amount": 50, "currency": "eur"},
		rule{"type": "limit", "period": "month", "amount": 500, "currency": "eur"})
	return h
}

// books is the wallet, the card's balance and what it holds, and what the
// month's limit has left, reserved and spent.
func (h *cardholder) books() string {
	h.t.Helper()
	wallet := "none"
	for _, row := range h.read.want(200, "", "GET", "/v1/wallets", nil).at("data").([]any) {
		if w := row.(map[string]any); w["currency"] == "eur" && w["agent"] == nil {
			wallet = fmt.Sprint(w["balance"])
		}
	}
	trial := h.read.want(200, "", "GET", "/v1/ledger/trial-balance", nil)
	if trial.text("balanced") != "true" {
		h.t.Errorf("the books do not balance: %s", trial.body)
	}
	card := h.read.want(200, "", "GET", "/v1/cards/"+h.card, nil)
	limit := func(name string) string {
		return h.read.want(200, "", "GET", "/v1/budget/procurement-bot", nil).text("budgets", 0, "limits", 0, name)
	}
	return fmt.Sprintf("wallet %s card %s held %s, limit %s left %s reserved %s spent", wallet, card.text("balance"), card.text("held"),
		limit("remaining"), limit("reserved"), limit("spent"))
}

func (h *cardholder) wantBooks(step, want string) {
	h.t.Helper()
	if got := h.books(); got != want {
		h.t.Errorf("after %s:\n got %s\nwant %s", step, got, want)
	}
}

func (h *cardholder) swipe(amount float64, more ...any) answer {
	h.t.Helper()
	body := swipe(amount)
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return h.spend.want(200, "", "POST", "/v1/sandbox/cards/"+h.card+"/authorize", body)
}

func (h *cardholder) network(status int, code, what, authorization string, more ...any) answer {
	h.t.Helper()
	body := map[string]any{"authorization": authorization}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return h.spend.want(status, code, "POST", "/v1/sandbox/cards/"+h.card+"/"+what, body)
}

// TestCardOfTheDocument makes the card of the document's curl, word for word,
// with the content type that curl sends by itself, and uses it up.
func TestCardOfTheDocument(t *testing.T) {
	t.Parallel()
	h := newCardholder(t)
	curl := h.with("Authorization", "Bearer "+h.admin.header["X-API-Key"], "Content-Type", "application/x-www-form-urlencoded")
	made := curl.want(201, "", "POST", "/v1/cards", `{"amount":200,"currency":"eur","agent":"procurement-bot"}`)
	h.card = made.text("id")
	pan := made.text("pan")
	if !strings.HasPrefix(h.card, "card_eur_") || made.text("last4") != pan[len(pan)-4:] || made.text("balance") != "200.00" || made.text("currency") != "eur" ||
		made.text("status") != "active" || made.text("agent") != h.agent || len(made.text("cvv")) != 3 || made.text("exp_year") == "" || !luhn(pan) {
		t.Fatalf("%s", made.body)
	}
	h.wantBooks("the card is made", "wallet 9800.00 card 200.00 held 0.00, limit 500.00 left 0.00 reserved 0.00 spent")

	shown := curl.want(200, "", "POST", "/v1/cards/"+h.card+"/reveal", `{"reason":"a shop without an API"}`)
	if shown.text("pan") != pan || shown.text("cvv") != made.text("cvv") || shown.text("exp_month") != made.text("exp_month") || shown.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", shown.body, shown.header)
	}
	bought := h.swipe(40, "cvv", shown.text("cvv"), "exp_month", shown.at("exp_month"), "exp_year", shown.at("exp_year"))
	if bought.text("approved") != "true" || bought.text("code") != "ok" || bought.text("network_code") != "00" || bought.text("authorization", "status") != "pending" ||
		bought.text("authorization", "rail") != "card" || bought.text("authorization", "captured_amount") != "0.00" {
		t.Errorf("%s", bought.body)
	}
	h.wantBooks("a swipe", "wallet 9800.00 card 160.00 held 40.00, limit 460.00 left 40.00 reserved 0.00 spent")

	above := h.swipe(120)
	if above.text("approved") != "false" || above.text("code") != "transaction_limit" || above.text("network_code") != "61" || above.text("reason") == "" ||
		above.text("authorization", "status") != "denied" {
		t.Errorf("%s", above.body)
	}
	h.wantBooks("a swipe above the limit", "wallet 9800.00 card 160.00 held 40.00, limit 460.00 left 40.00 reserved 0.00 spent")

	held := h.swipe(80)
	if held.text("approved") != "false" || held.text("code") != "approval_required" || held.text("network_code") != "01" || held.text("authorization", "status") != "held" {
		t.Fatalf("%s", held.body)
	}
	h.wantBooks("a swipe that waits", "wallet 9800.00 card 160.00 held 40.00, limit 380.00 left 120.00 reserved 0.00 spent")
	h.approvals.want(200, "", "POST", "/v1/approvals/"+held.text("authorization", "approval", "id")+"/approve", map[string]any{"comment": "go on"})
	retried := h.swipe(80)
	second := retried.text("authorization", "id")
	if retried.text("approved") != "true" || second != held.text("authorization", "id") {
		t.Fatalf("%s", retried.body)
	}
	h.wantBooks("the retry", "wallet 9800.00 card 80.00 held 120.00, limit 380.00 left 120.00 reserved 0.00 spent")
	if again := h.swipe(80); again.text("code") != "approval_required" {
		t.Errorf("an approval was used twice: %s", again.body)
	}
	h.approvals.want(200, "", "POST", "/v1/approvals/"+h.read.want(200, "", "GET", "/v1/approvals", nil).text("data", 0, "id")+"/deny", nil)

	captured := h.network(200, "", "capture", second)
	if captured.text("type") != "capture" || captured.text("amount") != "80.00" || captured.text("authorization") != second || captured.text("ledger_transaction") == "" {
		t.Errorf("%s", captured.body)
	}
	h.wantBooks("the capture", "wallet 9800.00 card 80.00 held 40.00, limit 380.00 left 40.00 reserved 80.00 spent")
	h.network(200, "", "refund", second, "amount", 15.5)
	h.wantBooks("the refund", "wallet 9800.00 card 95.50 held 40.00, limit 395.50 left 40.00 reserved 64.50 spent")
	settled := h.read.want(200, "", "GET", "/v1/authorize/"+second, nil)
	if settled.text("status") != "confirmed" || settled.text("captured_amount") != "80.00" || settled.text("refunded_amount") != "15.50" {
		t.Errorf("%s", settled.body)
	}
	canceled := curl.want(200, "", "POST", "/v1/cards/"+h.card+"/cancel", nil)
	if canceled.text("status") != "canceled" || canceled.text("canceled_at") == "" {
		t.Errorf("%s", canceled.body)
	}
	h.wantBooks("the cancel", "wallet 9895.50 card 0.00 held 40.00, limit 395.50 left 40.00 reserved 64.50 spent")
	h.network(200, "", "reverse", bought.text("authorization", "id"))
	h.wantBooks("the last reversal", "wallet 9935.50 card 0.00 held 0.00, limit 435.50 left 0.00 reserved 64.50 spent")

	var types []string
	for _, row := range h.read.want(200, "", "GET", "/v1/cards/"+h.card+"/transactions", nil).at("data").([]any) {
		types = append(types, fmt.Sprint(row.(map[string]any)["type"]))
	}
	slices.Reverse(types)
	if got := strings.Join(types, " "); got != "authorization decline decline authorization decline capture refund reversal" {
		t.Errorf("%s", got)
	}
}

func luhn(pan string) bool {
	sum := 0
	for i := range len(pan) {
		d := int(pan[len(pan)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(pan) == 16 && sum%10 == 0
}

// TestCardRefusals are what bad input gets; nothing is moved by any of it.
func TestCardRefusals(t *testing.T) {
	t.Parallel()
	h := newCardholder(t)
	body := func(more ...any) map[string]any {
		out := map[string]any{"amount": 200, "currency": "eur", "agent": "procurement-bot"}
		for i := 0; i < len(more); i += 2 {
			if out[more[i].(string)] = more[i+1]; more[i+1] == nil {
				delete(out, more[i].(string))
			}
		}
		return out
	}
	h.card = h.admin.want(201, "", "POST", "/v1/cards", body()).text("id")
	before := h.books()
	for _, c := range []struct {
		status int
		code   string
		body   map[string]any
	}{
		{409, "insufficient_funds", body("amount", 9800.01)}, {422, "no_wallet", body("currency", "jpy")}, {422, "currency_unknown", body("currency", "eux")},
		{422, "", body("amount", 0)}, {422, "", body("amount", -5)}, {422, "amount_too_precise", body("amount", 1.234)}, {404, "not_found", body("agent", "nobody")},
		{422, "field_required", body("agent", nil)}, {422, "field_required", body("amount", nil)}, {422, "field_required", body("currency", nil)},
		{422, "invalid_controls", body("controls", []rule{{"type": "expression", "when": "true"}})}, {422, "", body("controls", "none")},
		{422, "invalid_controls", body("controls", []rule{{"type": "transaction_limit", "amount": 5, "currency": "usd"}})},
		{422, "unknown_field", body("limit", 5)}, {422, "", body("wallet", "mine")}, {422, "no_wallet", body("wallet", "agent")},
	} {
		h.admin.want(c.status, c.code, "POST", "/v1/cards", c.body)
	}
	h.admin.with("X-Agent-Id", h.firm.agent("other")).want(422, "agent_mismatch", "POST", "/v1/cards", body())
	h.live.want(409, "provider_not_connected", "POST", "/v1/cards", body())
	h.live.want(409, "provider_not_connected", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": 5, "currency": "eur"})
	if got := h.books(); got != before {
		t.Errorf("something moved: %s, then %s", before, got)
	}
}

// TestCardStates freezes, loads, changes and ends a card.
func TestCardStates(t *testing.T) {
	t.Parallel()
	h := newCardholder(t)
	made := h.admin.want(201, "", "POST", "/v1/cards", map[string]any{"amount": 100, "currency": "EUR", "agent": h.agent, "name": "GPU hours", "single_use": false,
		"controls": []rule{{"type": "mcc", "mode": "allow", "values": []string{"7372"}}, {"type": "transaction_limit", "amount": 30}}, "metadata": map[string]string{"po": "1"}})
	h.card = made.text("id")
	if made.text("name") != "GPU hours" || made.text("controls", 0, "type") != "mcc" || made.text("controls", 1, "currency") != "eur" || made.text("metadata", "po") != "1" || made.text("wallet") != "company" {
		t.Errorf("%s", made.body)
	}
	if got := h.swipe(10); got.text("approved") != "false" || got.text("network_code") != "57" {
		t.Errorf("%s", got.body)
	}
	fits := map[string]any{"name": "Shop", "mcc": "7372"}
	if got := h.swipe(31, "merchant", fits); got.text("code") != "transaction_limit" {
		t.Errorf("%s", got.body)
	}
	path := "/v1/cards/" + h.card
	if got := h.admin.want(200, "", "PATCH", path, map[string]any{"name": "More", "controls": []rule{}, "metadata": map[string]string{"po": "", "x": "y"}}); got.text("name") != "More" ||
		got.size("controls") != 0 || got.text("metadata", "x") != "y" || got.text("metadata", "po") != "" || strings.Contains(string(got.body), made.text("pan")) {
		t.Errorf("%s", got.body)
	}
	if got := h.admin.want(200, "", "POST", path+"/load", map[string]any{"amount": "20.50"}); got.text("balance") != "120.50" {
		t.Errorf("%s", got.body)
	}
	h.admin.want(409, "insufficient_funds", "POST", path+"/load", map[string]any{"amount": 100_000})
	h.admin.want(422, "amount_too_precise", "POST", path+"/load", map[string]any{"amount": 1.234})
	if got := h.admin.want(200, "", "POST", path+"/freeze", nil); got.text("status") != "frozen" || got.text("frozen_at") == "" {
		t.Errorf("%s", got.body)
	}
	h.admin.want(200, "", "POST", path+"/freeze", nil)
	h.admin.want(409, "card_frozen", "POST", path+"/load", map[string]any{"amount": 1})
	if got := h.swipe(1); got.text("code") != "card_frozen" || got.text("network_code") != "62" {
		t.Errorf("%s", got.body)
	}
	h.admin.want(200, "", "POST", path+"/unfreeze", nil)
	if got := h.swipe(121); got.text("approved") != "false" {
		t.Errorf("%s", got.body)
	}
	h.admin.want(200, "", "POST", "/v1/agents/procurement-bot/freeze", nil)
	h.admin.want(409, "agent_frozen", "POST", "/v1/cards", map[string]any{"amount": 1, "currency": "eur", "agent": "procurement-bot"})
	if got := h.swipe(1); got.text("code") != "agent_frozen" {
		t.Errorf("%s", got.body)
	}
	h.admin.want(200, "", "POST", "/v1/agents/procurement-bot/unfreeze", nil)
	if got := h.admin.want(200, "", "DELETE", path, nil); got.text("status") != "canceled" || got.text("balance") != "0.00" {
		t.Errorf("%s", got.body)
	}
	for _, again := range []string{"DELETE ", "POST /cancel", "POST /freeze", "POST /unfreeze"} {
		method, what, _ := strings.Cut(again, " ")
		h.admin.want(409, "card_canceled", method, path+what, nil)
	}
	h.admin.want(409, "card_canceled", "POST", path+"/load", map[string]any{"amount": 1})
	h.admin.want(409, "card_canceled", "POST", path+"/reveal", map[string]any{"reason": "x"})
	if got := h.swipe(1); got.text("code") != "card_canceled" || got.text("network_code") != "78" {
		t.Errorf("%s", got.body)
	}
	h.wantBooks("all that", "wallet 10000.00 card 0.00 held 0.00, limit 500.00 left 0.00 reserved 0.00 spent")
	if l := h.read.want(200, "", "GET", "/v1/cards?status=canceled&currency=EUR&agent=procurement-bot", nil); l.size("data") != 1 || l.text("data", 0, "id") != h.card {
		t.Errorf("%s", l.body)
	}
	if l := h.read.want(200, "", "GET", "/v1/cards?status=active", nil); l.size("data") != 0 {
		t.Errorf("%s", l.body)
	}
	h.read.want(404, "not_found", "GET", strings.Replace(path, "card_eur_", "card_usd_", 1), nil)
}

// TestCardPostings are what a network says that cannot be, and what it says twice.
func TestCardPostings(t *testing.T) {
	t.Parallel()
	h := newCardholder(t)
	h.card = h.admin.want(201, "", "POST", "/v1/cards", map[string]any{"amount": 200, "currency": "eur", "agent": h.agent}).text("id")
	other := h.admin.want(201, "", "POST", "/v1/cards", map[string]any{"amount": 5, "currency": "eur", "agent": h.agent}).text("id")
	id := h.swipe(40).text("authorization", "id")
	h.spend.want(404, "not_found", "POST", "/v1/sandbox/cards/"+other+"/capture", map[string]any{"authorization": id})
	h.network(404, "not_found", "capture", "auth_nonsense")
	h.network(422, "amount_too_precise", "capture", id, "amount", 1.234)
	h.network(409, "reversal_above_hold", "reverse", id, "amount", 41)
	h.network(409, "authorization_pending", "refund", id, "amount", 1)
	h.spend.want(409, "network_settles", "POST", "/v1/authorize/"+id+"/confirm", nil)
	h.spend.want(409, "network_settles", "POST", "/v1/authorize/"+id+"/void", nil)
	once := h.network(200, "", "capture", id, "amount", 10, "network_id", "c1")
	if again := h.network(200, "", "capture", id, "amount", 10, "network_id", "c1"); again.text("id") != once.text("id") {
		t.Errorf("%s\n%s", once.body, again.body)
	}
	h.network(409, "network_id_conflict", "refund", id, "network_id", "c1")
	h.wantBooks("a capture twice", "wallet 9795.00 card 160.00 held 30.00, limit 460.00 left 30.00 reserved 10.00 spent")
	h.network(200, "", "capture", id, "amount", 5, "final", true)
	h.wantBooks("the last capture", "wallet 9795.00 card 185.00 held 0.00, limit 485.00 left 0.00 reserved 15.00 spent")
	h.network(409, "refund_above_capture", "refund", id, "amount", 15.01)
	disputed := h.network(200, "", "dispute", id, "amount", 6)
	h.network(409, "dispute_open", "dispute", id)
	if disputed.text("type") != "dispute_opened" || disputed.text("amount") != "6.00" {
		t.Errorf("%s", disputed.body)
	}
	if won := h.network(200, "", "dispute/close", id, "won", true); won.text("type") != "dispute_won" {
		t.Errorf("%s", won.body)
	}
	h.network(409, "dispute_not_open", "dispute/close", id, "won", false)
	h.wantBooks("a dispute", "wallet 9795.00 card 191.00 held 0.00, limit 491.00 left 0.00 reserved 9.00 spent")

	gone := h.swipe(20).text("authorization", "id")
	h.network(200, "", "reverse", gone)
	h.network(409, "authorization_voided", "capture", gone)
	h.network(409, "authorization_voided", "reverse", gone)
	late := h.swipe(20).text("authorization", "id")
	h.network(200, "", "expire", late)
	if x := h.network(200, "", "capture", late); x.text("type") != "force_post" && x.text("follows") != late {
		t.Errorf("%s", x.body)
	}
	forced := h.spend.want(200, "", "POST", "/v1/sandbox/cards/"+h.card+"/force-post", swipe(600))
	if forced.text("type") != "force_post" || forced.text("authorization") == "" {
		t.Errorf("%s", forced.body)
	}
	h.wantBooks("a forced posting", "wallet 9795.00 card -429.00 held 0.00, limit -129.00 left 0.00 reserved 629.00 spent")
	if got := h.swipe(1); got.text("approved") != "false" || got.text("code") != "limit_exceeded" {
		t.Errorf("%s", got.body)
	}
}

// TestCardsOnce repeats what has an Idempotency-Key.
func TestCardsOnce(t *testing.T) {
	t.Parallel()
	h := newCardholder(t)
	once, asks := h.admin.with("Idempotency-Key", "one"), h.spend.with("Idempotency-Key", "two")
	body := map[string]any{"amount": 200, "currency": "eur", "agent": "procurement-bot"}
	first, again := once.want(201, "", "POST", "/v1/cards", body), once.want(201, "", "POST", "/v1/cards", body)
	if again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != first.text("id") || again.text("last4") != first.text("last4") ||
		again.text("pan")+again.text("cvv")+again.text("exp_month")+again.text("exp_year") != "" {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	h.card = first.text("id")
	reveal := h.admin.with("Idempotency-Key", "three")
	shown := reveal.want(200, "", "POST", "/v1/cards/"+h.card+"/reveal", map[string]any{"reason": "x"})
	if replay := reveal.want(200, "", "POST", "/v1/cards/"+h.card+"/reveal", map[string]any{"reason": "x"}); shown.text("pan") == "" || replay.text("pan") != "" || replay.text("last4") == "" {
		t.Errorf("%s", replay.body)
	}
	path := "/v1/sandbox/cards/" + h.card + "/authorize"
	swiped, repeated := asks.want(200, "", "POST", path, swipe(40)), asks.want(200, "", "POST", path, swipe(40))
	if string(swiped.body) != string(repeated.body) || repeated.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s\n%s", swiped.body, repeated.body)
	}
	asks.want(422, "idempotency_conflict", "POST", path, swipe(41))
	named := swipe(7)
	named["network_id"] = "n1"
	one, two := h.spend.want(200, "", "POST", path, named), h.spend.want(200, "", "POST", path, named)
	if one.text("authorization", "id") != two.text("authorization", "id") {
		t.Errorf("%s\n%s", one.body, two.body)
	}
	h.wantBooks("the repeats", "wallet 9800.00 card 153.00 held 47.00, limit 453.00 left 47.00 reserved 0.00 spent")
}

// TestWhoSeesACard shows numbers to those who may, a few times.
func TestWhoSeesACard(t *testing.T) {
	t.Parallel()
	h := newCardholder(t)
	body := map[string]any{"amount": 5, "currency": "eur", "agent": "procurement-bot"}
	h.card = h.admin.want(201, "", "POST", "/v1/cards", body).text("id")
	h.firm.agent("other")
	bound := func(agent string, scopes ...string) client {
		return h.with("X-API-Key", h.owner.want(201, "", "POST", "/v1/agents/"+agent+"/credentials", map[string]any{"name": "k", "scopes": scopes}).text("key"))
	}
	own, stranger := bound("procurement-bot", "spend"), bound("other", "spend")
	path, why := "/v1/cards/"+h.card, map[string]any{"reason": "to pay"}
	own.want(200, "", "GET", path, nil)
	own.want(200, "", "GET", path+"/transactions", nil)
	if l := own.want(200, "", "GET", "/v1/cards", nil); l.size("data") != 1 {
		t.Errorf("%s", l.body)
	}
	if l := stranger.want(200, "", "GET", "/v1/cards", nil); l.size("data") != 0 {
		t.Errorf("%s", l.body)
	}
	stranger.want(404, "not_found", "GET", path, nil)
	stranger.want(404, "not_found", "POST", path+"/reveal", why)
	stranger.want(404, "not_found", "POST", "/v1/sandbox/cards/"+h.card+"/authorize", swipe(1))
	h.admin.with("X-Agent-Id", "other").want(404, "not_found", "GET", path, nil)
	for _, c := range []client{h.read, h.settle, h.approvals} {
		c.want(403, "scope_missing", "POST", path+"/reveal", why)
		c.want(403, "scope_missing", "POST", "/v1/cards", body)
	}
	own.want(403, "scope_missing", "POST", "/v1/cards", body)
	own.want(403, "scope_missing", "POST", path+"/cancel", nil)
	h.spend.want(403, "reveal_not_allowed", "POST", path+"/reveal", why)
	h.admin.want(422, "field_required", "POST", path+"/reveal", map[string]any{})
	h.admin.want(422, "", "POST", path+"/reveal", map[string]any{"reason": "  "})
	pan := own.want(200, "", "POST", path+"/reveal", why).text("pan")
	for range 4 {
		h.admin.want(200, "", "POST", path+"/reveal", why)
	}
	if limited := h.admin.want(429, "reveal_limited", "POST", path+"/reveal", why); limited.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	log := h.read.want(200, "", "GET", "/v1/audit?type=card.revealed", nil)
	if log.size("data") != 5 || !strings.Contains(string(log.body), "to pay") || strings.Contains(string(log.body), pan) || strings.Contains(h.logs.String(), pan) {
		t.Errorf("%s", log.body)
	}
}
