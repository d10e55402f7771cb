package web

import (
	"net/http"
	"strings"
	"testing"
)

// wallet is what the page says about one wallet.
func wallet(a *answer, owner, currency string) string {
	return a.text(`[data-owner="` + owner + `"][data-wallet=` + currency + `]`)
}

func TestWalletsOfTestMode(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	begun := f.owner.open("/test/wallets").want(http.StatusOK)
	for c, want := range map[string]string{"usd": "10,000.00 USD", "eur": "10,000.00 EUR", "gbp": "10,000.00 GBP"} {
		if got := wallet(begun, "Company", c); !strings.Contains(got, want) {
			t.Errorf("%s: %q", c, got)
		}
	}
	begun.submit("#top-up", "amount", "1.005", "currency", "usd").want(http.StatusUnprocessableEntity)
	wrong := begun.submit("#top-up", "amount", "twelve", "currency", "zzz", "agent", "buyer").want(http.StatusUnprocessableEntity)
	if attribute(wrong.find("#field-amount"), "value") != "twelve" || attribute(wrong.find("#field-add-agent"), "value") != "buyer" ||
		!strings.Contains(wrong.text("#field-currency-error"), "not a currency") {
		t.Errorf("the form: %s", wrong.text("#top-up"))
	}
	nobody := begun.submit("#top-up", "amount", "5", "currency", "usd", "agent", "nobody-bot").want(http.StatusUnprocessableEntity)
	if !strings.Contains(nobody.text("#field-add-agent-error"), "no such agent") {
		t.Errorf("%s", nobody.text("#top-up"))
	}
	f.testAdmin.agent("buyer")
	begun.submit("#top-up", "amount", "250.50", "currency", "EUR").want(http.StatusSeeOther)
	after := begun.submit("#top-up", "amount", "3", "currency", "EUR", "agent", "buyer").follow()
	if !strings.Contains(after.text("[role=status]"), "3.00 EUR of test money are in the wallet of buyer.") ||
		!strings.Contains(wallet(after, "Company", "eur"), "10,250.50 EUR") || !strings.Contains(wallet(after, "buyer", "eur"), "3.00 EUR") {
		t.Errorf("%s", brief(after))
	}
}

// TestMoneyMoves between the company and an agent, once for a form.
func TestMoneyMoves(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.testAdmin.agent("buyer")
	page := f.admin.open("/test/wallets")
	usd := optionOf(page, "#field-from", "10,000.00 USD")
	page.submit("#move", "from", usd, "to", "buyer", "amount", "40").want(http.StatusSeeOther)
	again := page.submit("#move", "from", usd, "to", "buyer", "amount", "40").follow()
	if !strings.Contains(wallet(again, "Company", "usd"), "9,960.00 USD") || !strings.Contains(wallet(again, "buyer", "usd"), "40.00 USD") {
		t.Errorf("%s", brief(again))
	}
	back := again.submit("#move", "from", optionOf(again, "#field-from", "buyer: 40.00 USD"), "to", "", "amount", "15.50").follow()
	if !strings.Contains(wallet(back, "Company", "usd"), "9,975.50 USD") || !strings.Contains(back.text("[role=status]"), "15.50 USD are in the wallet of the company.") {
		t.Errorf("%s", brief(back))
	}
	for field, sent := range map[string][]string{
		"#field-move-amount-error": {"from", usd, "to", "buyer", "amount", "0"},
		"#field-to-error":          {"from", usd, "to", "", "amount", "1"},
		"#field-from-error":        {"from", "acct_nothing", "to", "buyer", "amount", "1"},
		"#move [role=alert]":       {"from", usd, "to", "buyer", "amount", "999999"},
	} {
		wrong := back.submit("#move", sent...).want(http.StatusUnprocessableEntity)
		if wrong.text(field) == "" || attribute(wrong.find("#field-move-amount"), "value") != sent[5] {
			t.Errorf("%v: %s", sent, wrong.text("#move"))
		}
	}
	if other := f.owner.open("/wallets"); other.has("#move") || other.has("#top-up") {
		t.Error("live mode has nothing to move or add")
	}
	f.owner.post("/wallets/moves", "from", usd, "to", "", "amount", "1").want(http.StatusUnprocessableEntity)
	f.outsider.post("/test/wallets/moves", "from", usd, "to", "", "amount", "1").want(http.StatusUnprocessableEntity)
}

func TestWhoMovesMoney(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for _, b := range []*browser{f.viewer, f.approver} {
		if seen := b.open("/test/wallets").want(http.StatusOK); seen.has("#top-up") || seen.has("#move") {
			t.Error("the forms are shown")
		}
		b.post("/test/wallets/top-ups", "amount", "5", "currency", "usd").want(http.StatusForbidden)
		b.post("/test/wallets/moves", "amount", "5").want(http.StatusForbidden)
	}
}

func TestWalletsOfLiveMode(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	empty := f.owner.open("/wallets").want(http.StatusOK)
	if empty.has("#top-up") || !strings.Contains(empty.text("main"), "No provider is connected") {
		t.Errorf("%s", brief(empty))
	}
	f.owner.post("/wallets/top-ups", "amount", "5", "currency", "usd").want(http.StatusConflict)
	f.booked(true)
	if got := wallet(f.viewer.open("/wallets"), "Company", "usd"); !strings.Contains(got, "123.00 USD") {
		t.Errorf("%q", got)
	}
	f.viewer.get("/wallets?before=nothing").want(http.StatusNotFound)
}

// optionOf is the value of the choice whose label has a text.
func optionOf(a *answer, field, label string) string {
	a.b.w.t.Helper()
	for _, o := range a.all(field + " option") {
		if strings.Contains(text(o), label) {
			return attribute(o, "value")
		}
	}
	a.b.w.t.Fatalf("%s has no choice %q: %s", field, label, a.text(field))
	return ""
}
