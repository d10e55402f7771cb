package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
	"github.com/getpurser/purser/views"
)

// withAnother makes the office's owner an owner of a second company too, which
// holds a request of its own, and gives its id and that of the approval.
func (o *office) withAnother() (id, approval string) {
	o.t.Helper()
	session := o.session(o.outsider, true)
	session.do("POST", "/v1/members", object("email", "owner@acme.test", "role", "owner"))
	o.owner = o.signIn("owner@acme.test")
	made := session.do("POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "live", "scopes": []string{"admin", "spend"}})
	theirs := caller{o.world, [][2]string{{"X-API-Key", fmt.Sprint(made["key"])}}}
	agent := theirs.agent("their-bot")
	theirs.policy("Purchases", holdRules)
	approval = approvalOf(o.t, theirs.spend(agent, "333.00", "Their shop"))
	for _, c := range o.owner.open("/overview").all("#choose-company option") {
		if offered := attribute(c, "value"); offered != o.id {
			id = offered
		}
	}
	return id, approval
}

// TestAPageStaysWithItsCompany: what a page of one company asks for when the
// session moved to another is not answered with that one's, and does nothing.
func TestAPageStaysWithItsCompany(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other, approval := o.withAnother()
	o.owner.post("/companies/choose", "company", o.id).want(http.StatusSeeOther)
	shown := attribute(o.owner.open("/approvals").find("body"), "hx-headers")
	if !strings.Contains(shown, views.CompanyHeader) || !strings.Contains(shown, o.id) {
		t.Fatalf("the page says %s", shown)
	}
	o.owner.post("/companies/choose", "company", other).want(http.StatusSeeOther)
	mark := form("csrf", attribute(o.owner.open("/approvals").find("input[name=csrf]"), "value")).Encode()
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/approvals", ""}, {"GET", "/approvals/waiting", ""}, {"POST", "/approvals/" + approval + "/approve", mark},
	} {
		a := o.owner.do(c.method, c.path, c.body, "HX-Request", "true", views.CompanyHeader, o.id)
		if a.status != http.StatusNoContent || a.header.Get("HX-Refresh") != "true" || a.body != "" {
			t.Errorf("%s %s: %d %v %s", c.method, c.path, a.status, a.header, brief(a))
		}
		if a := o.owner.get(c.path, "HX-Request", "true", views.CompanyHeader, other); c.method == "GET" && a.status != http.StatusOK {
			t.Errorf("%s of its own company: %d", c.path, a.status)
		}
	}
	if !o.owner.open("/approvals").has(card(approval)) {
		t.Error("it was decided from a page of another company")
	}
	heard, _ := o.owner.listen("/live?company=" + o.id)
	if !hears(t, heard, "approvals") {
		t.Error("the page is not told to ask")
	}
	ends(t, heard)
}

// TestAnInboxNeverFillsWithAnothersRequests: the first of two windows follows
// the second to the company that was chosen there, as a whole.
func TestAnInboxNeverFillsWithAnothersRequests(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t)
	other, _ := o.withAnother()
	o.hold("240.00", "Our shop")
	window := b.Window(t, o.URL, browsertest.Look{})
	window.Cookie(o.web.sessionCookie(), o.owner.session())
	window.Cookie(companyCookie, o.id)
	window.Open("/approvals")
	window.Says("Our shop")
	window.Until("the page hears", pageHears)
	window.Cookie(companyCookie, other)
	o.hold("241.00", "Our second shop")
	window.Until("the other company, as a whole", `document.querySelector("#choose-company")?.value === "`+other+`"`)
	window.Says("Their shop")
	if strings.Contains(window.Text("main"), "Our") {
		t.Error("the requests of two companies are on one page")
	}
}
