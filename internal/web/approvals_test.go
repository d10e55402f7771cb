package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// office is a firm with an agent whose requests above 100 USD are held.
type office struct {
	*firm
	agent, policy string
}

const holdRules = `[{"type": "approval_threshold", "amount": 100, "currency": "usd"},
	{"type": "limit", "period": "month", "amount": 5000, "currency": "usd"}]`

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{firm: newFirm(t)}
	o.agent, o.policy = o.liveAdmin.agent("buyer"), o.liveAdmin.policy("Purchases", holdRules)
	return o
}

// hold asks to spend what has to be held, and gives the approval's id.
func (o *office) hold(amount, merchant string) string {
	o.t.Helper()
	return approvalOf(o.t, o.live.spend(o.agent, amount, merchant))
}

func approvalOf(t testing.TB, made map[string]any) string {
	t.Helper()
	approval, ok := made["approval"].(map[string]any)
	if !ok {
		t.Fatalf("nothing was held: %v", made)
	}
	return fmt.Sprint(approval["id"])
}

// stands is where an approval's authorization stands, and for how much.
func (o *office) stands(approval string) string {
	o.t.Helper()
	got := o.session(o.owner, true).do("GET", "/v1/approvals/"+approval, nil)
	a := got["authorization"].(map[string]any)
	return fmt.Sprint(got["status"], " ", a["status"], " ", a["amount"])
}

func (o *office) wantStands(approval, want string) {
	o.t.Helper()
	if got := o.stands(approval); got != want {
		o.t.Errorf("it is %s, wanted %s", got, want)
	}
}

// card is the selector of a request.
func card(approval string) string { return "#request-" + approval }

// says fails where an answer does not say something.
func (a *answer) says(selector string, wanted ...string) {
	a.b.w.t.Helper()
	for _, w := range wanted {
		if got := a.text(selector); !strings.Contains(got, w) {
			a.b.w.t.Errorf("%s: %s does not say %q: %s", a.path, selector, w, got)
		}
	}
}

func TestInboxShowsWhatHelpsToDecide(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.hold("240.00", "AWS")
	page := o.approver.get("/approvals").want(http.StatusOK)
	page.says(card(id), "240.00 USD to AWS", "buyer", "a test", "Asks one owner, admin or approver above 100.00 USD.",
		"Rule 1 of Purchases , version 1. 0 of 1 person approved.", "left 5,000.00 USD , then 4,760.00 USD of 5,000.00 USD",
		"Never paid before.", "nobody had to decide on this merchant before", "h 59 min left")
	page.says("button", "Approve 240.00 USD to AWS", "Deny 240.00 USD to AWS")
	page.says(".waiting-count", "1")
	if page.has("#inbox a[href*=approve]") {
		t.Error("a link decides")
	}
	for _, verb := range []string{"approve", "deny"} {
		if a := o.approver.get("/approvals/" + id + "/" + verb); a.status < 400 {
			t.Errorf("GET %s answers %d", verb, a.status)
		}
	}
	o.approver.get("/approvals/"+id).want(http.StatusOK).says(card(id), "240.00 USD to AWS")
	o.wantStands(id, "pending held 240")
}

func TestApproveAsShown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.hold("240.00", "AWS")
	done := o.approver.get("/approvals").submit(card(id) + " [data-approve]").want(http.StatusSeeOther)
	if done.to() != "/approvals" {
		t.Errorf("it leads to %s", done.to())
	}
	done.follow().says("main", "Approved 240.00 USD to AWS.", "Nothing waits for a decision")
	o.wantStands(id, "approved pending 240")
	o.approver.get("/approvals?show=decided").says("main", "Approved", "240.00 USD to AWS", "approver@acme.test")
	o.approver.get("/approvals/"+id).says("main", "Approved for 240.00 USD", "approver@acme.test approved")
	// The same form again, as from a second window.
	again := o.approver.post("/approvals/"+id+"/approve", "shown", "x", "amount", "240.00").want(http.StatusConflict)
	again.says("[role=alert]", "This was approved before you said so.")
}

func TestApproveLessAndDeny(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id, other := o.hold("240.00", "AWS"), o.hold("300.00", "Dell")
	page := o.approver.get("/approvals")
	less := card(id) + " [name=comment]"
	for _, amount := range []string{"240.01", "abc", "0", "1.234", ""} {
		wrong := page.submit(less, "amount", amount, "comment", "<b>my words</b>").want(http.StatusUnprocessableEntity)
		if got := attribute(wrong.find(card(id)+"-amount"), "aria-invalid"); got == "" && !wrong.has("[aria-invalid]") {
			t.Errorf("%q: the field is not marked", amount)
		}
		wrong.says("textarea[name=comment]", "<b>my words</b>")
		if got := attribute(wrong.find(card(id)+"-amount"), "value"); amount != "" && got != amount {
			t.Errorf("typed %q, and it says %q", amount, got)
		}
	}
	o.wantStands(id, "pending held 240")
	page.submit(less, "amount", "200", "comment", "Enough").want(http.StatusSeeOther).follow().says("main", "Approved 200.00 USD of the 240.00 USD to AWS.")
	o.wantStands(id, "approved pending 200")
	page.submit(card(other)+" [name=reason]", "reason", strings.Repeat("x", 1001)).want(http.StatusUnprocessableEntity)
	page.submit(card(other)+" [name=reason]", "reason", "Not this quarter").want(http.StatusSeeOther).follow().says("main", "Denied 300.00 USD to Dell.")
	o.wantStands(other, "denied denied 300")
	o.approver.get("/approvals?show=decided&status=denied").says("main", "300.00 USD to Dell", "Not this quarter")
	o.approver.get("/approvals?show=decided&status=expired").says("main", "Nothing matches")
	if o.approver.get("/approvals?show=decided&status=expired").has("main ul.panel") {
		t.Error("something expired")
	}
}

