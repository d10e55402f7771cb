package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// TestPolicyEditorInABrowser writes a rule with the keyboard on a phone, gets it
// wrong first, sees what it would have done, and tries it as a shadow. Nothing
// of it loads another page before it is saved.
func TestPolicyEditorInABrowser(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	window := b.Window(t, w.URL, browsertest.Look{Width: 360, Height: 740, Phone: true})
	window.Expect("status of 422")
	window.Cookie(w.web.sessionCookie(), owner.session())
	window.Open("/policies/new")
	window.Do("button[value=add]")
	window.Until("the new rule has the cursor", `document.activeElement.id === "rule-0"`)
	window.Type("#rule-0-amount", "1,5")
	window.Until("the preview says what is missing", `document.querySelector("#policy-preview").innerText.includes("not finished yet")`)
	window.Do(`button[value="save:shadow"]`)
	window.Until("the errors have the cursor", `document.activeElement.getAttribute("role") === "alert"`)
	examineHere(t, window, "with errors")
	window.Type("#field-name", "Small change")
	window.Type("#rule-0-amount", "40")
	window.Until("the preview follows", `document.querySelector("#policy-preview").innerText.includes("above 40.00 USD")`)
	window.Do(`button[value="simulate:30"]`)
	window.Until("the simulation is done", `document.querySelector("#simulation").innerText.includes("would be denied")`)
	examineHere(t, window, "with a simulation")
	window.Type("#rule-0-amount", "0")
	window.Until("the simulation says that it is old", `document.querySelector("#simulation").innerText.includes("changed the draft since")`)
	window.Do(`button[value="save:shadow"]`)
	window.Until("the policy's page", `document.querySelector("h1").innerText === "Small change"`)
	window.Until("what it said in shadow", `document.body.innerText.includes("Nothing was recorded of it")`)
	page := owner.get("/policies?status=shadow").want(http.StatusOK)
	if !strings.Contains(page.text("main"), "Denies every payment in USD.") {
		t.Errorf("what was saved: %s", brief(page))
	}
}

// TestConditionInABrowser is checked while it is typed.
func TestConditionInABrowser(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := newFirm(t)
	f.liveAdmin.agent("procurement-bot")
	window := b.Window(t, f.URL, browsertest.Look{})
	window.Cookie(f.web.sessionCookie(), f.owner.session())
	window.Open("/policies/new")
	browsertest.Eval[string](window, `document.querySelector("#add-rule").value = "expression"`)
	browsertest.Eval[bool](window, focusOnArrival)
	window.Do("button[value=add]")
	window.Until("the new rule", `document.querySelector("#rule-0-when") !== null`)
	if at := browsertest.Eval[string](window, `window.focusOnArrival`); at != "rule-0" {
		t.Errorf("the new rule came while the cursor was at %q: it moves away from who types", at)
	}
	window.Type("#rule-0-when", "amount > 1.0 && merchant.nmae == 'x'")
	window.Until("what was typed", `document.querySelector("#rule-0-when").value.endsWith("== 'x'")`)
	window.Until("the place of what is wrong", `document.querySelector("#rule-0-when-note mark")?.innerText === "."`)
	window.Tap("input[value=some]")
	window.Type("#agent-search", "proc")
	window.Until("the agent that matches", `document.querySelector("#policy-agents").innerText.includes("procurement-bot")`)
	examineHere(t, window, "a condition")
}

// focusOnArrival keeps where the cursor is when a rule comes, before anything
// else can happen in the page.
const focusOnArrival = `(() => {
	new MutationObserver((_, observer) => {
		if (!document.querySelector("#rule-0")) return;
		window.focusOnArrival = document.activeElement.id;
		observer.disconnect();
	}).observe(document.body, {childList: true, subtree: true});
	return true;
})()`

// examineHere has axe-core look at the page as it is now.
func examineHere(t *testing.T, window *browsertest.Window, what string) {
	t.Helper()
	if wide := window.Overflow(); wide != "" {
		t.Errorf("%s: wider than the window: %s", what, wide)
	}
	for _, found := range window.Axe() {
		t.Errorf("%s: %s", what, found)
	}
}
