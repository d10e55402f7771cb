package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestDenialInPlainWords(t *testing.T) {
	t.Parallel()
	f, agent, policy := asked(t)
	f.live.spend(agent, "45.00", "Paper")
	paid := f.live.spend(agent, "30.00", "Ink")
	f.live.do("POST", "/v1/authorize/"+fmt.Sprint(paid["id"])+"/confirm", object())
	denied := f.live.spend(agent, "40.00", "Pens")
	a := f.viewer.get("/authorizations/" + fmt.Sprint(denied["id"])).want(http.StatusOK)
	said := a.text("main")
	for _, want := range []string{
		"Denied: The limit of ", " for buyer is 100.00 USD, 30.00 is spent and 45.00 reserved, so at most 25.00 fits until ", " 00:00 Berlin time.",
		"Up to 25.00 USD would not have been denied.",
		"40.00 USD is within the 90.00 USD that one payment may be.",
		"40.00 USD is not above 50.00 USD, so nobody has to approve it.",
		"for buyer is 100.00 USD, 75.00 is spent or reserved, so at most 25.00 fits until ",
		"Rule 3: Each covered agent may spend 100.00 USD a day",
		"Asked for 40.00 USD",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q:\n%s", want, said)
		}
	}
	if !a.has("a[href='/policies/"+policy+"/versions/1']") || !strings.Contains(a.text("pre"), `"outcome": "deny"`) {
		t.Error("the version or the trace is not there")
	}
	if a.has("form[action$='/void']") || a.has("form[action$='/confirm']") {
		t.Error("a viewer is offered to end it")
	}
}

// TestLineTellsWhoDidWhat follows a request that people approved for less.
func TestLineTellsWhoDidWhat(t *testing.T) {
	t.Parallel()
	f, agent, _ := asked(t)
	held := f.live.spend(agent, "70.00", "Lamps")
	id := fmt.Sprint(held["id"])
	page := f.owner.get("/authorizations/" + id).want(http.StatusOK)
	if said := page.text("main"); !strings.Contains(said, "Held: 70.00 USD is above 50.00 USD, so one person must approve it.") ||
		!strings.Contains(said, "Expires by itself if nothing happens before") || !strings.Contains(said, "People can approve it while it waits.") {
		t.Errorf("a held one says %s", said)
	}
	approval, _ := held["approval"].(map[string]any)
	f.session(f.approver, true).do("POST", "/v1/approvals/"+fmt.Sprint(approval["id"])+"/approve", map[string]any{"amount": 60, "comment": "less will do"})
	page = f.owner.get("/authorizations/" + id).want(http.StatusOK)
	done := page.submit("form[action$='/confirm']", "amount", "55.5", "reference", "inv-1").want(http.StatusSeeOther).follow().want(http.StatusOK)
	said := done.text("main")
	for _, want := range []string{"55.50 USD is confirmed as spent.", "Asked for 70.00 USD", "“ a test ” a key ,", "Held for approval: 70.00 USD is above 50.00 USD",
		"A person approved 60.00 USD", "“ less will do ”", "approver@acme.test", "Approved for 60.00 USD", "Confirmed 55.50 USD", "“ inv-1 ”", "owner@acme.test"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "mem_") {
		t.Errorf("somebody is named by an id: %s", said)
	}
}

func TestEndingFromThePage(t *testing.T) {
	t.Parallel()
	f, agent, _ := asked(t)
	id := fmt.Sprint(f.live.spend(agent, "10.00", "Paper")["id"])
	path := "/authorizations/" + id
	page := f.admin.get(path).want(http.StatusOK)
	for amount, message := range map[string]string{"10.01": "The hold is 10.00 USD", "ten": "", "1.001": ""} {
		again := page.submit("form[action$='/confirm']", "amount", amount, "reference", "kept").want(http.StatusUnprocessableEntity)
		if attribute(again.find("#field-amount"), "value") != amount || attribute(again.find("#field-reference"), "value") != "kept" {
			t.Errorf("what was typed is gone: %s", brief(again))
		}
		if said := again.text("#field-amount-error"); said == "" || !strings.Contains(said, message) {
			t.Errorf("confirming %s: %q", amount, said)
		}
	}
	long := page.submit("form[action$='/void']", "reason", strings.Repeat("x", 1001)).want(http.StatusUnprocessableEntity)
	if long.text("#field-reason-error") == "" {
		t.Error("a long reason is not told by its field")
	}
	done := page.submit("form[action$='/void']", "reason", "not needed").want(http.StatusSeeOther).follow()
	if said := done.text("main"); !strings.Contains(said, "Voided, and its budget given back") || !strings.Contains(said, "not needed") || !strings.Contains(said, "admin@acme.test") {
		t.Errorf("a voided one says %s", said)
	}
	if late := page.submit("form[action$='/confirm']").want(http.StatusConflict); !strings.Contains(late.text("main"), "This authorization is voided.") {
		t.Errorf("confirming a voided one: %s", brief(late))
	}
	f.approver.open("/overview")
	f.approver.post(path + "/void").want(http.StatusForbidden)
	f.viewer.open("/overview")
	f.viewer.post(path + "/confirm").want(http.StatusForbidden)
}

// forMachines is what people should not have to read: ids, instants, and what a
// program says of a thing that is not there.
var forMachines = regexp.MustCompile(`mem_|pol_|\dZ\b|no words|Europe/Berlin is|%!|<nil>`)

// TestReasonsOfTheDemo opens one request of each reason and finds no figure, id
// or code where words belong.
func TestReasonsOfTheDemo(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	for _, code := range []string{"outside_hours", "agent_frozen", "velocity_exceeded", "limit_exceeded", "merchant_not_allowed", "denied_by_approver",
		"merchant_blocked", "country_blocked", "duplicate", "currency_not_covered", "mcc_blocked", "rail_not_allowed", "company_frozen",
		"transaction_limit", "no_policy", "expression_denied", "approval_required", "new_merchant"} {
		list := owner.get("/authorizations?reason=" + code).want(http.StatusOK)
		link := list.find("tbody th a")
		if link == nil {
			t.Errorf("the demo has no %s", code)
			continue
		}
		page := owner.get(attribute(link, "href")).want(http.StatusOK)
		said := page.text("main")
		if wrong := forMachines.FindString(strings.Split(said, "As JSON")[0]); wrong != "" {
			t.Errorf("%s: the page says %q: %s", code, wrong, said)
		}
	}
}
