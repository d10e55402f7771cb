package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// everyRule has each type, with all its options.
const everyRule = `[
 {"type":"transaction_limit","amount":3000.50,"currency":"usd"},
 {"type":"approval_threshold","amount":0,"currency":"usd","approvals":2,"approvers":["role:owner","role:approver"]},
 {"type":"limit","period":"quarter","amount":500000,"currency":"usd","time_zone":"Asia/Tokyo","per":"company"},
 {"type":"limit","period":"total","amount":900000,"currency":"usd","per":"agent"},
 {"type":"velocity","window":"90s","count":10},
 {"type":"merchant","mode":"block","values":["casino-*","A, B & <C>","пример.рф"]},
 {"type":"mcc","mode":"allow","values":["7372","3000-3299"]},
 {"type":"currency","mode":"allow","values":["usd","EUR"]},
 {"type":"country","mode":"block","values":["KP","ir"]},
 {"type":"hours","time_zone":"Europe/Berlin","days":["mon","sun"],"from":"22:30","to":"06:00"},
 {"type":"hours","days":[],"from":"00:00","to":"24:00"},
 {"type":"rail","mode":"allow","values":["api","card"]},
 {"type":"new_merchant","effect":"require_approval","approvals":1},
 {"type":"new_merchant","effect":"deny"},
 {"type":"duplicate","window":"31d","effect":"deny"},
 {"type":"duplicate","window":"10m","effect":"require_approval","approvals":3,"approvers":["role:admin"]},
 {"type":"expression","when":"amount > 100.0 &&\n  merchant.country != 'a  b'","effect":"require_approval","approvals":1},
 {"type":"expression","when":"purpose == \"\"","effect":"deny"}]`

// TestFormsLoseNothing opens the editor with every kind of rule and saves it
// untouched, with and without a detour over JSON: the rules are the same.
func TestFormsLoseNothing(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	id := f.liveAdmin.policy("Everything", everyRule)
	path := "/v1/policies/" + id
	before := f.liveAdmin.do("GET", path, nil)
	edit := f.owner.get("/policies/" + id + "/edit").want(http.StatusOK)
	mannered(t, edit)
	edit.submit("button[value='save:active']").want(http.StatusSeeOther)
	after := f.liveAdmin.do("GET", path, nil)
	if after["version"] != json.Number("2") && fmt.Sprint(after["version"]) != "2" || !reflect.DeepEqual(before["rules"], after["rules"]) {
		t.Errorf("before %v\nafter  %v", before["rules"], after["rules"])
	}
	asJSON := f.owner.get("/policies/" + id + "/edit").submit("button[value=json]").want(http.StatusOK)
	if !strings.Contains(asJSON.text("textarea[name=json]"), `"casino-*"`) {
		t.Errorf("the JSON is %s", asJSON.text("textarea"))
	}
	asForms := asJSON.submit("button[value=form]").want(http.StatusOK)
	asForms.submit("button[value='save:active']").want(http.StatusSeeOther)
	if again := f.liveAdmin.do("GET", path, nil); !reflect.DeepEqual(before["rules"], again["rules"]) {
		t.Errorf("before     %v\nover JSON  %v", before["rules"], again["rules"])
	}
	asJSON.submit("button[value='save:active']").want(http.StatusConflict) // it is at version 3 by now
}

// TestAPolicyWithoutScripts makes one as a browser does that runs none.
func TestAPolicyWithoutScripts(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	bot := f.liveAdmin.agent("procurement-bot")
	f.liveAdmin.agent("other-bot")
	page := f.owner.get("/policies/new").want(http.StatusOK)
	page = page.submit("button[value=add]", "name", "Buying", "add", "limit").want(http.StatusOK)
	page = page.submit("button[value=add]", "add", "expression", "rules[0].amount", "5000").want(http.StatusOK)
	page = page.submit("button[value='up:1']", "rules[1].when", "amount > 100.0").want(http.StatusOK)
	if got := attribute(page.find("[name='rules[0].type']"), "value"); got != "expression" {
		t.Errorf("the first rule is %q", got)
	}
	page = page.submit("button[value=find]", "whom", "some", "agent_search", "PROC").want(http.StatusOK)
	if found := page.text("#policy-agents"); !strings.Contains(found, "procurement-bot") || strings.Contains(found, "other-bot") {
		t.Errorf("the search finds %q", found)
	}
	said := page.text("#policy-preview")
	for _, s := range []string{"when this is true: amount > 100.0", "Each covered agent may spend 5,000.00 USD a month (the company's time, Europe/Berlin)."} {
		if !strings.Contains(said, s) {
			t.Errorf("the preview does not say %q: %s", s, said)
		}
	}
	done := page.submit("button[value='save:shadow']", "agents", bot).want(http.StatusSeeOther).follow().want(http.StatusOK)
	for _, s := range []string{"Buying", "Shadow", "procurement-bot", "5,000.00 USD"} {
		if !strings.Contains(done.text("main"), s) {
			t.Errorf("the page does not say %q: %s", s, brief(done))
		}
	}
	removed := f.owner.get(strings.TrimSuffix(done.path, "/") + "/edit").submit("button[value='remove:0']").want(http.StatusOK)
	if removed.has("[name='rules[1].type']") {
		t.Error("the rule is still there")
	}
}

