package browsertest

import (
	"strconv"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The keys that journeys press besides letters.
const (
	Enter  = kb.Enter
	Space  = " "
	Escape = kb.Escape
	Down   = kb.ArrowDown
)

// mostTabs is how far a thing may be from the start of a page by Tab.
const mostTabs = 250

// Press presses keys where the focus is.
func (w *Window) Press(keys string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys))
}

// Tab presses Tab until the focus is on what the selector finds, as somebody
// without a mouse does. What Tab never reaches, nobody reaches.
func (w *Window) Tab(selector string) {
	w.t.Helper()
	quoted := strconv.Quote(selector)
	w.Until(selector, `document.querySelector(`+quoted+`)`)
	focused := `document.activeElement?.matches(` + quoted + `)`
	for range mostTabs {
		if w.is(focused) {
			if outline := Eval[string](w, focusMark); outline != "" {
				w.t.Errorf("the focus is not seen on %s: %s", selector, outline)
			}
			return
		}
		w.Press(kb.Tab)
	}
	w.t.Fatalf("Tab does not reach %s:\n%s", selector, w.state())
}

// focusMark says how the element with the focus looks where nothing marks it.
const focusMark = `(() => {
	const s = getComputedStyle(document.activeElement);
	const marked = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none";
	return marked ? "" : document.activeElement.outerHTML.slice(0, 200);
})()`

// Type goes to a field with Tab and replaces what is in it.
func (w *Window) Type(selector, text string) {
	w.t.Helper()
	w.Tab(selector)
	w.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	w.Press(kb.Backspace)
	w.Press(text)
}

// Choose goes to a list with Tab and types the beginning of the entry's name.
func (w *Window) Choose(selector, label string) {
	w.t.Helper()
	w.Tab(selector)
	w.Press(label)
	w.Until(selector+" with "+label, `document.querySelector(`+strconv.Quote(selector)+`).selectedOptions[0].label.startsWith(`+strconv.Quote(label)+`)`)
}

// Go presses Enter on a link or button that leads to another document, and
// waits until that is there.
func (w *Window) Go(selector string) {
	w.t.Helper()
	w.Tab(selector)
	w.leads(func() { w.Press(Enter) })
}

// Do presses Enter on a button that changes the page it is on.
func (w *Window) Do(selector string) {
	w.t.Helper()
	w.Tab(selector)
	w.Press(Enter)
}

// leads waits for the document that something leads to.
func (w *Window) leads(act func()) {
	w.t.Helper()
	Eval[bool](w, `(window.purserBefore = true)`)
	act()
	w.Until("another document", `!window.purserBefore && document.readyState === "complete"`)
}

// Tap touches the middle of what the selector finds: whatever is on top there
// takes it.
func (w *Window) Tap(selector string) {
	w.t.Helper()
	quoted := strconv.Quote(selector)
	w.Until(selector, `document.querySelector(`+quoted+`)`)
	Eval[bool](w, `(document.querySelector(`+quoted+`).scrollIntoView({block: "center"}), true)`)
	time.Sleep(50 * time.Millisecond) // scrolling is done in the next frame
	at := Eval[struct{ X, Y float64 }](w, `(r => ({X: r.x + r.width / 2, Y: r.y + r.height / 2}))(document.querySelector(`+quoted+`).getBoundingClientRect())`)
	w.do(chromedp.MouseClickXY(at.X, at.Y))
}

// TapAway taps what leads to another document.
func (w *Window) TapAway(selector string) {
	w.t.Helper()
	w.leads(func() { w.Tap(selector) })
}

// DoNamed goes with Tab, from where the focus is, to the button whose words
// begin so, and presses Enter.
func (w *Window) DoNamed(words string) {
	w.t.Helper()
	focused := `document.activeElement?.matches("button, summary, a") && document.activeElement.innerText.replace(/\s+/g, " ").trim().startsWith(` + strconv.Quote(words) + `)`
	for range mostTabs {
		if w.is(focused) {
			w.Press(Enter)
			return
		}
		w.Press(kb.Tab)
	}
	w.t.Fatalf("Tab does not reach a button %q:\n%s", words, w.state())
}
