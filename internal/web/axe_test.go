package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// looks are how every page is looked at.
var looks = map[string]browsertest.Look{
	"wide, day": {}, "wide, night": {Night: true},
	"360 px, day": {Width: 360, Height: 740, Phone: true}, "360 px, night": {Width: 360, Height: 740, Phone: true, Night: true},
}

// axeWindows is how many windows share the work.
const axeWindows = 3

// TestEveryPageForEverybody has axe-core look at every page of the table, with
// three months of history, by day and by night, on a screen and on a phone; and
// none is wider than the phone.
func TestEveryPageForEverybody(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	documents := w.documents(owner)
	paths := make(chan string, len(documents))
	for _, path := range documents {
		paths <- path
	}
	close(paths)
	var all sync.WaitGroup
	for range axeWindows {
		window := b.Window(t, w.URL, browsertest.Look{})
		window.Cookie(w.web.sessionCookie(), owner.session())
		all.Go(func() {
			for path := range paths {
				examine(t, window, path)
			}
		})
	}
	all.Wait()
}

// documents are the addresses that show the owner a whole page: each in live
// mode, and in test mode the first and those about money, which have what only
// test mode has.
func (w *world) documents(owner *browser) []string {
	w.t.Helper()
	var out []string
	things := map[bool]map[string]string{true: w.some(owner, true), false: w.some(owner, false)}
	for _, r := range w.web.routes() {
		if r.method != http.MethodGet || !r.live && !slices.Contains([]string{"overview", "ledger", "wallets", "cards", "reconciliation"}, strings.Split(r.path, "/")[1]) {
			continue
		}
		a := owner.get(r.at(w.t, things[r.live]) + queries[r.path])
		if a.status == http.StatusOK && a.whole() {
			out = append(out, a.path)
		}
	}
	return out
}

func examine(t *testing.T, window *browsertest.Window, path string) {
	t.Helper()
	window.Look(looks["wide, day"])
	window.Open(path)
	for name, look := range looks {
		window.Look(look)
		if wide := window.Overflow(); wide != "" {
			t.Errorf("%s, %s: wider than the window: %s", path, name, wide)
		}
		var rules []string
		if look.Night {
			rules = []string{"color-contrast"} // nothing else is of another colour
		}
		for _, found := range window.Axe(rules...) {
			t.Errorf("%s, %s: %s", path, name, found)
		}
	}
}

// TestPagesBeforeSignIn are the same for somebody who is not signed in.
func TestPagesBeforeSignIn(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	w := newWorld(t)
	window := b.Window(t, w.URL, browsertest.Look{})
	window.Expect("status of 404")
	for _, path := range []string{"/sign-in", "/sign-in/verify?token=x", "/" + strings.Repeat("nothing", 20)} {
		examine(t, window, path)
	}
}

// TestAxeFindsFaults plants what no page may have.
func TestAxeFindsFaults(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	w := newWorld(t)
	window := b.Window(t, w.URL, browsertest.Look{Width: 360, Height: 740, Phone: true})
	for rule, plant := range map[string]string{
		"label":          `main.append(document.createElement("input"))`,
		"color-contrast": `main.append("pale"); main.style.color = "#ddd"; main.style.background = "#fff"`,
		"image-alt":      `main.append(new Image())`,
	} {
		window.Open("/sign-in")
		browsertest.Eval[bool](window, `(() => { const main = document.querySelector("main"); `+plant+`; return true })()`)
		if found := fmt.Sprint(window.Axe()); !strings.Contains(found, rule) {
			t.Errorf("%s is not found: %s", rule, found)
		}
	}
	browsertest.Eval[bool](window, `(() => { const wide = document.createElement("div"); wide.style.width = "500px"; wide.textContent = "wide"; document.querySelector("main").append(wide); return true })()`)
	if window.Overflow() == "" {
		t.Error("what is wider than the phone is not found")
	}
}
