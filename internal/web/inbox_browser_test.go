package web

import (
	"fmt"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// TestAFullInbox: the page holds the ten newest. What a new request pushes off
// them was not decided, and what a decision brings back to them is not new.
func TestAFullInbox(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t)
	for i := range inboxPage {
		o.hold("240.00", fmt.Sprintf("Shop %02d", i))
	}
	window := b.Window(t, o.URL, browsertest.Look{})
	window.Cookie(o.web.sessionCookie(), o.approver.session())
	shows := func(news string, cards int, older bool) {
		t.Helper()
		window.Until(news, fmt.Sprintf(`document.getElementById("inbox-news").textContent === %q`, news))
		window.Until("the list", fmt.Sprintf(`document.querySelectorAll("[data-request]").length === %d && !!document.querySelector("#inbox a[rel=next]") === %v`, cards, older))
		if window.Has("[data-changed]") {
			t.Error("a request is said to have changed")
		}
	}
	deny := func(approval string) { o.session(o.owner, true).do("POST", "/v1/approvals/"+approval+"/deny", nil) }
	window.Open("/approvals")
	shows("", inboxPage, false)
	window.Until("the page hears", pageHears)
	window.Tab("#inbox [data-request]:last-child summary")
	latest := o.hold("240.00", "Shop 10")
	shows("1 new request.", inboxPage+1, true)
	window.Open("/approvals")
	shows("", inboxPage, true)
	window.Until("the page hears", pageHears)
	deny(latest)
	shows("1 request was decided.", inboxPage, false)
	window.Says("Shop 00")
}

// TestTheLargestAmountOnAPhone: the largest amount is no wider than a phone.
func TestTheLargestAmountOnAPhone(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := newFirm(t)
	f.liveAdmin.agent("buyer")
	f.liveAdmin.policy("Wide", `[{"type": "approval_threshold", "amount": 100, "currency": "usd"},
		{"type": "limit", "period": "month", "amount": 1000000000000, "currency": "usd"}]`)
	approvalOf(t, f.live.spend("buyer", "999999999999.99", "AWS"))
	window := b.Window(t, f.URL, browsertest.Look{Width: 360, Height: 740, Phone: true})
	window.Cookie(f.web.sessionCookie(), f.approver.session())
	window.Open("/approvals")
	window.Says("999,999,999,999.99")
	if wide := window.Overflow(); wide != "" {
		t.Error(wide)
	}
}
