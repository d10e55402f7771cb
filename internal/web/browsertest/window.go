package browsertest

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience is how long something may take to come in a window.
const patience = 45 * time.Second

// Window is one tab with cookies of its own.
type Window struct {
	t    testing.TB
	ctx  context.Context
	base *url.URL

	mu       sync.Mutex
	said     []string
	expected []string
}

// Look is how a window looks at pages. The zero value is a large screen by day.
type Look struct {
	// Width and Height are in CSS pixels; 0 means 1280 and 900.
	Width, Height int64
	// Phone has touch and a phone's viewport.
	Phone bool
	Night bool
	// NoScript runs no script of any page.
	NoScript bool
}

// Phone is a screen of 390 by 844 pixels that is touched.
func Phone() Look { return Look{Width: 390, Height: 844, Phone: true} }

// Window opens one onto the server at base. It closes with the test, which
// fails if a page in it complained.
func (b *Browser) Window(t testing.TB, base string, look Look) *Window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	w := &Window{t: t, ctx: ctx, base: u}
	t.Cleanup(func() {
		w.complain()
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a window: %v", err)
	}
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		t.Fatal(err)
	}
	call(w, log.Enable, cdp.Empty{})
	call(w, network.Enable, network.EnableParams{})
	w.Look(look)
	return w
}

// Look changes the window's size and colours.
func (w *Window) Look(look Look) {
	w.t.Helper()
	if look.Width == 0 {
		look.Width, look.Height = 1280, 900
	}
	colours := "light"
	if look.Night {
		colours = "dark"
	}
	call(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.Width, Height: look.Height,
		DeviceScaleFactor: 1, Mobile: look.Phone})
	call(w, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: look.Phone})
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript})
}

// call sends one command to the browser and waits for its answer.
func call[P, R any](w *Window, command cdp.Command[P, R], params P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, params)
	if err != nil {
		w.t.Fatalf("%s: %v", command.Method, err)
	}
	return answer
}

// do runs steps within the patience.
func (w *Window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%v\n%s", err, w.state())
	}
}

// Open goes to an address of the server, or to any that starts with a scheme.
func (w *Window) Open(path string) {
	w.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = w.base.String() + path
	}
	w.do(chromedp.Navigate(path))
}

// Eval gives what an expression is in the page. It works where scripts of the
// page do not.
func Eval[T any](w *Window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", expression, err, w.state())
	}
	return value
}

// Until waits for an expression to be true, over any number of pages.
func (w *Window) Until(what, expression string) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if w.is(expression) {
			return
		}
	}
	w.t.Fatalf("%s does not come:\n%s", what, w.state())
}

func (w *Window) is(expression string) bool {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
	return err == nil && yes
}

// At waits for a page of the server whose address starts with the path.
func (w *Window) At(path string) {
	w.t.Helper()
	w.Until(path, `document.readyState === "complete" && location.href.startsWith(`+strconv.Quote(w.base.String()+path)+`)`)
}

// Says waits until the page's main part shows the words.
func (w *Window) Says(words string) {
	w.t.Helper()
	w.Until(strconv.Quote(words), `(document.querySelector("main") ?? document.body).innerText.replace(/\s+/g, " ").includes(`+strconv.Quote(words)+`)`)
}

// Has says whether there is such an element now.
func (w *Window) Has(selector string) bool {
	w.t.Helper()
	return Eval[bool](w, `document.querySelector(`+strconv.Quote(selector)+`) !== null`)
}

// Text is what the first such element shows, its white space made single.
func (w *Window) Text(selector string) string {
	w.t.Helper()
	w.Until(selector, `document.querySelector(`+strconv.Quote(selector)+`)`)
	return Eval[string](w, `document.querySelector(`+strconv.Quote(selector)+`).innerText.replace(/\s+/g, " ").trim()`)
}

// Overflow names what makes the page wider than the window, or is empty.
func (w *Window) Overflow() string {
	w.t.Helper()
	return Eval[string](w, `(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return "";
		const out = [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > wide + 1 && !e.closest(".overflow-x-auto"));
		return document.documentElement.scrollWidth + " px: " + out.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" | ");
	})()`)
}

// Picture is a PNG of what the window shows.
func (w *Window) Picture() []byte {
	w.t.Helper()
	return call(w, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}).Data
}

// state is where the window is and what it shows, for a failed test's message.
func (w *Window) state() string {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	shown, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText.slice(0, 3000)`))
	if err != nil {
		return err.Error()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return shown + "\n" + strings.Join(w.said, "\n")
}

// Cookie gives the window a cookie of the server, such as a session's.
func (w *Window) Cookie(name, value string) {
	w.t.Helper()
	call(w, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: w.base.String()})
}