// What was shown is what is approved: a rule that is written anew shows the
// request again.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.hold("240.00", "AWS")
	page := o.approver.get("/approvals")
	o.liveAdmin.do("PUT", "/v1/policies/"+o.policy, map[string]any{"name": "Purchases", "status": "active",
		"rules": []map[string]any{{"type": "approval_threshold", "amount": 50, "currency": "usd"}}})
	changed := page.submit(card(id) + " [data-approve]").want(http.StatusConflict)
	changed.says("[role=alert]", "is not as you were shown it. Nothing was decided.")
	changed.says(card(id), "it is at version 2")
	o.wantStands(id, "pending held 240")
	shown := attribute(page.find(card(id)+" [name=shown]"), "value")
	part := o.approver.do(http.MethodPost, "/approvals/"+id+"/deny", form("csrf", o.approver.csrf, "shown", shown, "reason", "typed").Encode(), "HX-Request", "true")
	part.want(http.StatusConflict).says("textarea[name=reason]", "typed")
	if part.whole() {
		t.Error("htmx is given a whole page")
	}
	o.approver.post("/approvals/"+id+"/approve", "amount", "240.00").want(http.StatusConflict)
	o.wantStands(id, "pending held 240")
	changed.submit(card(id) + " [data-approve]").want(http.StatusSeeOther)
	o.wantStands(id, "approved pending 240")
}

func TestRetriesAreOneRequest(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first, second, third := o.hold("240.00", "AWS"), o.hold("240.00", "AWS"), o.hold("240.00", "AWS")
	page := o.approver.get("/approvals")
	if n := len(page.all("[data-request]")); n != 1 {
		t.Fatalf("%d requests are shown", n)
	}
	page.says(card(third), "Asked 3 times", "You decide on the newest request; 2 earlier ones will be voided as superseded.",
		"left 5,000.00 USD , then 4,760.00 USD")
	old := o.approver.get("/approvals/" + first).want(http.StatusOK)
	if old.has("[data-approve]") || !old.has("a[href='/approvals/"+third+"']") {
		t.Error("an earlier request can be decided by itself")
	}
	shown := o.session(o.approver, true).do("GET", "/v1/approvals/"+first, nil)["digest"]
	o.approver.post("/approvals/"+first+"/approve", "shown", fmt.Sprint(shown), "amount", "240.00").want(http.StatusConflict).
		says("[role=alert]", "has asked for the same again")
	page.submit(card(third)+" [data-approve]").want(http.StatusSeeOther).follow().
		says("main", "Approved 240.00 USD to AWS. 2 earlier requests for the same are voided as superseded.")
	o.wantStands(third, "approved pending 240")
	for _, id := range []string{first, second} {
		o.wantStands(id, "voided voided 240")
	}
	o.approver.get("/approvals/"+second).says("main", "Voided as superseded: a newer request for the same was decided")
}

func TestSeveralApprovers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.liveAdmin.policy("Large", `[{"type": "approval_threshold", "amount": 1000, "currency": "usd", "approvals": 2}]`)
	id := o.hold("1500.00", "Dell")
	page := o.approver.get("/approvals")
	page.says(card(id), "Asks two owners, admins or approvers above 1,000.00 USD.", "After you, 1 person more must approve")
	page.submit(card(id)+" [name=comment]", "amount", "1200", "comment", "Without the bags").want(http.StatusSeeOther).
		follow().says("main", "Your approval of 1,500.00 USD to Dell is counted.")
	mine := o.approver.get("/approvals")
	mine.says(card(id), "You have approved this already. It waits for others.", "approver@acme.test approved up to 1,200.00 USD")
	if mine.has(card(id) + " form") {
		t.Error("somebody may vote twice")
	}
	o.approver.post("/approvals/"+id+"/approve", "shown", shownOn(page, id), "amount", "1500.00").want(http.StatusConflict).
		says("[role=alert]", "You have decided this already.")
	next := o.admin.get("/approvals")
	next.says(card(id), "“Without the bags”", "Missing: 1 person more.", "1,200.00 USD at most")
	next.says("[data-approve]", "Approve 1,200.00 USD to Dell")
	next.submit(card(id) + " [data-approve]").want(http.StatusSeeOther)
	o.wantStands(id, "approved pending 1200")
}

