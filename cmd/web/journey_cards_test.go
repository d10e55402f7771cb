package main

import (
	"regexp"
	"strings"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// printed is a number as it is printed on a card.
var printed = regexp.MustCompile(`\d{4} ?\d{4} ?\d{4} ?\d{4}`)

// usesACard goes through a card's life in test mode: made, its number looked at,
// a swipe held, approved in the inbox and sent again, captured, refunded, and
// the card canceled.
func (o *town) usesACard() {
	f := o.newFirm("plastic", asksAbove100)
	key := o.api("Authorization", "Bearer "+f.token).must("POST", "/v1/api-keys", `{"name":"Test","mode":"test","scopes":["admin"]}`).field(o.t, "key")
	test := o.api("X-API-Key", key)
	test.must("POST", "/v1/agents", `{"handle":"buyer","name":"The buyer"}`)
	test.must("POST", "/v1/policies", `{"name":"House rules","status":"active","rules":`+asksAbove100+`}`)

	w := f.at("/test/cards", f.token, browsertest.Look{})
	w.Go("main a[href='/test/cards/new']")
	w.Type("input[name=agent]", "buyer")
	w.Type("input[name=amount]", "400")
	w.Type("input[name=name]", "Office")
	w.Go("#new-card button.btn-primary")
	w.Says("400.00 USD are on the card")
	card := browsertest.Eval[string](w, `location.pathname`)
	f.looksAtTheNumber(w)
	w.At(card)

	w.Type("#field-swipe-amount", "150")
	w.Type("input[name=merchant]", "Chair & Table")
	w.Go("#swipe button")
	w.Says("Declined, code 01")
	w.Open("/test/approvals")
	w.Until("calm", `!document.querySelector("#inbox.settling")`)
	w.Do("[data-approve]")
	w.Says("Approved 150.00 USD to Chair & Table")

	w.Open(card)
	w.Go("form[action$='/swipe/again'] button")
	w.Says("Approved: 150.00 USD at Chair & Table")
	f.hasOnTheCard(w, "250.00 USD", "150.00 USD")
	w.Do("[data-entry=authorization] summary")
	w.Go("[data-entry=authorization] button[value=capture]")
	w.Says("Captured: 150.00 USD at Chair & Table")
	w.Do("[data-entry=authorization] summary")
	w.Type("[data-entry=authorization] input[name=amount]", "50")
	w.Go("[data-entry=authorization] button[value=refund]")
	w.Says("Refunded: 50.00 USD at Chair & Table")
	f.hasOnTheCard(w, "300.00 USD", "0.00 USD")

	w.Do("details:has(form[action$='/cancel']) summary")
	w.Go("form[action$='/cancel'] button")
	w.Says("Office is canceled")
	f.hasOnTheCard(w, "0.00 USD", "0.00 USD")
	w.Open("/test/wallets")
	w.Says("9,900.00 USD")
	w.Open("/test/ledger")
	w.Says("Debits equal credits in every currency.")
}

// looksAtTheNumber shows it, and sees it go when the time is over.
func (f *firm) looksAtTheNumber(w *browsertest.Window) {
	f.t.Helper()
	w.Go("a[href$='/reveal']")
	w.Type("input[name=reason]", "to pay a shop")
	asked := regexp.MustCompile(`Type (\d{4}) to`).FindStringSubmatch(w.Text("#reveal"))
	if asked == nil {
		f.t.Fatalf("it does not say what to type: %s", w.Text("#reveal"))
	}
	w.Type("input[name=last4]", asked[1])
	w.Go("#reveal button.btn-primary")
	if number := w.Text("#card-number"); !printed.MatchString(number) || !strings.HasSuffix(number, asked[1]) {
		f.t.Errorf("the number is %q", number)
	}
	browsertest.Eval[bool](w, `(now => (Date.now = () => now() + 30_500, true))(Date.now.bind(Date))`)
	w.Says("The number is hidden again")
	if left := browsertest.Eval[string](w, `document.documentElement.outerHTML`); printed.MatchString(left) || w.Has("#card-code") {
		f.t.Error("the number is still in the document")
	}
	w.Go("#secret-gone a")
}

func (f *firm) hasOnTheCard(w *browsertest.Window, balance, held string) {
	f.t.Helper()
	if b, h := w.Text("#card-balance"), w.Text("#card-held"); b != balance || h != held {
		f.t.Errorf("%s and %s held, wanted %s and %s", b, h, balance, held)
	}
}
