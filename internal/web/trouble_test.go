package web

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/web/browsertest"
	"github.com/getpurser/purser/views"
)

// TestWhatWasNotDoneIsSaid: an approver whose click fails, at the server or on
// the way to it, is told so, and nothing looks as if it were decided.
func TestWhatWasNotDoneIsSaid(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	o := newOffice(t)
	approval := o.hold("249.90", "Chair & Table")
	var failing atomic.Value
	failing.Store("")
	works := o.Server.Config.Handler
	o.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch failing.Load() {
		case "busy":
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = views.FailurePart(views.Failure{Text: "Too much at once."}).Render(r.Context(), w)
		case "bare":
			w.WriteHeader(http.StatusBadGateway)
		case "away":
			panic(http.ErrAbortHandler) // ends the connection without an answer
		default:
			works.ServeHTTP(w, r)
		}
	})
	window := b.Window(t, o.URL, browsertest.Phone())
	for _, expected := range []string{"status of 503", "status of 502", "ERR_EMPTY_RESPONSE", "console.error"} {
		window.Expect(expected)
	}
	window.Cookie(o.web.sessionCookie(), o.approver.session())
	window.Open("/approvals")
	said := `document.querySelector("#trouble:not([hidden]) p")?.innerText`
	for _, c := range []struct{ how, says string }{
		{"busy", ` === "Too much at once."`}, {"bare", `?.includes("The server could not do this")`}, {"away", `?.includes("No answer came")`},
	} {
		failing.Store(c.how)
		window.Tap("[data-approve]")
		window.Until(c.how, said+c.says)
		examineHere(t, window, c.how)
		window.Tap("#trouble button")
		window.Until("it is closed", `document.querySelector("#trouble").hidden`)
		failing.Store("")
		o.wantStands(approval, "pending held 249.9")
	}
	window.Tap("[data-approve]")
	window.Says("Approved 249.90 USD to Chair & Table")
	o.wantStands(approval, "approved pending 249.9")
}

// TestOnlyWhatWasSentIsSaid: a preview that fails while somebody types is silent
// and takes no message away, and what is not allowed leaves the form in place.
func TestOnlyWhatWasSentIsSaid(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := newFirm(t)
	var failing atomic.Int64
	var previews atomic.Int64
	works := f.Server.Config.Handler
	f.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/policies/preview" {
			defer previews.Add(1)
		}
		if status := int(failing.Load()); status != 0 && r.Method == http.MethodPost {
			w.WriteHeader(status)
			_ = views.FailurePart(views.Failure{Text: "Not now."}).Render(r.Context(), w)
			return
		}
		works.ServeHTTP(w, r)
	})
	window := b.Window(t, f.URL, browsertest.Look{})
	for _, expected := range []string{"status of 503", "status of 403", "console.error"} {
		window.Expect(expected)
	}
	window.Cookie(f.web.sessionCookie(), f.owner.session())
	window.Open("/policies/new")
	typed := func(text string) {
		t.Helper()
		before := previews.Load()
		window.Type("#field-name", text)
		for limit := time.Now().Add(patience); previews.Load() == before; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("there was no preview")
			}
		}
		window.Until("the preview is done", `!document.querySelector("#policy-preview.htmx-request")`)
	}
	failing.Store(http.StatusServiceUnavailable)
	typed("First")
	if window.Has("#trouble:not([hidden])") {
		t.Error("a preview that failed is told")
	}
	failing.Store(http.StatusForbidden)
	window.Do("button[value='save:draft']")
	window.Until("the message", `document.querySelector("#trouble:not([hidden]) p")?.innerText === "Not now."`)
	failing.Store(0)
	typed("Second")
	if !window.Has("#trouble:not([hidden])") || !window.Has("#policy-form") {
		t.Error("the message went with the next preview, or the form with the message")
	}
}
