package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	phone := f.signIn("owner@acme.test")
	page := f.owner.open("/settings/you").want(http.StatusOK)
	if text := page.text("main"); strings.Count(text, "Since") != 2 || strings.Count(text, "This one") != 1 {
		t.Errorf("two are signed in: %s", text)
	}
	left := page.submit("form[action$='/sign-out-everywhere']").want(http.StatusSeeOther)
	if told := left.follow().text("[role=status]"); !strings.Contains(told, "everywhere") {
		t.Errorf("it is said: %q", told)
	}
	for _, b := range []*browser{f.owner, phone} {
		if a := b.get("/overview"); !strings.HasPrefix(a.to(), "/sign-in") {
			t.Errorf("a session goes on: %d", a.status)
		}
	}
	f.admin.get("/overview").want(http.StatusOK)
}

// TestColoursKeepThePage: choosing them leads back to the page, also from a form
// that was refused and is shown where it was sent to.
func TestColoursKeepThePage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	agent := f.admin.get("/test/wallets").submit("#top-up", "amount", "x").want(http.StatusUnprocessableEntity)
	for back, want := range map[string]string{
		attribute(agent.find("form[action='/theme'] [name=back]"), "value"): "/test/wallets",
		"/settings/webhooks/whk_1/rotate-secret":                            "/settings/webhooks/whk_1",
		"/agents":                                                           "/agents",
		"/nowhere/at/all":                                                   "/overview",
		"//elsewhere.test/":                                                 "/overview",
		"":                                                                  "/overview",
	} {
		if got := f.admin.post("/theme", "theme", "night", "back", back).want(http.StatusSeeOther).to(); got != want {
			t.Errorf("from %q to %q, want %q", back, got, want)
		}
	}
}
