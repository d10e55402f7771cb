package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestFromNothingToTheFirstRequest goes through the guide without a script, and
// leaves it after each step: it goes on where it was.
func TestFromNothingToTheFirstRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("first@corp.test")
	page := b.open("/overview").want(http.StatusOK)
	at := func(step string) {
		t.Helper()
		if got := page.text("[aria-current=step]"); !strings.Contains(got, step) {
			t.Fatalf("the step is %q, wanted %s", got, step)
		}
	}
	at("Your company")
	wrong := page.submit("form[action='/welcome/company']", "name", "", "currency", "xxx", "time_zone", "Mars/Olympus").want(http.StatusUnprocessableEntity)
	for _, name := range []string{"name", "currency", "time_zone"} {
		if !wrong.has("#field-" + name + "-error") {
			t.Errorf("nothing is said about %s", name)
		}
	}
	if got := attribute(wrong.find("#field-time_zone"), "value"); got != "Mars/Olympus" || wrong.has("[data-browser-zone]") {
		t.Errorf("what was typed became %q, or the browser's zone takes its place", got)
	}
	wrong.submit("form[action='/welcome/company']", "name", "Corp", "currency", "eur", "time_zone", "Europe/Berlin").want(http.StatusSeeOther)

	page = b.open("/overview") // coming back
	at("First agent")
	taken := page.submit("form[action='/welcome/agent']", "handle", "Not A Handle", "name", "Bot").want(http.StatusUnprocessableEntity)
	if taken.text("#field-handle-error") == "" || attribute(taken.find("#field-name"), "value") != "Bot" {
		t.Errorf("%s", brief(taken))
	}
	taken.submit("form[action='/welcome/agent']", "handle", "corp-bot").want(http.StatusSeeOther)
	page = b.open("/overview")
	at("First policy")
	if n := len(page.all("input[name=preset]")); n != 3 || !strings.Contains(page.text("fieldset"), "EUR") {
		t.Errorf("%d presets: %s", n, page.text("fieldset"))
	}
	page.submit("form[action='/welcome/policy']", "preset", "reckless").want(http.StatusUnprocessableEntity)
	page.submit("form[action='/welcome/policy']", "preset", "trusting").want(http.StatusSeeOther)
	page = b.open("/overview")
	at("First key")
	made := page.submit("form[action='/welcome/key']").want(http.StatusOK)
	key := made.text("#secret")
	if !strings.HasPrefix(key, "ag_test_") || !strings.Contains(made.text("#curl"), key) {
		t.Fatalf("the key is %q, the line %q", key, made.text("#curl"))
	}
	page = b.open("/welcome")
	at("First request")
	if page.has("#secret") || strings.Contains(page.body, key) {
		t.Error("the key is shown a second time")
	}
	if got := b.part("/welcome/arrival").want(http.StatusOK); got.has("[data-arrived]") || !got.has("[hx-trigger]") {
		t.Errorf("before the request: %s", got.body)
	}

	body := regexp.MustCompile(`-d '([^']+)'`).FindStringSubmatch(made.find("#curl").FirstChild.Data)[1]
	answer := caller{w, [][2]string{{"X-API-Key", key}}}.do("POST", "/v1/authorize", json.RawMessage(body))
	if answer["decision"] != "APPROVED" {
		t.Errorf("the example is %v: %v", answer["decision"], answer["reason"])
	}
	got := b.part("/welcome/arrival").want(http.StatusOK)
	if !strings.Contains(got.text("[data-arrived]"), "5.00 EUR at AWS") || got.has("[hx-trigger]") {
		t.Errorf("after the request: %s", got.body)
	}
	b.open("/welcome").submit("form[action='/welcome/leave']").want(http.StatusSeeOther)
	if page = b.open("/overview"); page.path != "/overview" {
		t.Errorf("who left the guide is led to %s", page.path)
	}
	live := w.session(b, true)
	if agents, policies := live.do("GET", "/v1/agents", nil), live.do("GET", "/v1/policies", nil); first(agents) == "none" || first(policies) == "none" {
		t.Error("live mode has no agent or no policy")
	}
}

// TestTheGuideIsForThoseWhoManage keeps others out, and the steps in order.
func TestTheGuideIsForThoseWhoManage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	if a := f.viewer.get("/welcome"); a.to() != "/overview" {
		t.Errorf("a viewer is led to %q", a.to())
	}
	for _, step := range []string{"agent", "policy", "key"} {
		f.viewer.post("/welcome/" + step).want(http.StatusForbidden)
		f.stranger.post("/welcome/" + step).want(http.StatusSeeOther)
	}
	f.owner.open("/welcome")
	if a := f.owner.post("/welcome/key").want(http.StatusSeeOther); a.to() != "/welcome" {
		t.Errorf("a key before the agent: %s", a.to())
	}
	f.owner.post("/welcome/company", "name", "Another").want(http.StatusSeeOther)
	if n := len(f.session(f.owner, true).do("GET", "/v1/auth/session", nil)["companies"].([]any)); n != 1 {
		t.Errorf("the owner has %d companies", n)
	}
}

// TestAnInvitedPersonNeedsNoGuide becomes a member by signing in.
func TestAnInvitedPersonNeedsNoGuide(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.owner.open("/settings/members").submit("form[action='/settings/members']", "email", "late@acme.test", "role", "viewer").want(http.StatusSeeOther)
	if a := f.signIn("late@acme.test").open("/overview").want(http.StatusOK); a.path != "/overview" {
		t.Errorf("an invited person is led to %s", a.path)
	}
}

// TestFirstCompanyOnce sends the form many times at once, as an impatient hand
// does.
func TestFirstCompanyOnce(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.stranger.open("/welcome")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { f.stranger.post("/welcome/company", "name", "Corp", "currency", "usd", "time_zone", "UTC") })
	}
	all.Wait()
	var n int
	f.must(f.pool.QueryRow(t.Context(), `SELECT count(*) FROM companies WHERE name = 'Corp'`).Scan(&n))
	if n != 1 {
		t.Errorf("%d companies", n)
	}
}
