package main

import (
	"encoding/json"
	"strings"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// editsAPolicy changes a limit: its sentence follows while it is typed, the
// simulation says what would have been decided, and from the save on it is.
func (o *town) editsAPolicy() {
	f := o.newFirm("editor", `[{"type":"transaction_limit","amount":500,"currency":"usd"}]`)
	f.asks("200", "Shop")
	f.asks("50", "Shop")
	w := f.at("/policies", f.token, browsertest.Look{})
	w.Go("main a[href^='/policies/pol_']")
	w.Go("main a[href$='/edit']")
	w.Type("[name='rules[0].amount']", "100")
	w.Until("the sentence", `document.querySelector("#policy-preview").innerText.includes("100.00 USD")`)
	w.Do("button[value='simulate:30']")
	w.Until("the simulation", `document.querySelector("#simulation").innerText.includes("1 of 2 decisions would have been")`)
	if said := w.Text("#simulation"); !strings.Contains(said, "200.00 USD") {
		f.t.Errorf("it says %q", said)
	}
	f.allowed("200.01", "APPROVED")
	w.Go("button[value='save:active']")
	w.At("/policies/pol_")
	w.Says("100.00 USD")
	f.allowed("200.02", "DENIED")
}

// editsAPolicyPlainly is the same where no script runs.
func (o *town) editsAPolicyPlainly() {
	f := o.newFirm("editorplain", `[{"type":"transaction_limit","amount":500,"currency":"usd"}]`)
	f.asks("200", "Shop")
	w := f.at("/policies", f.token, browsertest.Look{NoScript: true})
	w.Go("main a[href^='/policies/pol_']")
	w.Go("main a[href$='/edit']")
	w.Type("[name='rules[0].amount']", "100")
	w.Go("button[value='simulate:30']")
	if said := w.Text("#simulation"); !strings.Contains(said, "1 of 1 decisions would have been") {
		f.t.Errorf("it says %q", said)
	}
	w.Go("button[value='save:active']")
	w.Says("100.00 USD")
	f.allowed("200", "DENIED")
}

// allowed asks for the amount and wants the decision.
func (f *firm) allowed(amount, decision string) {
	f.t.Helper()
	if a := f.asks(amount, "Shop"); a.field(f.t, "decision") != decision {
		f.t.Errorf("%s: %s", amount, a.body)
	}
}

// freezesAnAgent sees the next request denied, and the one after the thaw not.
func (o *town) freezesAnAgent() {
	f := o.newFirm("freeze", `[{"type":"transaction_limit","amount":500,"currency":"usd"}]`)
	f.allowed("10", "APPROVED")
	w := f.at("/agents", f.token, browsertest.Look{})
	w.Go("main a[href^='/agents/agent_']")
	w.Go("form[action$='/freeze'] button")
	w.Says("buyer is frozen")
	a := f.asks("11", "Shop")
	if a.field(f.t, "decision") != "DENIED" || !strings.Contains(string(a.body), "agent_frozen") {
		f.t.Errorf("frozen: %s", a.body)
	}
	w.Go("form[action$='/unfreeze'] button")
	f.allowed("12", "APPROVED")
	w.Open("/authorizations")
	w.Says("Denied")
}

// exportsTheLog finds who froze what, and takes the log along.
func (o *town) exportsTheLog() {
	f := o.newFirm("log", `[{"type":"transaction_limit","amount":500,"currency":"usd"}]`)
	f.key.must("POST", "/v1/agents/buyer/freeze", "")
	w := f.at("/audit", f.token, browsertest.Look{})
	w.Says("buyer")
	for format, begins := range map[string]string{"csv": "", "ndjson": `{"`, "json": `{"data":[`} {
		name, content := w.Download(func() { w.Do("a[download][href*='format=" + format + "']") })
		if !strings.HasSuffix(name, "."+format) || !strings.HasPrefix(content, begins) || !strings.Contains(content, "agent.frozen") {
			f.t.Errorf("%s: %q is %.300s", format, name, content)
		}
	}
	w.Go("main a[href='/audit/verify']")
	w.Says("Verify")
}

// viewerLimits sees everything and changes nothing.
func (o *town) viewerLimits() {
	f := o.newFirm("viewer", asksAbove100)
	f.asks("249.90", "Chair & Table")
	w := f.at("/approvals", f.invite("viewer"), browsertest.Look{})
	w.Says("Owners, admins and approvers decide")
	for _, path := range []string{"/approvals", "/agents", "/policies", "/settings/company", "/settings/members", "/budgets", "/audit"} {
		w.Open(path)
		w.Says("") // there
		if forms := browsertest.Eval[int](w, `document.querySelectorAll("main form[method=post]").length`); forms != 0 {
			f.t.Errorf("%s: %d forms that change something", path, forms)
		}
	}
	w.Expect("status of 403")
	w.Open("/settings/company/freeze")
	w.Says("403")
}

// approverLimits decides, manages nothing, and is a viewer from the request on
// that follows the change of role.
func (o *town) approverLimits() {
	f := o.newFirm("approver", asksAbove100)
	f.asks("249.90", "Chair & Table")
	f.asks("250", "Sofa")
	w := f.at("/approvals", f.invite("approver"), browsertest.Look{})
	w.Says("250.00 USD to Sofa")
	w.Do("[data-approve]")
	w.Says("Approved 250.00 USD to Sofa")
	w.Open("/policies")
	if w.Has("main a[href='/policies/new']") {
		f.t.Error("an approver is offered a new policy")
	}
	w.Expect("status of 403")
	w.Open("/policies/new")
	w.Says("403")
	w.Open("/approvals")
	w.Says("249.90 USD")
	w.Expect("[object Event]") // the stream of news ends with the role
	w.Expect("console.error: \"Response Status Error Code 403")
	f.demote("approver")
	w.Do("[data-approve]")
	w.Until("a refusal", `document.querySelector("#trouble:not([hidden]) p")?.innerText`)
	w.Open("/approvals")
	w.Says("Owners, admins and approvers decide")
	w.Says("249.90 USD")
}

// asksForThemselves: an approver who asked for something is shown it, with why
// they cannot decide it, and somebody else does.
func (o *town) asksForThemselves() {
	f := o.newFirm("self", asksAbove100)
	own := f.api("Authorization", "Bearer "+f.token).must("POST", "/v1/authorize",
		`{"agent":"buyer","amount":480,"currency":"usd","merchant":{"name":"My desk"},"purpose":"for my office"}`)
	told := f.waits(own)
	w := f.at("/approvals", f.token, browsertest.Phone())
	w.Says("480.00 USD to My desk")
	w.Says("nobody decides what they asked for themselves")
	if w.Has("[data-approve]") || w.Has("[data-deny]") {
		f.t.Error("who asked may decide")
	}
	other := f.at("/approvals", f.invite("approver"), browsertest.Phone())
	other.Until("calm", `!document.querySelector("#inbox.settling")`)
	other.Tap("[data-approve]")
	other.Says("Approved 480.00 USD to My desk")
	if a := f.hears(told); a.field(f.t, "decision") != "APPROVED" {
		f.t.Errorf("the agent hears %s", a.body)
	}
}

// demote makes a member a viewer.
func (f *firm) demote(who string) {
	f.t.Helper()
	owner := f.api("Authorization", "Bearer "+f.token)
	var members struct{ Data []struct{ ID, Email string } }
	if err := json.Unmarshal(owner.must("GET", "/v1/members", "").body, &members); err != nil {
		f.t.Fatal(err)
	}
	for _, m := range members.Data {
		if m.Email == who+"@"+f.name+".test" {
			owner.must("PATCH", "/v1/members/"+m.ID, `{"role":"viewer"}`)
			return
		}
	}
	f.t.Fatal("no such member")
}
