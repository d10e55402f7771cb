package main

import (
	"strings"

	"github.com/getpurser/purser/internal/web/browsertest"
)

const asksAbove100 = `[{"type":"transaction_limit","amount":5000,"currency":"usd"},{"type":"approval_threshold","amount":100,"currency":"usd"}]`

// untouched marks the document, so that it shows whether it was loaded anew.
const untouched = `window.purserUntouched`

// approvesOnAPhone is the ten seconds of an approver: a request is held, appears
// in two open windows, is approved on a phone, goes from the other window, and
// the agent's waiting program gets its token.
func (o *town) approvesOnAPhone() {
	f := o.newFirm("phone", asksAbove100)
	desk := f.at("/approvals", f.token, browsertest.Look{})
	phone := f.at("/approvals", f.invite("approver"), browsertest.Phone())
	for _, w := range []*browsertest.Window{desk, phone} {
		browsertest.Eval[bool](w, untouched+" = true")
		w.Says("Nothing waits for a decision")
	}
	f.listening(desk, phone)
	told := f.waits(f.asks("249.90", "Chair & Table"))
	for _, w := range []*browsertest.Window{desk, phone} {
		w.Says("249.90 USD to Chair & Table")
		if !browsertest.Eval[bool](w, untouched+" === true") {
			f.t.Error("the page was loaded anew")
		}
	}
	if wide := phone.Overflow(); wide != "" {
		f.t.Errorf("wider than the phone: %s", wide)
	}
	if button := phone.Text("[data-approve]"); button != "Approve 249.90 USD to Chair & Table" {
		f.t.Errorf("the button says %q", button)
	}
	phone.Until("calm", `!document.querySelector("#inbox.settling")`)
	phone.Tap("[data-approve]")
	phone.Says("Approved 249.90 USD to Chair & Table")
	a := f.hears(told)
	if a.field(f.t, "decision") != "APPROVED" || strings.Count(a.field(f.t, "token"), ".") != 2 {
		f.t.Errorf("the agent hears %s", a.body)
	}
	desk.Says("Nothing waits for a decision")
}

// listening waits until the windows hear of news.
func (f *firm) listening(windows ...*browsertest.Window) {
	for _, w := range windows {
		w.Until("the stream of news", `performance.getEntriesByType("resource").some(e => e.name.includes("/live")) || document.querySelector("[sse-connect]")?.["htmx-internal-data"]?.sseEventSource?.readyState === 1`)
	}
}

// decidesByKeyboard works through the inbox without a mouse.
func (o *town) decidesByKeyboard() {
	f := o.newFirm("keyboard", asksAbove100)
	first := f.waits(f.asks("101", "First shop"))
	second := f.waits(f.asks("102", "Second shop"))
	third := f.waits(f.asks("103", "Third shop"))
	w := f.at("/approvals", f.token, browsertest.Look{})
	w.Says("103.00 USD to Third shop")
	w.Press("j") // the newest
	w.Press("a")
	w.Until("the button of the newest", `document.activeElement.innerText.includes("103.00 USD")`)
	w.Press(browsertest.Enter)
	w.Says("Approved 103.00 USD to Third shop")
	if a := f.hears(third); a.field(f.t, "decision") != "APPROVED" {
		f.t.Errorf("the agent hears %s", a.body)
	}

	w.Press("j")
	w.Press("d")
	w.Until("the reason", `document.activeElement.matches("textarea[name=reason]")`)
	w.Press("Ask procurement first")
	w.DoNamed("Deny 102.00 USD")
	w.Says("Denied 102.00 USD to Second shop")
	if a := f.hears(second); !strings.Contains(string(a.body), "DENIED") || !strings.Contains(string(a.body), "Ask procurement first") {
		f.t.Errorf("the agent hears %s", a.body)
	}

	w.Open("/approvals")
	w.Tab("article summary.btn-outline")
	w.Press(browsertest.Enter)
	w.Type("article input[name=amount]", "50")
	w.DoNamed("Approve 50 USD")
	w.Says("Approved 50.00 USD of the 101.00 USD to First shop")
	if a := f.hears(first); !strings.Contains(string(a.body), `"amount":50`) {
		f.t.Errorf("the agent hears %s", a.body)
	}
}

// approvesPlainly approves and denies where no script runs.
func (o *town) approvesPlainly() {
	f := o.newFirm("inboxplain", asksAbove100)
	told := f.waits(f.asks("249.90", "Chair & Table"))
	look := browsertest.Phone()
	look.NoScript = true
	w := f.at("/approvals", f.token, look)
	w.TapAway("[data-approve]")
	w.At("/approvals")
	w.Says("Approved 249.90 USD to Chair & Table")
	if a := f.hears(told); a.field(f.t, "decision") != "APPROVED" {
		f.t.Errorf("the agent hears %s", a.body)
	}
	told = f.waits(f.asks("250", "Another"))
	w.Open("/approvals")
	w.Tap("[data-deny] summary")
	w.TapAway("[data-deny] button")
	w.Says("Denied 250.00 USD to Another")
	if a := f.hears(told); a.field(f.t, "decision") != "DENIED" {
		f.t.Errorf("the agent hears %s", a.body)
	}
}

// approvesWhatWasShown has the agent ask again while somebody looks: the page
// says so instead of deciding.
func (o *town) approvesWhatWasShown() {
	f := o.newFirm("shown", asksAbove100)
	f.asks("300", "Shop")
	w := f.at("/approvals", f.token, browsertest.Look{NoScript: true})
	w.Says("300.00 USD to Shop")
	f.asks("300", "Shop")
	w.Expect("status of 409")
	w.Go("[data-approve]")
	w.Says("Nothing was decided")
	w.Open("/approvals")
	w.Says("Asked 2 times")
	w.Go("[data-approve]")
	w.Says("1 earlier request for the same is voided as superseded")
}
