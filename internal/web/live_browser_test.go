package web

import (
	"fmt"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// pageHears says in a window that the page follows what happens.
const pageHears = `document.body["htmx-internal-data"]?.sseEventSource?.readyState === 1`

// counting has a window count the parts that were asked for and are dealt with.
const counting = `(() => { window.asked = 0; document.addEventListener("htmx:afterRequest", (e) => {
	if (e.detail.requestConfig.elt.matches("#authorization, #overview")) window.asked++; }); return true; })()`

// TestALivePartWaitsForItsReader: what an admin types, or has opened, stays when
// something happens, and the part catches up once they have left it.
func TestALivePartWaitsForItsReader(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t)
	request := fmt.Sprint(o.live.spend(o.agent, "20.00", "AWS")["id"])
	window := b.Window(t, o.URL, browsertest.Look{})
	window.Cookie(o.web.sessionCookie(), o.owner.session())
	void := `document.querySelector("form[action$='/void']")`
	window.Open("/authorizations/" + request)
	window.Until("the page hears", pageHears)
	browsertest.Eval[bool](window, counting)
	browsertest.Eval[bool](window, `(`+void+`.closest("details").open = true)`)
	window.Type("form[action$='/void'] [name=reason]", "a mistake")
	o.live.do("POST", "/v1/authorize/"+request+"/confirm", map[string]any{})
	window.Until("it was asked for", `window.asked > 0`)
	window.Until("what was typed", void+`?.elements.reason.value === "a mistake" && document.activeElement.name === "reason"`)
	browsertest.Eval[bool](window, `(() => { const form = `+void+`; form.reset(); form.closest("details").open = false; return true; })()`)
	window.Until("it catches up", `!`+void)

	window.Open("/overview")
	window.Until("the page hears", pageHears)
	browsertest.Eval[bool](window, counting)
	window.Do("#overview details summary")
	window.Until("the table", `document.querySelector("#overview [data-chart]")`)
	o.live.spend(o.agent, "5.00", "Another shop")
	window.Until("it was asked for", `window.asked > 0`)
	if !window.Has("#overview details[open] [data-chart]") {
		t.Error("the table that somebody reads was closed")
	}
}

// TestTheKeyboardStays at the link that somebody is at, when the list gets a new
// line above it.
func TestTheKeyboardStays(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t)
	o.live.spend(o.agent, "20.00", "AWS")
	window := b.Window(t, o.URL, browsertest.Look{})
	window.Cookie(o.web.sessionCookie(), o.owner.session())
	window.Open("/authorizations")
	window.Until("the page hears", pageHears)
	browsertest.Eval[bool](window, `(document.querySelector("#authorizations tbody a").focus(), true)`)
	o.live.spend(o.agent, "5.00", "Another shop")
	window.Until("the new line", `document.querySelectorAll("#authorizations tbody tr").length === 2`)
	window.Until("the link", `document.activeElement.innerText === "AWS" && document.activeElement.isConnected`)
	browsertest.Eval[bool](window, `(document.querySelector("#authorization-table").focus(), true)`)
	o.live.spend(o.agent, "6.00", "A third shop")
	window.Until("the next line", `document.querySelectorAll("#authorizations tbody tr").length === 3`)
	window.Until("the table", `document.activeElement.id === "authorization-table"`)
}

// TestPartsWithinLiveParts: the sums of a list come into their place in it.
func TestPartsWithinLiveParts(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t)
	o.live.spend(o.agent, "20.00", "AWS")
	window := b.Window(t, o.URL, browsertest.Look{})
	window.Cookie(o.web.sessionCookie(), o.owner.session())
	window.Open("/authorizations")
	window.Until("the sums", `document.querySelector("#authorizations #sums[data-count='1']")`)
}
