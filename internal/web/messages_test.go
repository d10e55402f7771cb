package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestWhatIsMailed: each member chooses among the kinds of their role, for each
// mode by itself.
func TestWhatIsMailed(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	page := f.owner.open("/settings/messages").want(http.StatusOK)
	if n := len(page.all("input[type=checkbox]:checked")); n != 7 {
		t.Errorf("%d of 7 kinds are on for an owner", n)
	}
	f.approver.open("/settings/messages").submit("form[action='/settings/messages']", "mail_decision", "").want(http.StatusSeeOther)
	after := f.approver.open("/settings/messages")
	if after.has("input[name=mail_decision]:checked") || !after.has("input[name=mail_hold]:checked") || after.has("input[name=mail_key]") || after.has("input[name=url]") {
		t.Errorf("an approver sees %s", brief(after))
	}
	if !f.approver.open("/test/settings/messages").has("input[name=mail_decision]:checked") {
		t.Error("test mode followed")
	}
	if viewer := f.viewer.open("/settings/messages").want(http.StatusOK); viewer.has("input[name=mail_hold]") || viewer.has("select[name=stand_in]") {
		t.Errorf("a viewer sees %s", brief(viewer))
	}
}

// TestStandInOnThePage: named, seen by others, ended; what was typed is kept.
func TestStandInOnThePage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	const form = "form[action$='/away']"
	page := f.owner.open("/settings/messages")
	able := page.text("select[name=stand_in]")
	if strings.Contains(able, "viewer@") || strings.Contains(able, "owner@") || !strings.Contains(able, "approver@acme.test") {
		t.Errorf("who may stand in: %s", able)
	}
	second := attribute(page.find("select[name=stand_in] option:nth-child(2)"), "value")
	wrong := page.submit(form, "stand_in", second, "from", "2026-02-31", "until", "2020-01-01").want(http.StatusUnprocessableEntity)
	if wrong.text("#field-from-error") == "" || attribute(wrong.find("#field-until"), "value") != "2020-01-01" {
		t.Errorf("a wrong period: %s", brief(wrong))
	}
	page.submit(form, "stand_in", second, "until", "2020-01-01").want(http.StatusUnprocessableEntity)
	page.submit(form, "stand_in", "mem_nobody", "until", time.Now().Format(time.DateOnly)).want(http.StatusUnprocessableEntity)
	page.submit(form, "stand_in", second, "until", time.Now().Add(72*time.Hour).Format(time.DateOnly)).want(http.StatusSeeOther)
	if seen := f.viewer.open("/test/settings/messages").text("main"); !strings.Contains(seen, "owner@acme.test is away") {
		t.Errorf("a viewer sees %s", seen)
	}
	f.owner.open("/settings/messages").submit("form[action$='/back']").want(http.StatusSeeOther)
	if seen := f.viewer.open("/settings/messages").text("main"); strings.Contains(seen, "is away") {
		t.Errorf("back, and a viewer sees %s", seen)
	}
	f.viewer.post("/settings/messages/away", "stand_in", second).want(http.StatusForbidden)
	f.approver.post("/settings/messages/slack", "url", "https://93.184.216.34/").want(http.StatusForbidden)
}

// TestChannelOnThePage: its address is checked, and shown by its ends alone.
func TestChannelOnThePage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	const form = "form[action$='/slack']"
	for _, address := range []string{"https://10.0.0.1/canary", "http://example.com/canary", "canary"} {
		a := f.admin.open("/settings/messages").submit(form, "url", address).want(http.StatusUnprocessableEntity)
		if a.text("#field-url-error") == "" || strings.Contains(fmt.Sprint(attribute(a.find("#field-url"), "value")), "canary") {
			t.Errorf("%s: %s", address, brief(a))
		}
	}
	f.admin.open("/settings/messages").submit(form, "url", "https://93.184.216.34/services/canary-wxyz").want(http.StatusSeeOther)
	page := f.owner.open("/settings/messages")
	if text := page.text("main"); !strings.Contains(text, "93.184.216.34") || !strings.Contains(text, "wxyz") || strings.Contains(string(page.body), "canary") {
		t.Errorf("it shows %s", text)
	}
	if text := f.owner.open("/test/settings/messages").text("main"); !strings.Contains(text, "No channel hears") {
		t.Errorf("test mode shows %s", text)
	}
	page.submit("form[action$='/disconnect']").want(http.StatusSeeOther)
	if text := f.owner.open("/settings/messages").text("main"); !strings.Contains(text, "No channel hears") {
		t.Errorf("disconnected, and it shows %s", text)
	}
}
