package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestMakingAnAgent(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	page := f.admin.get("/agents/new").want(http.StatusOK)
	wrong := page.submit("form[action='/agents']", "handle", "Not A Handle", "name", "", "description", "kept").want(http.StatusUnprocessableEntity)
	if attribute(wrong.find("#field-handle"), "value") != "Not A Handle" || wrong.text("#field-description") != "kept" ||
		wrong.text("#field-handle-error") == "" || wrong.text("#field-name-error") == "" {
		t.Errorf("a wrong form comes back as %s", brief(wrong))
	}
	made := wrong.submit("form[action='/agents']", "handle", "buyer", "name", "Buyer").want(http.StatusSeeOther).follow().want(http.StatusOK)
	if made.text("h1") != "buyer" || !strings.Contains(made.text("main"), "every request of this agent is denied") {
		t.Errorf("the new agent's page: %s", brief(made))
	}
	again := page.submit("form[action='/agents']", "handle", "buyer", "name", "Other").want(http.StatusUnprocessableEntity)
	if again.text("#field-handle-error") != "Another agent has this handle." {
		t.Errorf("a taken handle: %s", brief(again))
	}
	edited := f.admin.get(made.path+"/edit").want(http.StatusOK).submit("main form", "handle", "purchaser", "name", "Purchaser", "description", "Buys paper")
	if shown := edited.want(http.StatusSeeOther).follow(); shown.text("h1") != "purchaser" || !strings.Contains(shown.text("main"), "Buys paper") {
		t.Errorf("the edited agent's page: %s", brief(shown))
	}
	f.admin.get(made.path+"/edit").submit("main form", "name", " ").want(http.StatusUnprocessableEntity)
	if list := f.admin.get("/agents?q=PAPER"); len(list.all("#agents li")) == 0 || len(f.admin.get("/agents?q=%25").all("#agents li")) != 0 {
		t.Error("the search does not find, or finds anything")
	}
	f.viewer.get("/agents/new").want(http.StatusForbidden)
	f.admin.get("/agents?status=asleep").want(http.StatusNotFound)
	f.admin.get("/agents/purchaser").want(http.StatusNotFound)
}

func TestFreezingAndDeleting(t *testing.T) {
	t.Parallel()
	f, agent, _ := asked(t)
	path := "/agents/" + agent
	page := f.admin.get(path).want(http.StatusOK)
	frozen := page.submit("form[action$='/freeze']").want(http.StatusSeeOther).follow().want(http.StatusOK)
	if !frozen.has(".alert-error form[action$='/unfreeze']") || frozen.has("form[action$='/freeze']:not([action$='/unfreeze'])") {
		t.Errorf("a frozen agent's page: %s", brief(frozen))
	}
	if got := f.live.spend(agent, "1.00", "Paper"); got["reason_code"] != "agent_frozen" {
		t.Errorf("a frozen agent is answered %v", got["reason_code"])
	}
	if row := f.viewer.get("/agents?status=frozen").text("#agents"); !strings.Contains(row, "buyer") || !strings.Contains(row, "Frozen") {
		t.Errorf("the list says %q", row)
	}
	frozen.submit("form[action$='/unfreeze']").want(http.StatusSeeOther)
	if got := f.live.spend(agent, "1.00", "Paper"); got["decision"] != "APPROVED" {
		t.Errorf("an unfrozen agent is answered %v", got)
	}
	gone := page.submit("form[action$='/delete']").want(http.StatusSeeOther).follow().want(http.StatusOK)
	if gone.has("main form") || !strings.Contains(gone.text("main"), "buyer is deleted.") {
		t.Errorf("a deleted agent's page: %s", brief(gone))
	}
	late := page.submit("form[action$='/freeze']").want(http.StatusSeeOther).follow()
	if !strings.Contains(late.text("main"), "so nothing was changed") {
		t.Errorf("freezing a deleted agent: %s", brief(late))
	}
	if shown := f.viewer.get(path).want(http.StatusOK); shown.has("main form") {
		t.Error("a viewer is offered to change it")
	}
}

