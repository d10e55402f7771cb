package api

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/ident"
)

func TestBooksOfTestMode(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	wallets := f.read.want(200, "", "GET", "/v1/wallets", nil)
	found := map[string]string{}
	for i := range 3 {
		found[wallets.text("data", i, "currency")] = numberAt(wallets, "data", i, "balance")
	}
	for _, c := range []string{"usd", "eur", "gbp"} {
		if found[c] != "10000.00" {
			t.Errorf("%s: %q in %s", c, found[c], wallets.body)
		}
	}
	before := time.Now().UTC()
	top := f.admin.want(201, "", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": "250.50", "currency": "EUR"})
	if numberAt(top, "balance") != "10250.50" || top.text("currency") != "eur" {
		t.Errorf("%s", top.body)
	}
	account := "/v1/ledger/accounts/" + top.text("wallet")
	if now := f.read.want(200, "", "GET", account, nil); numberAt(now, "balance") != "10250.50" || numberAt(now, "floor") != "0.00" {
		t.Errorf("%s", now.body)
	}
	if then := f.read.want(200, "", "GET", account+"?at="+before.Format(time.RFC3339Nano), nil); numberAt(then, "balance") != "10000.00" || then.text("at") == "" {
		t.Errorf("%s", then.body)
	}
	f.read.want(422, "", "GET", account+"?at=yesterday", nil)
	x := f.read.want(200, "", "GET", "/v1/ledger/transactions?kind=sandbox.topped_up&account="+top.text("wallet"), nil)
	if x.text("data", 0, "id") != top.text("transaction") || numberAt(x, "data", 0, "entries", 0, "amount") != "250.50" || strings.Contains(string(x.body), "sandbox.opened") {
		t.Errorf("%s", x.body)
	}
	trial := f.read.want(200, "", "GET", "/v1/ledger/trial-balance", nil)
	if !strings.Contains(string(trial.body), `"balanced":true`) || numberAt(trial, "currencies", 0, "debits") != "10250.50" || numberAt(trial, "currencies", 0, "balance") != "0.00" {
		t.Errorf("%s", trial.body)
	}
}

func TestTopUpsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	live := f.owner.with("X-Mode", "live")
	live.want(409, "provider_not_connected", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": 5, "currency": "usd"})
	if got := live.want(200, "", "GET", "/v1/wallets", nil); !strings.Contains(string(got.body), `"data":[]`) {
		t.Errorf("%s", got.body)
	}
	for code, body := range map[string]map[string]any{
		"amount_zero": {"amount": 0, "currency": "usd"}, "amount_negative": {"amount": -5, "currency": "usd"},
		"amount_too_precise": {"amount": 1.005, "currency": "usd"}, "currency_unknown": {"amount": 5, "currency": "zzz"},
		"currency_not_money": {"amount": 5, "currency": "xau"},
	} {
		f.admin.want(422, code, "POST", "/v1/sandbox/top-ups", body)
	}
	f.admin.want(404, "not_found", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": 5, "currency": "usd", "agent": "nobody"})
	f.read.want(422, "currency_unknown", "GET", "/v1/ledger/accounts?currency=zzz", nil)
	f.read.want(404, "not_found", "GET", "/v1/ledger/transactions?account="+ident.Format(ident.Account, ident.New()), nil)
}

// TestAgentSeesItsWallet shows a call that is scoped to one agent that agent's
// money and nothing of the company's.
func TestAgentSeesItsWallet(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	companys := f.admin.want(201, "", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": 5, "currency": "usd"})
	top := f.admin.want(201, "", "POST", "/v1/sandbox/top-ups", map[string]any{"amount": 7, "currency": "usd", "agent": "bot"})
	bot := f.read.with("X-Agent-Id", "bot")
	for _, path := range []string{"/v1/wallets", "/v1/ledger/accounts"} {
		list := bot.want(200, "", "GET", path, nil)
		if list.text("data", 0, "id") != top.text("wallet") || strings.Contains(string(list.body), companys.text("wallet")) {
			t.Errorf("%s", list.body)
		}
	}
	if list := bot.want(200, "", "GET", "/v1/ledger/transactions", nil); strings.Contains(string(list.body), companys.text("transaction")) || list.text("data", 0, "id") != top.text("transaction") {
		t.Errorf("%s", list.body)
	}
	bot.want(200, "", "GET", "/v1/ledger/transactions/"+top.text("transaction"), nil)
	bot.want(404, "not_found", "GET", "/v1/ledger/transactions/"+companys.text("transaction"), nil)
	bot.want(404, "not_found", "GET", "/v1/ledger/accounts/"+companys.text("wallet"), nil)
	bot.want(403, "agent_not_bound", "GET", "/v1/ledger/trial-balance", nil)
}

func TestTopUpOnce(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	once, body := f.admin.with("Idempotency-Key", "k"), map[string]any{"amount": 5, "currency": "usd"}
	first, again := once.want(201, "", "POST", "/v1/sandbox/top-ups", body), once.want(201, "", "POST", "/v1/sandbox/top-ups", body)
	if first.text("transaction") != again.text("transaction") || numberAt(again, "balance") != "10005.00" {
		t.Errorf("%s %s", first.body, again.body)
	}
}

func TestTransfersBetweenWallets(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.agent("other")
	const path = "/v1/wallets/transfers"
	move := func(amount any, from, to string) map[string]any {
		body := map[string]any{"amount": amount, "currency": "eur"}
		if from != "" {
			body["from"] = from
		}
		if to != "" {
			body["to"] = to
		}
		return body
	}
	first := f.admin.want(201, "", "POST", path, move("100.50", "", "bot"))
	if numberAt(first, "amount") != "100.50" || first.text("from") == first.text("to") {
		t.Errorf("%s", first.body)
	}
	f.admin.want(201, "", "POST", path, move(40, "bot", "other"))
	f.admin.want(201, "", "POST", path, move(10, "other", ""))
	got := map[string]string{}
	list := f.admin.want(200, "", "GET", "/v1/wallets", nil)
	for i := range list.at("data").([]any) {
		if list.text("data", i, "currency") == "eur" {
			agent, _ := list.at("data", i, "agent").(string)
			got[agent] = numberAt(list, "data", i, "balance")
		}
	}
	want := map[string]string{"": "9909.50", f.admin.want(200, "", "GET", "/v1/agents/bot", nil).text("id"): "60.50",
		f.admin.want(200, "", "GET", "/v1/agents/other", nil).text("id"): "30.00"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	f.admin.want(409, "insufficient_funds", "POST", path, move(61, "bot", ""))
	f.admin.want(422, "same_wallet", "POST", path, move(1, "bot", "bot"))
	f.admin.want(422, "same_wallet", "POST", path, move(1, "", ""))
	f.admin.want(422, "amount_zero", "POST", path, move(0, "", "bot"))
	f.admin.want(404, "not_found", "POST", path, move(1, "", "nobody"))
	f.admin.with("X-Agent-Id", "bot").want(422, "agent_mismatch", "POST", path, move(1, "bot", "other"))
	f.spend.want(403, "scope_missing", "POST", path, move(1, "", "bot"))
}

// numberAt is a number of an answer as it was written.
func numberAt(a answer, path ...any) string {
	n, _ := a.at(path...).(json.Number)
	return n.String()
}
