package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestSettingsOfACompany(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	old := f.owner.open("/settings/company").want(http.StatusOK)
	f.owner.open("/test/settings/company").submit("form[action$='/settings/company']", "time_zone", "Asia/Tokyo", "approval_timeout", "90m",
		"token_audience", "https://pay.example", "require_redemption", "yes").want(http.StatusSeeOther)
	now := f.session(f.owner, true).do("GET", "/v1/company", nil)
	if now["time_zone"] != "Asia/Tokyo" || now["approval_timeout"] != "90m" || now["token_audience"] != "https://pay.example" || now["require_redemption"] != true {
		t.Errorf("%v", now)
	}
	stale := old.submit("form[action$='/settings/company']", "name", "Mine").want(http.StatusConflict)
	if !strings.Contains(stale.text("[role=alert]"), "Asia/Tokyo") || attribute(stale.find("#field-name"), "value") != "Mine" {
		t.Errorf("a form that somebody overtook: %s", brief(stale))
	}
	stale.submit("form[action$='/settings/company']").want(http.StatusSeeOther)
	if now := f.session(f.owner, true).do("GET", "/v1/company", nil); now["name"] != "Mine" || now["time_zone"] == "Asia/Tokyo" {
		t.Errorf("saved again: %v", now)
	}
	f.owner.open("/settings/company").submit("form[action$='/settings/company']", "time_zone", "Asia/Tokyo").want(http.StatusSeeOther)
	wrong := f.owner.open("/settings/company").submit("form[action$='/settings/company']", "name", " ", "currency", "gold", "time_zone", "Moon/Base",
		"approval_timeout", "soon", "token_audience", "a b").want(http.StatusUnprocessableEntity)
	for _, name := range []string{"name", "currency", "time_zone", "approval_timeout", "token_audience"} {
		if wrong.text("#field-"+name+"-error") == "" {
			t.Errorf("nothing is said about %s", name)
		}
	}
	if a := f.viewer.open("/settings/company").want(http.StatusOK); a.has("main form") || !strings.Contains(a.text("main"), "Asia/Tokyo") {
		t.Errorf("a viewer sees: %s", brief(a))
	}
}

// TestFreezeEverything stops one mode, says so on every page, and ends.
func TestFreezeEverything(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.testAdmin.agent("bot")
	f.testAdmin.policy("All", `[{"type": "transaction_limit", "amount": 100, "currency": "usd"}]`)
	asked := f.admin.open("/test/settings/company/freeze").want(http.StatusOK)
	if got := f.test.spend("bot", "1.00", "Shop")["decision"]; got != "APPROVED" {
		t.Fatalf("asking froze something: %v", got)
	}
	asked.submit("form[action$='/freeze']").want(http.StatusSeeOther)
	if got := f.test.spend("bot", "1.00", "Shop")["reason_code"]; got != "company_frozen" {
		t.Errorf("while frozen: %v", got)
	}
	if a := f.viewer.open("/test/settings"); !strings.Contains(a.text("[role=status]"), "is frozen") {
		t.Errorf("a page does not say it: %s", brief(a))
	}
	if a := f.viewer.open("/settings"); strings.Contains(a.text("main"), "is frozen") {
		t.Error("live mode is frozen too")
	}
	page := f.admin.open("/test/settings/company")
	if page.has("a[href$='/freeze']") {
		t.Error("what is frozen can be frozen again")
	}
	page.submit("form[action$='/unfreeze']").want(http.StatusSeeOther)
	if got := f.test.spend("bot", "1.00", "Shop")["decision"]; got != "APPROVED" {
		t.Errorf("afterwards: %v", got)
	}
}