func TestKeysOfAnAgent(t *testing.T) {
	t.Parallel()
	f, agent, _ := asked(t)
	other := f.liveAdmin.agent("other")
	page := f.owner.get("/agents/" + agent).want(http.StatusOK)
	wrong := page.submit("form[action$='/keys']", "name", "").want(http.StatusUnprocessableEntity)
	if wrong.text("#key-name-error") == "" || wrong.has("#new-key-text") {
		t.Errorf("a key without a name: %s", brief(wrong))
	}
	made := page.submit("form[action$='/keys']", "name", "production").want(http.StatusOK)
	secret := made.text("#new-key-text")
	if !strings.HasPrefix(secret, "ag_live_") {
		t.Fatalf("the new key is %q", secret)
	}
	if again := f.owner.get("/agents/" + agent); strings.Contains(again.body, secret) || !strings.Contains(again.text("main"), "production") {
		t.Error("a key is shown a second time, or not listed")
	}
	bound := caller{f.world, [][2]string{{"X-API-Key", secret}}}
	if got := bound.spend("buyer", "1.00", "Paper"); got["decision"] != "APPROVED" {
		t.Errorf("the key's agent is answered %v", got)
	}
	revoke := attribute(made.find("form[action$='/revoke']"), "action")
	f.owner.post(strings.Replace(revoke, agent, other, 1)).want(http.StatusNotFound)
	f.owner.post("/test" + revoke).want(http.StatusNotFound)
	f.owner.post(revoke).want(http.StatusSeeOther)
	if status, _ := bound.try("POST", "/v1/authorize", object()); status != http.StatusUnauthorized {
		t.Errorf("a revoked key is answered %d", status)
	}
	f.owner.post(revoke).want(http.StatusNotFound)
}

// TestManyAgents pages through 120 agents and their limits.
func TestManyAgents(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for i := range 120 {
		f.liveAdmin.agent(fmt.Sprintf("bot-%03d", i))
	}
	f.liveAdmin.policy("All", `[{"type": "limit", "period": "month", "amount": 100, "currency": "usd"},
		{"type": "limit", "period": "month", "amount": 9000, "currency": "usd", "per": "company"}]`)
	f.live.spend("bot-077", "60.00", "Paper")
	seen, pages := map[string]bool{}, 0
	for a := f.viewer.get("/agents").want(http.StatusOK); ; pages++ {
		for _, link := range a.all("#agents li a.font-semibold") {
			seen[words(link)] = true
		}
		next := a.find("a[rel=next]")
		if next == nil {
			break
		}
		a = f.viewer.get(attribute(next, "href")).want(http.StatusOK)
	}
	if len(seen) != 120 || pages != 3 {
		t.Errorf("%d agents on %d pages", len(seen), pages+1)
	}
	budgets := f.viewer.get("/budgets").want(http.StatusOK)
	if first := words(budgets.all("#budgets li")[0]); !strings.HasPrefix(first, "bot-077 Binds now") || !strings.Contains(first, "60 %") || !strings.Contains(first, "Left 40.00 USD") {
		t.Errorf("the fullest limit: %s", first)
	}
	if !strings.Contains(budgets.text("#budgets"), "121 limits in all") || !budgets.has("a[rel=next]") {
		t.Errorf("the limits: %s", brief(budgets))
	}
	if one := f.viewer.get("/budgets?agent=bot-077&currency=USD").want(http.StatusOK); len(one.all("#budgets li")) != 2 ||
		!strings.Contains(one.text("#budgets"), "Up to 40.00 USD fits now, because of the limit (rule 1) of All.") {
		t.Errorf("one agent's limits: %s", brief(one))
	}
	if sum := f.viewer.get("/budgets?currency=usd&period=month").text("[data-sum=together]"); sum != "12,000.00 USD" {
		t.Errorf("120 limits of 100 are together %s", sum)
	}
	f.viewer.get("/budgets?agent=nobody").want(http.StatusUnprocessableEntity)
	if near := f.viewer.get("/overview").want(http.StatusOK).text("main"); !strings.Contains(near, "bot-077 60.00") && !strings.Contains(near, "bot-077 0.00 spent and 60.00 reserved") {
		t.Errorf("the overview does not warn: %s", near)
	}
}
