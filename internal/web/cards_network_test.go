package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/reconcile"
)

// TestTheNetworkIsPlayed on a card's page: approved, declined, posted, and each
// form once however often it is sent.
func TestTheNetworkIsPlayed(t *testing.T) {
	t.Parallel()
	f := lenient(t)
	card := f.cardOf("buyer", "90")
	page := f.owner.open(card)
	wrong := page.submit("#swipe", "amount", "4x", "merchant", "AWS", "mcc", "7372").want(http.StatusUnprocessableEntity)
	if wrong.text("#field-swipe-amount-error") == "" || attribute(wrong.find("#field-merchant"), "value") != "AWS" || attribute(wrong.find("#field-mcc"), "value") != "7372" {
		t.Errorf("%s", wrong.text("#swipe"))
	}
	if nameless := page.submit("#swipe", "amount", "4").want(http.StatusUnprocessableEntity); nameless.text("#field-merchant-error") == "" {
		t.Errorf("%s", nameless.text("#swipe"))
	}
	page.submit("#swipe", "amount", "40", "merchant", "AWS").want(http.StatusSeeOther)
	again := page.submit("#swipe", "amount", "40", "merchant", "AWS").follow()
	if again.text("#card-balance") != "50.00 USD" || again.text("#card-held") != "40.00 USD" || len(again.all("[data-entry=authorization]")) != 1 {
		t.Errorf("%s", brief(again))
	}
	short := again.submit("#swipe", "amount", "50", "merchant", "Other").follow()
	none := short.submit("#swipe", "amount", "1", "merchant", "Other").follow()
	if got := none.text("[role=status]"); !strings.Contains(got, "Declined, code 51") {
		t.Errorf("%s", got)
	}
	parts := none.submit("[data-entry=authorization]:last-child form", "do", "part", "amount", "15").follow()
	if got := parts.text("[role=status]"); !strings.Contains(got, "Captured: 15.00 USD at AWS.") {
		t.Errorf("%s", got)
	}
	for do, said := range map[[2]string]string{{"refund", "99"}: "At most 15.00 USD can be refunded.", {"reverse", "99"}: "Only 25.00 USD are held.",
		{"steal", ""}: "A network captures, reverses or refunds.", {"capture", "x"}: "amount"} {
		a := parts.submit("[data-entry=authorization]:last-child form", "do", do[0], "amount", do[1]).follow()
		if got := a.text("[role=status]"); !strings.Contains(got, said) {
			t.Errorf("%v: %q", do, got)
		}
	}
	other := f.cardOf("buyer", "5")
	f.owner.post(other+"/post", "do", "capture", "authorization", attribute(parts.find("input[name=authorization]"), "value")).want(http.StatusNotFound)
	f.owner.post(other+"/post", "do", "capture", "authorization", "auth_nothing").want(http.StatusNotFound)
	f.owner.post(other+"/swipe/again", "authorization", ident.Format(ident.Authorization, ident.New())).want(http.StatusNotFound)
	live := "/cards/" + f.issued(true, f.liveAdmin.agent("live-bot"))
	f.owner.post(live+"/swipe", "amount", "1", "merchant", "AWS").want(http.StatusConflict)
	if f.owner.open(live).has("#swipe") {
		t.Error("a live card can be played")
	}
}

// TestTheDemoAddsUp: the demo company's cards agree with everything else.
func TestTheDemoAddsUp(t *testing.T) {
	t.Parallel()
	w, filled := newDemo(t)
	test := ident.Tenant{Company: filled.Company.Company}
	r, err := reconcile.Sources{Pool: w.pool, Log: w.web.audit, Cards: w.web.cards}.One(t.Context(), test)
	w.must(err)
	if len(r.Differences) != 0 || r.Cards != 5 || r.Lines == 0 {
		t.Errorf("%+v", r)
	}
	owner := w.signIn("owner@demo.test")
	cards := owner.open("/test/cards")
	for _, said := range []string{"Frozen", "Canceled", "96.20 EUR held"} {
		if !strings.Contains(cards.text("main"), said) {
			t.Errorf("no card is %q: %s", said, cards.text("main"))
		}
	}
	if inbox := owner.open("/test/approvals"); !strings.Contains(inbox.text("main"), "3,200.00 USD") {
		t.Errorf("no swipe waits: %s", brief(inbox))
	}
}
