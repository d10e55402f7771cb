package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestAKeyIsShownOnce makes, replaces and revokes a key in both modes.
func TestAKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for mode, base := range map[string]string{"live": "", "test": "/test"} {
		admin := f.liveAdmin
		if mode == "test" {
			admin = f.testAdmin
		}
		admin.agent("worker")
		form := f.owner.open(base + "/settings/keys/new").want(http.StatusOK)
		made := form.submit("form[action$='/settings/keys']", "name", "Worker", "scopes", "spend", "agent", "worker",
			"expires_at", "2099-01-31", "per_minute", "50").want(http.StatusOK)
		secret := made.text("#secret")
		if !strings.HasPrefix(secret, "ag_"+mode+"_") || !strings.Contains(made.text("dl"), "50 requests in any 60 s") {
			t.Fatalf("%s: %s", secret, brief(made))
		}
		key := caller{f.world, [][2]string{{"X-API-Key", secret}}}
		if status, _ := key.try("GET", "/v1/budget/worker", nil); status != http.StatusOK {
			t.Errorf("the new key: %d", status)
		}
		list := f.owner.open(base + "/settings/keys")
		if strings.Contains(list.body, secret) || !strings.Contains(list.text("li"), "bound to worker") {
			t.Errorf("the list: %s", brief(list))
		}
		details := f.owner.open(attribute(list.find("main li a"), "href"))
		if strings.Contains(details.body, secret) || !strings.Contains(details.text("dl"), "1 Feb 2099, 00:00") {
			t.Errorf("the details: %s", brief(details))
		}
		details.submit("form[action$='/reroll']", "grace_seconds", "99999999").want(http.StatusUnprocessableEntity)
		next := details.submit("form[action$='/reroll']", "grace_seconds", "0").want(http.StatusOK)
		if status, _ := key.try("GET", "/v1/budget/worker", nil); status != http.StatusUnauthorized {
			t.Errorf("the replaced key: %d", status)
		}
		key = caller{f.world, [][2]string{{"X-API-Key", next.text("#secret")}}}
		f.owner.open(attribute(f.owner.open(base+"/settings/keys").find("main li a"), "href")).submit("form[action$='/revoke']").want(http.StatusSeeOther)
		if status, _ := key.try("GET", "/v1/budget/worker", nil); status != http.StatusUnauthorized {
			t.Errorf("the revoked key: %d", status)
		}
		if told := f.owner.open(base + "/settings/keys").text("[role=status]"); !strings.Contains(told, "Worker is revoked") {
			t.Errorf("it is said: %q", told)
		}
	}
}

// TestAFormOfAKeyComesBack has each mistake beside its field, with what was
// typed.
func TestAFormOfAKeyComesBack(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for at, pairs := range map[string][]string{
		"#field-name-error":       {"scopes", "spend"},
		"#scopes-error":           {"name", "A key", "agent", "kept"},
		"#field-agent-error":      {"name", "A key", "scopes", "spend", "agent", "nobody"},
		"#field-expires_at-error": {"name", "A key", "scopes", "spend", "expires_at", "2001-01-01"},
		"#field-per_minute-error": {"name", "A key", "scopes", "spend", "per_minute", "many"},
	} {
		a := f.owner.post("/settings/keys", pairs...).want(http.StatusUnprocessableEntity)
		if a.text(at) == "" {
			t.Errorf("%v: nothing at %s: %s", pairs, at, brief(a))
		}
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == "scopes" {
				if !a.has("input[name=scopes][value=" + pairs[i+1] + "][checked]") {
					t.Errorf("%v: the scope is not kept", pairs)
				}
			} else if got := attribute(a.find("#field-"+pairs[i]), "value"); got != pairs[i+1] {
				t.Errorf("%v: %s became %q", pairs, pairs[i], got)
			}
		}
	}
	a := f.owner.post("/settings/keys", "name", "Both", "scopes", "approvals", "scopes", "spend").want(http.StatusUnprocessableEntity)
	if a.text("#scopes-error") == "" {
		t.Errorf("a key that asks and approves: %s", brief(a))
	}
}

// TestWhoMayHaveWhichKey keeps each role to its own.
func TestWhoMayHaveWhichKey(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	form := f.approver.open("/settings/keys/new")
	if form.has("input[value=admin]") || form.has("input[value=spend]") || !form.has("input[value=approvals]") || form.has("input[name=per_minute]") {
		t.Errorf("an approver is offered: %s", brief(form))
	}
	f.approver.post("/settings/keys", "name", "Mine", "scopes", "approvals", "scopes", "read").want(http.StatusOK)
	f.approver.post("/settings/keys", "name", "Not mine", "scopes", "spend").want(http.StatusForbidden)
	f.admin.post("/settings/keys", "name", "Faster", "scopes", "spend", "per_minute", "9999").want(http.StatusForbidden)
	mine := attribute(f.approver.open("/settings/keys").find("main li a"), "href")
	if a := f.admin.open(mine); a.has("form[action$='/reroll']") || !a.has("form[action$='/revoke']") {
		t.Errorf("an admin may do with another's approvals key: %s", brief(a))
	}
	f.admin.post(mine+"/reroll", "grace_seconds", "0").want(http.StatusForbidden)
	theirs := attribute(f.approver.open("/settings/keys").all("main li a")[1], "href")
	f.approver.post(theirs + "/revoke").want(http.StatusForbidden)
	f.approver.post(mine + "/revoke").want(http.StatusSeeOther)
}