func shownOn(a *answer, id string) string {
	return attribute(a.find(card(id)+" [name=shown]"), "value")
}

func TestWhoMayNotDecide(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	own := approvalOf(t, o.session(o.owner, true).spend(o.agent, "240.00", "AWS"))
	page := o.owner.get("/approvals")
	page.says(card(own), "You asked for this yourself, and nobody decides what they asked for themselves.", "through owner@acme.test")
	if page.has(card(own) + " form") {
		t.Error("the asker has a form")
	}
	shown := shownOn(o.admin.get("/approvals"), own)
	o.owner.post("/approvals/"+own+"/approve", "shown", shown, "amount", "240.00").want(http.StatusForbidden)
	seen := o.viewer.get("/approvals")
	seen.says("main", "Owners, admins and approvers decide.")
	if seen.has(card(own) + " form") {
		t.Error("a viewer has a form")
	}
	o.liveAdmin.policy("Owners decide", `[{"type": "approval_threshold", "amount": 2000, "currency": "usd", "approvers": ["role:owner"]}]`)
	o.wantStands(own, "pending held 240")
}

func TestFrozenCannotBeApproved(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.hold("240.00", "AWS")
	before := o.approver.get("/approvals")
	o.liveAdmin.do("POST", "/v1/agents/"+o.agent+"/freeze", nil)
	page := o.approver.get("/approvals")
	page.says(card(id), "buyer is frozen, so nothing of it can be approved.")
	if page.has("[data-approve]") {
		t.Error("there is a button to approve")
	}
	before.submit(card(id)+" [data-approve]").want(http.StatusConflict).says("[role=alert]", "frozen")
	page.submit(card(id)+" [name=reason]", "reason", "").want(http.StatusSeeOther)
	o.wantStands(id, "denied denied 240")
}

func TestNamesThatDeceive(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made := o.live.spend(o.agent, "40.00", "Amazon")
	o.live.do("POST", fmt.Sprint("/v1/authorize/", made["id"], "/confirm"), nil)
	fake, hidden := o.hold("240.00", "Аmazon"), o.hold("241.00", "shop\u200Bpublic")
	script, long := o.hold("242.00", "<script>alert(1)</script>"), o.hold("243.00", strings.Repeat("Wort", 50))
	page := o.approver.get("/approvals")
	page.says(card(fake), "This is not Amazon , which the company has paid. It only looks like it.", "U+0410 CYRILLIC CAPITAL LETTER A", "Never paid before.")
	page.says(card(hidden), "U+200B ZERO WIDTH SPACE")
	page.says(card(script), "<script>alert(1)</script>")
	page.says(card(long), strings.Repeat("Wort", 50))
	if strings.ContainsRune(page.body, '\u200B') {
		t.Error("the page has characters that are not seen")
	}
	if page.has("main script") {
		t.Error("a merchant's name is a script")
	}
	mannered(t, page)
}

func TestAMailsLinkOpensTheRequest(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.hold("240.00", "AWS")
	late := o.visitor()
	sent := late.get("/approvals/" + id).want(http.StatusSeeOther)
	if !strings.HasPrefix(sent.to(), "/sign-in?next=") {
		t.Fatalf("it leads to %s", sent.to())
	}
	late.get(sent.to()).want(http.StatusOK)
	late.post("/sign-in", "email", "admin@acme.test").want(http.StatusOK)
	token := linkToken.FindStringSubmatch(o.mailbox.Items()[0].Text)[1]
	in := late.post("/sign-in/verify", "token", token).want(http.StatusSeeOther)
	in.follow().want(http.StatusOK).says("h2", "240.00 USD to AWS")
	o.wantStands(id, "pending held 240")
	o.testAdmin.policy("Test", holdRules)
	held := approvalOf(t, o.test.spend(o.testAdmin.agent("buyer"), "240.00", "AWS"))
	late.get("/test/approvals/"+held).want(http.StatusOK).says("main", "Test mode", "240.00 USD to AWS")
	late.get("/approvals/" + held).want(http.StatusNotFound)
}

func TestPartsOfTheInbox(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.hold("240.00", "AWS")
	list := o.approver.part("/approvals").want(http.StatusOK)
	if list.whole() || !list.has("#inbox "+card(id)) {
		t.Errorf("htmx is given %s", list.body)
	}
	o.approver.part("/approvals/waiting").want(http.StatusOK).says("[hx-swap-oob]", "1 waiting")
	said := o.approver.do(http.MethodPost, "/approvals/"+id+"/approve",
		form("csrf", o.approver.csrf, "shown", shownOn(list, id), "amount", "240.00").Encode(), "HX-Request", "true", "Origin", "http://"+worldHost, "Sec-Fetch-Site", "same-origin")
	said.want(http.StatusOK).says("[role=status]", "Approved 240.00 USD to AWS.")
	if said.whole() || said.has(".badge-warning") {
		t.Errorf("what is left: %s", said.body)
	}
	o.approver.get("/approvals?before=nonsense").want(http.StatusNotFound)
}