func TestWhatIsWrongStandsAtItsField(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	fill := []string{"name", "", "whom", "all", "effective_from", "2026-03-29T02:30",
		"rules[0].type", "transaction_limit", "rules[0].amount", "12,50", "rules[0].currency", "usd",
		"rules[1].type", "mcc", "rules[1].mode", "allow", "rules[1].values", "7372, 12",
		"rules[2].type", "expression", "rules[2].when", "amount >", "rules[2].effect", "deny",
		"rules[3].type", "velocity", "rules[3].count", "many", "rules[3].window_n", "1", "rules[3].window_unit", "s"}
	for _, do := range []string{"save:active", "check", "simulate:30"} {
		page := f.owner.post("/policies/new", append([]string{"do", do}, fill...)...).want(http.StatusUnprocessableEntity)
		mannered(t, page)
		for _, said := range []string{"A policy needs a name.", "like 3000 or 249.99", "Entry 2:", "Line 1, column 9", "From 10s to 31d", "whole number", "clocks are put forward"} {
			if !strings.Contains(page.text("main"), said) {
				t.Errorf("%s: nobody says %q", do, said)
			}
		}
		if got := attribute(page.find("[name='rules[0].amount']"), "value"); got != "12,50" {
			t.Errorf("%s: what was typed became %q", do, got)
		}
		if !has(page.find("[name='rules[0].amount']"), "aria-invalid") || page.text("mark") != "" && strings.TrimSpace(page.text("mark")) != "" {
			t.Errorf("%s: the fields are not marked", do)
		}
	}
	if list := f.liveAdmin.do("GET", "/v1/policies", nil); len(list["data"].([]any)) != 0 {
		t.Error("something was saved")
	}
	f.owner.post("/policies/new", "do", "save:archived", "name", "x", "rules[0].type", "velocity", "rules[0].count", "1", "rules[0].window_n", "1", "rules[0].window_unit", "h").
		want(http.StatusBadRequest)
	f.owner.post("/policies/new", "do", "save:active", "name", "x").want(http.StatusUnprocessableEntity)
}

func TestJSONThatIsWrong(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for text, said := range map[string]string{
		"[{\n  \"type\": }]":  "line 2, column 11",
		"":                    "line 1, column 1",
		`{"type":"velocity"}`: "A list of rules is expected",
		`[{"type":"velocity","window":"1h","nope":1}]`: "There is no such field here.",
	} {
		page := f.owner.post("/policies/new", "do", "form", "as", "json", "name", "x", "json", text).want(http.StatusUnprocessableEntity)
		if !strings.Contains(page.text("main"), said) {
			t.Errorf("%s: nobody says %q: %s", text, said, page.text("[role=alert]"))
		}
		if got := strings.TrimSpace(page.text("textarea[name=json]")); got != strings.Join(strings.Fields(text), " ") {
			t.Errorf("what was typed became %q", got)
		}
	}
}

func TestSomebodyElseSavedMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	id := f.liveAdmin.policy("Procurement", someRules)
	mine := f.owner.get("/policies/" + id + "/edit").want(http.StatusOK)
	f.admin.get("/policies/"+id+"/edit").submit("button[value='save:active']", "rules[0].amount", "2500").want(http.StatusSeeOther)
	late := mine.submit("button[value='save:active']", "rules[0].amount", "1234").want(http.StatusConflict)
	mannered(t, late)
	for _, said := range []string{"admin@acme.test saved version 2", "3,000.00 USD", "2,500.00 USD"} {
		if !strings.Contains(late.text("#stale"), said) {
			t.Errorf("it does not say %q: %s", said, late.text("#stale"))
		}
	}
	if got := attribute(late.find("[name='rules[0].amount']"), "value"); got != "1234" {
		t.Errorf("what was typed became %q", got)
	}
	if f.liveAdmin.do("GET", "/v1/policies/"+id, nil)["version"] != float64(2) {
		t.Error("something was saved")
	}
	late.submit("button[value='save:active']").want(http.StatusSeeOther)
	page := f.owner.get("/policies/" + id).text("main")
	if !strings.Contains(page, "1,234.00 USD") || !strings.Contains(page, "Version 3") {
		t.Errorf("after all: %s", page)
	}
}

