package web

import (
	"net/http"
	"strings"
	"testing"
)

// memberPage is the page of a member, found in the list by the address.
func (b *browser) memberPage(email string) *answer {
	b.w.t.Helper()
	for _, li := range b.open("/settings/members").all("main li") {
		if links := all(li, "a"); strings.Contains(text(li), email) && len(links) == 1 {
			return b.open(attribute(links[0], "href"))
		}
	}
	b.w.t.Fatalf("%s is not in the list, or cannot be changed", email)
	return nil
}

// TestMembersComeAndGo changes a role, which counts at once, and removes.
func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.viewer.get("/settings/keys").want(http.StatusForbidden)
	f.admin.memberPage("viewer@acme.test").submit("form[action$='/role']", "role", "admin").want(http.StatusSeeOther)
	f.viewer.get("/settings/keys").want(http.StatusOK)
	f.admin.memberPage("viewer@acme.test").submit("form[action$='/role']", "role", "emperor").want(http.StatusUnprocessableEntity)
	f.admin.memberPage("viewer@acme.test").submit("form[action$='/remove']").want(http.StatusSeeOther)
	if a := f.viewer.open("/overview"); a.path != "/welcome" {
		t.Errorf("who is removed is led to %s", a.path)
	}
}

// TestOwnersAreOwnersAffair keeps admins from owners, and the last owner.
func TestOwnersAreOwnersAffair(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	list := f.admin.open("/settings/members")
	if list.has("option[value=owner]") {
		t.Error("an admin may invite an owner")
	}
	f.admin.post("/settings/members", "email", "o@x.test", "role", "owner").want(http.StatusForbidden)
	page := f.owner.memberPage("owner@acme.test")
	if a := f.admin.open(page.path); a.has("form[action$='/remove']") {
		t.Error("an admin is offered to remove the owner")
	}
	f.admin.post(page.path + "/remove").want(http.StatusForbidden)
	for _, last := range []*answer{page.submit("form[action$='/role']", "role", "viewer"), page.submit("form[action$='/remove']")} {
		last.want(http.StatusUnprocessableEntity)
		if !strings.Contains(last.text("[role=alert]"), "needs an owner") {
			t.Errorf("the last owner: %s", brief(last))
		}
	}
}

// TestAnInvitationComesBack with what was wrong.
func TestAnInvitationComesBack(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	form := f.admin.open("/settings/members")
	wrong := form.submit("form[action='/settings/members']", "email", "nonsense", "role", "viewer").want(http.StatusUnprocessableEntity)
	if wrong.text("#field-email-error") == "" || attribute(wrong.find("#field-email"), "value") != "nonsense" || !wrong.has("option[value=viewer][selected]") {
		t.Errorf("%s", brief(wrong))
	}
	twice := form.submit("form[action='/settings/members']", "email", "viewer@acme.test").want(http.StatusUnprocessableEntity)
	if twice.text("[role=alert]") == "" {
		t.Errorf("%s", brief(twice))
	}
	mails := len(f.mailbox.Items())
	form.submit("form[action='/settings/members']", "email", "new@acme.test").want(http.StatusSeeOther)
	if len(f.mailbox.Items()) != mails+1 {
		t.Error("no invitation was mailed")
	}
}
