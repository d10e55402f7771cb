package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

const stripeForm = "form[action$='/stripe']"

// TestStripeIsConnectedOnThePage: with a key that Stripe takes, by who may; its
// secrets are in no answer.
func TestStripeIsConnectedOnThePage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for _, b := range []*browser{f.viewer, f.approver} {
		if page := b.open("/test/settings/providers").want(http.StatusOK); page.has(stripeForm) || !strings.Contains(page.text("main"), "An owner or admin connects it") {
			t.Errorf("%s", brief(page))
		}
		b.post("/test/settings/providers/stripe", "secret_key", goodKey).want(http.StatusForbidden)
		b.post("/test/settings/providers/stripe/disconnect").want(http.StatusForbidden)
	}
	page := f.admin.open("/test/settings/providers")
	if page.has("form[action$='/disconnect']") || !strings.Contains(page.text("main"), "not connected") || !strings.Contains(page.text("main"), "makes new cards") {
		t.Errorf("%s", brief(page))
	}
	page.submit(stripeForm, "secret_key", goodKey).want(http.StatusSeeOther)
	page = f.admin.open("/test/settings/providers")
	for _, want := range []string{"Stripe is connected. New cards of test mode are made there.", "acct_1", "0000", "ich_1", "its cards go on"} {
		if !strings.Contains(page.text("main"), want) {
			t.Errorf("nothing says %q: %s", want, brief(page))
		}
	}
	if strings.Contains(page.body, goodKey) || strings.Contains(page.body, "whsec_0") {
		t.Error("a secret is on the page")
	}
	if live := f.owner.open("/settings/providers"); live.has("form[action$='/disconnect']") || strings.Contains(live.text("main"), "Sandbox") {
		t.Errorf("live mode follows: %s", brief(live))
	}
	page.submit("form[action$='/disconnect']").want(http.StatusSeeOther)
	if page = f.admin.open("/test/settings/providers"); !strings.Contains(page.text("main"), "its key forgotten") || page.has("form[action$='/disconnect']") {
		t.Errorf("%s", brief(page))
	}
}

// TestStripeRefusesOnThePage: each refusal is said at its field, and what was
// typed is kept, but for secrets.
func TestStripeRefusesOnThePage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for name, c := range map[string]struct{ key, at, says string }{
		"no key":        {"", "#field-secret_key-error", "rk_test_"},
		"another mode":  {strings.Replace(goodKey, "test", "live", 1), "#field-secret_key-error", "live mode"},
		"unknown":       {wrongKey, "#field-secret_key-error", "Stripe refuses this key"},
		"no address":    {silentKey, "#stripe [role=alert]", "does not say enough of the company"},
		"an outage":     {awayKey, "#stripe [role=alert]", "Try again in a moment"},
		"no such thing": {goodKey, "#field-cardholder_id-error", "Stripe refuses"},
	} {
		holder := ""
		if name == "no such thing" {
			holder = "ich_2"
		}
		a := f.owner.open("/test/settings/providers").submit(stripeForm, "secret_key", c.key, "name", "Acme GmbH", "cardholder_id", holder)
		if name == "no such thing" {
			a = f.owner.open("/test/settings/providers").submit(stripeForm, "secret_key", c.key, "cardholder_id", holder)
		}
		if a.want(http.StatusUnprocessableEntity); !strings.Contains(a.text(c.at), c.says) {
			t.Errorf("%s: %q in %s", name, a.text(c.at), brief(a))
		}
		if c.key != "" && strings.Contains(a.body, c.key) {
			t.Errorf("%s: the key is in the answer", name)
		}
		if holder == "" && attribute(a.find("#field-name"), "value") != "Acme GmbH" {
			t.Errorf("%s: the name that was typed is gone", name)
		}
	}
	if logs := f.logs.String(); strings.Contains(logs, wrongKey) || strings.Contains(logs, goodKey) {
		t.Error("a key is in the log")
	}
	f.owner.post("/test/settings/providers/stripe/disconnect").want(http.StatusNotFound)
}

// TestStripeInABrowser: on a phone, a key that may not make the webhook leads to
// what is missing, and a wrong address costs nobody the key that they pasted.
func TestStripeInABrowser(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := newFirm(t)
	window := b.Window(t, f.URL, browsertest.Look{Width: 360, Height: 740, Phone: true})
	window.Expect("status of 422")
	window.Cookie(f.web.sessionCookie(), f.owner.session())
	window.Open("/test/settings/providers")
	window.Type("#field-secret_key", silentKey)
	window.Do("#stripe form .btn-primary")
	window.Says("does not say enough of the company")
	window.Until("the cursor is where it is said", `document.activeElement.id === "stripe"`)
	examineHere(t, window, "refused")
	for field, value := range map[string]string{"name": "Acme", "line1": "Street 1", "postal_code": "10117", "city": "Berlin", "country": "DE"} {
		window.Type("#field-"+field, value)
	}
	window.Do("#stripe form .btn-primary")
	window.Says("Stripe is connected. New cards of test mode are made there.")
	window.Do("#stripe form .btn-error")
	window.Says("its key forgotten")
	window.Type("#field-secret_key", hooklessKey)
	window.Do("#stripe form .btn-primary")
	window.Says("This key may not make webhooks.")
	window.Says("/v1/stripe/conn_")
	examineHere(t, window, "without a webhook")
	window.Type("#field-webhook_secret", "whsec_0123456789")
	window.Do("#stripe form .btn-primary")
	window.Says("Stripe is connected. New cards of test mode are made there.")
}

// TestPagesSayWhereLiveCardsComeFrom: not that no provider is connected when one
// is.
func TestPagesSayWhereLiveCardsComeFrom(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	say := func(path, want string) {
		t.Helper()
		if got := f.viewer.open(path).want(http.StatusOK).text("main"); !strings.Contains(got, want) {
			t.Errorf("%s says %s, wanted %s", path, got, want)
		}
	}
	connect := func(key string) {
		t.Helper()
		f.owner.open("/settings/providers").submit(stripeForm, "secret_key", strings.Replace(key, "test", "live", 1)).want(http.StatusSeeOther)
	}
	say("/cards", "a provider that the company connects")
	say("/wallets", "No provider is connected")
	connect(hooklessKey)
	say("/cards", "its webhook is missing")
	say("/wallets", "its webhook is missing")
	say("/settings/providers", "An owner or admin connects it")
	say("/audit", "connected Stripe Issuing with the account acct_1")
	connect(goodKey)
	say("/wallets", "Money comes into live wallets from Stripe")
	if page := f.owner.open("/cards/new").text("main"); strings.Contains(page, "a provider that the company connects") || !strings.Contains(page, "Top up the Issuing balance") {
		t.Errorf("%s", page)
	}
	if page := f.viewer.open("/cards").text("main"); strings.Contains(page, "provider") {
		t.Errorf("%s", page)
	}
}