// TestTryingAChange keeps the active policy as it is and puts a shadow beside
// it, whose rules lead back into the editor of the first.
func TestTryingAChange(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	bot := f.liveAdmin.agent("bot")
	id := f.liveAdmin.policy("Procurement", someRules)
	done := f.owner.get("/policies/"+id+"/edit").submit("button[value=try]", "rules[0].amount", "5").want(http.StatusSeeOther).follow().want(http.StatusOK)
	if !strings.Contains(done.text("h1"), "Procurement (trial)") || !strings.Contains(done.text("main"), "Shadow") {
		t.Fatalf("the trial: %s", brief(done))
	}
	if spent := f.live.spend(bot, "100.00", "AWS"); spent["decision"] != "APPROVED" {
		t.Errorf("the shadow decides: %v", spent)
	}
	shadow := f.owner.get(done.path + "/shadow").want(http.StatusOK)
	mannered(t, shadow)
	if said := shadow.text("main"); !strings.Contains(said, "1 request that was approved would be denied: 100.00 USD") {
		t.Errorf("what it would have said: %s", said)
	}
	back := f.owner.get(attribute(shadow.find("a[href*=rules_of]"), "href")).want(http.StatusOK)
	back.submit("button[value='save:active']").want(http.StatusSeeOther)
	if spent := f.live.spend(bot, "100.00", "AWS"); spent["decision"] != "DENIED" {
		t.Errorf("the change is not in force: %v", spent)
	}
	f.owner.get("/policies/" + id + "/edit?rules_of=pol_x").want(http.StatusNotFound)
}

func TestTimesAreTheCompanys(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	id := fmt.Sprint(f.liveAdmin.do("POST", "/v1/policies", map[string]any{"name": "Dated", "rules": json.RawMessage(someRules),
		"effective_from": "2026-07-01T10:00:31.5Z"})["id"])
	edit := f.owner.get("/policies/" + id + "/edit").want(http.StatusOK)
	if got := attribute(edit.find("[name=effective_from]"), "value"); got != "2026-07-01T12:00" {
		t.Errorf("the field holds %q", got)
	}
	edit.submit("button[value='save:active']", "effective_to", "2026-12-01T00:00").want(http.StatusSeeOther)
	p := f.liveAdmin.do("GET", "/v1/policies/"+id, nil)
	if p["effective_from"] != "2026-07-01T10:00:31.5Z" || p["effective_to"] != "2026-11-30T23:00:00Z" {
		t.Errorf("from %v to %v", p["effective_from"], p["effective_to"])
	}
	f.owner.get("/policies/"+id+"/edit").submit("button[value='save:active']", "effective_to", "2026-06-01T00:00").want(http.StatusUnprocessableEntity)
}

func TestPartsOfTheEditor(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for i := range 60 {
		f.liveAdmin.agent(fmt.Sprintf("bot-%02d", i))
	}
	mine := f.liveAdmin.agent("mine")
	found := f.owner.post("/policies/agents", "whom", "some", "agent_search", "bot", "agents", mine).want(http.StatusOK)
	if n := len(found.all("input[name=agents]")); n != foundAgents+1 || len(found.all("input[checked]")) != 1 || !strings.Contains(found.text("body"), "type more") {
		t.Errorf("%d agents: %s", n, brief(found))
	}
	wrong := f.owner.post("/policies/expression?field=rules[3].when", "rules[3].when", "amount > 1.0 &&\n merchant.nmae == 'x'").want(http.StatusOK)
	if !strings.Contains(wrong.text("p"), "Line 2, column 10") || wrong.text("mark") != "." {
		t.Errorf("the note: %s, at %q", wrong.text("p"), wrong.text("mark"))
	}
	right := f.owner.post("/policies/expression?field=when", "when", "amount > 1.0").want(http.StatusOK)
	if !strings.Contains(right.text("p"), "can be used") {
		t.Errorf("the note: %s", brief(right))
	}
	said := f.owner.post("/policies/preview", "rules[0].type", "transaction_limit", "rules[0].amount", "0.5", "rules[0].currency", "JPY",
		"rules[7].type", "new_merchant", "rules[7].effect", "deny").want(http.StatusOK)
	if got := said.text("ol"); !strings.Contains(got, "Limit of one payment: not finished yet") || !strings.Contains(got, "never paid") {
		t.Errorf("the preview: %s", got)
	}
}
