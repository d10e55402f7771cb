package web

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/web/browsertest"
)

// TestADoubleClickSendsOnce: a button that is pressed again before the answer is
// there does nothing more, in a plain form and in one of htmx.
func TestADoubleClickSendsOnce(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := newFirm(t)
	var posts atomic.Int64
	works := f.Server.Config.Handler
	f.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path != "/policies/preview" {
			posts.Add(1)
			time.Sleep(time.Second)
		}
		works.ServeHTTP(w, r)
	})
	window := b.Window(t, f.URL, browsertest.Look{})
	window.Cookie(f.web.sessionCookie(), f.owner.session())
	twice := func(button string) {
		t.Helper()
		posts.Store(0)
		browsertest.Eval[bool](window, fmt.Sprintf(`(() => { const b = document.querySelector(%q); b.click(); setTimeout(() => b.click(), 200); return true; })()`, button))
	}
	once := func() {
		t.Helper()
		if n := posts.Load(); n != 1 {
			t.Errorf("it was sent %d times", n)
		}
	}
	window.Open("/test/wallets")
	window.Type("#top-up [name=amount]", "7")
	twice("#top-up button")
	window.Until("the money", `document.querySelector("[data-wallet=usd]")?.innerText.includes("7.00")`)
	once()
	window.Open("/policies/new")
	twice("button[value=add]")
	window.Until("a rule", `document.querySelector("#rule-0")`)
	time.Sleep(1500 * time.Millisecond) // a second one would come
	if once(); window.Has("#rule-1") {
		t.Error("there are two rules")
	}
	window.Do("button[value=add]")
	window.Until("the next one", `document.querySelector("#rule-1")`)
}
