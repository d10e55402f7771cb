package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const someRules = `[{"type":"transaction_limit","amount":3000,"currency":"usd"},{"type":"velocity","window":"1h","count":10}]`

func TestPoliciesInWords(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	empty := f.owner.get("/policies").want(http.StatusOK)
	for _, said := range []string{"There is no policy yet", "Begin with Cautious", "Begin with Balanced", "Begin with Trusting", "2,000.00 USD"} {
		if !strings.Contains(empty.text("main"), said) {
			t.Errorf("the empty list does not say %q", said)
		}
	}
	if f.viewer.get("/policies").want(http.StatusOK).has("a[href^='/policies/new']") {
		t.Error("a viewer is offered what is refused")
	}
	id := f.liveAdmin.policy("Procurement", someRules)
	list := f.viewer.get("/policies").want(http.StatusOK)
	for _, said := range []string{"Procurement", "Active", "Version 1", "every agent of the company", "Denies any single payment above 3,000.00 USD.",
		"Denies currencies other than USD"} {
		if !strings.Contains(list.text("main"), said) {
			t.Errorf("the list does not say %q: %s", said, brief(list))
		}
	}
	if f.owner.get("/policies?status=shadow").want(http.StatusOK).has("article") || !f.owner.get("/policies?status=active").has("article") {
		t.Error("the filter does not filter")
	}
	if f.owner.get("/test/policies").want(http.StatusOK).has("article") {
		t.Error("the other mode shows it")
	}
	f.owner.get("/policies?status=nonsense").want(http.StatusNotFound)
	f.owner.get("/policies?before=pol_x").want(http.StatusNotFound)
	f.owner.get("/policies/new?preset=reckless").want(http.StatusNotFound)
	page := f.viewer.get("/policies/" + id).want(http.StatusOK)
	if strings.Contains(page.text("main"), "Archive") || !strings.Contains(page.text("main"), "The first version.") {
		t.Errorf("a viewer's page: %s", brief(page))
	}
}

// TestArchivedPoliciesAreLeftOut pages through more archived policies than fit
// on a page to the one that is not.
func TestArchivedPoliciesAreLeftOut(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.liveAdmin.policy("The oldest", someRules)
	for i := range listedPolicies + 3 {
		id := f.liveAdmin.policy(fmt.Sprintf("Old %d", i), someRules)
		f.liveAdmin.do("DELETE", "/v1/policies/"+id, nil)
	}
	list := f.owner.get("/policies").want(http.StatusOK)
	if n := len(list.all("article")); n != 1 || !strings.Contains(list.text("main"), "The oldest") || list.has("a[rel=next]") {
		t.Errorf("%d policies: %s", n, brief(list))
	}
	archived := f.owner.get("/policies?status=archived").want(http.StatusOK)
	if n := len(archived.all("article")); n != listedPolicies {
		t.Errorf("%d archived policies on the first page", n)
	}
	next := f.owner.get(attribute(archived.find("a[rel=next]"), "href")).want(http.StatusOK)
	if n := len(next.all("article")); n != 3 {
		t.Errorf("%d archived policies on the second page", n)
	}
}

func TestVersionsSideBySide(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	id := f.liveAdmin.policy("Procurement", someRules)
	f.liveAdmin.do("PUT", "/v1/policies/"+id, map[string]any{"name": "Procurement", "rules": []any{
		map[string]any{"type": "transaction_limit", "amount": 2000, "currency": "usd"},
		map[string]any{"type": "velocity", "window": "1h", "count": 10},
		map[string]any{"type": "country", "mode": "block", "values": []string{"KP"}}}})
	page := f.viewer.get("/policies/" + id).want(http.StatusOK)
	for _, said := range []string{"by a key", "Changed", "3,000.00 USD", "2,000.00 USD", "Added", "North Korea"} {
		if !strings.Contains(page.text("main"), said) {
			t.Errorf("the history does not say %q: %s", said, brief(page))
		}
	}
	beside := f.viewer.get("/policies/" + id + "/versions/2").want(http.StatusOK)
	if got := beside.text("del"); got != "Denies any single payment above 3,000.00 USD." {
		t.Errorf("what went is %q", got)
	}
	if got := beside.text("ins"); got != "Denies any single payment above 2,000.00 USD. Denies merchants in North Korea (KP)." {
		t.Errorf("what came is %q", got)
	}
	back := f.viewer.get("/policies/" + id + "/versions/1?with=2").want(http.StatusOK)
	if got := back.text("ins"); got != "Denies any single payment above 3,000.00 USD." {
		t.Errorf("the other way round, what came is %q", got)
	}
	f.viewer.get("/policies/" + id + "/versions/1").want(http.StatusOK)
	for _, none := range []string{"0", "3", "x", "2?with=9", "2?with=-1"} {
		f.viewer.get("/policies/" + id + "/versions/" + none).want(http.StatusNotFound)
	}
}

func TestStatusOfAPolicy(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.liveAdmin.agent("lonely-bot")
	id := f.liveAdmin.policy("Procurement", someRules)
	ask := f.owner.get("/policies/" + id + "/status?to=archived").want(http.StatusOK)
	if !strings.Contains(ask.text("[role=note]"), "lonely-bot") {
		t.Errorf("nobody says who is left without a policy: %s", brief(ask))
	}
	f.owner.get("/policies/" + id + "/status?to=draft").want(http.StatusConflict)
	done := ask.submit("main form").want(http.StatusSeeOther).follow().want(http.StatusOK)
	if !strings.Contains(done.text("[role=status]"), "archived") || !strings.Contains(done.text("main"), "Version 2") {
		t.Errorf("after archiving: %s", brief(done))
	}
	late := ask.submit("main form").want(http.StatusConflict)
	_ = late
	again := f.owner.get("/policies/" + id + "/status?to=draft").want(http.StatusOK)
	again.submit("main form").want(http.StatusSeeOther)
	if spent := f.live.spend("lonely-bot", "1.00", "AWS"); spent["decision"] != "DENIED" {
		t.Errorf("a draft lets %v through", spent)
	}
	f.owner.get("/policies/" + id + "/status?to=active").submit("main form").want(http.StatusSeeOther)
	if spent := f.live.spend("lonely-bot", "1.00", "AWS"); spent["decision"] != "APPROVED" {
		t.Errorf("it is active and says %v", spent)
	}
}

// TestStatusOfWhatChanged refuses to activate a version that nobody has looked
// at.
func TestStatusOfWhatChanged(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	id := f.liveAdmin.policy("Procurement", someRules)
	ask := f.owner.get("/policies/" + id + "/status?to=shadow").want(http.StatusOK)
	f.liveAdmin.do("PUT", "/v1/policies/"+id, map[string]any{"name": "Procurement", "rules": []any{
		map[string]any{"type": "transaction_limit", "amount": 1, "currency": "usd"}}})
	late := ask.submit("main form").want(http.StatusConflict)
	for _, said := range []string{"Nothing was done", "a key", "version 2", "1.00 USD"} {
		if !strings.Contains(late.text("main"), said) {
			t.Errorf("it does not say %q: %s", said, brief(late))
		}
	}
	late.submit("main form").want(http.StatusSeeOther)
}
