package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/getpurser/purser/internal/access/clerkstand"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// clerkWorld is a server whose people sign in with Clerk, Clerk's stand-in
// beside it, and a browser.
type clerkWorld struct {
	*clerkstand.Server
	t   *testing.T
	app string
	ctx context.Context

	mu    sync.Mutex
	hosts map[string]bool
	said  []string
}

// newClerkWorld starts all three; false where Clerk's scripts or a browser
// cannot be had, which .ci/outfit says.
func newClerkWorld(t *testing.T, production bool, settings ...string) (*clerkWorld, bool) {
	t.Helper()
	t.Parallel()
	scripts, ok := clerkScripts(t)
	if !ok {
		return nil, false
	}
	stand, err := clerkstand.Start(production)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stand.Close)
	stand.ServeScripts(scripts)
	w := &clerkWorld{Server: stand, t: t, hosts: map[string]bool{}}
	owner, _ := pgtest.NewURLs(t)
	w.app = start(t, append([]string{"DATABASE_URL=" + owner, "SIGNING_ALG=ES256", "CLERK_SECRET_KEY=" + clerkstand.SecretKey,
		"CLERK_PUBLISHABLE_KEY=" + stand.PublishableKey, "CLERK_ISSUER_URI=" + stand.URL, "CLERK_API_URL=" + stand.URL + "/v1",
		"CLERK_ACCOUNTS_URL=" + stand.URL}, settings...)...).url
	if production { // where Clerk's host is of the application's site
		w.app = strings.Replace(w.app, "localhost", "127.0.0.1", 1)
	}
	return w, w.openBrowser()
}

// clerkScripts is the directory with Clerk's scripts from npm, which are fetched
// once for all tests.
func clerkScripts(t *testing.T) (dir string, ok bool) {
	t.Helper()
	fetching.Lock()
	defer fetching.Unlock()
	dir, err := clerkstand.FetchScripts(t.Context(), "../../.cache/clerk")
	if errors.Is(err, clerkstand.ErrNoScripts) && os.Getenv("CI") != "true" {
		t.Log("LEFT OUT: ", err)
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, true
}

var fetching sync.Mutex

func (w *clerkWorld) openBrowser() bool {
	w.t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
		}
	}
	if program == "" {
		w.t.Log("LEFT OUT: there is no Chromium")
		return false
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(w.t.Context(), options...)
	w.t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	w.t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	w.t.Cleanup(cancel)
	w.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		w.t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		w.t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		w.t.Fatal(err)
	}
	return true
}

// hear keeps which hosts the browser asks, and what it complains about.
func (w *clerkWorld) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != "" {
			w.hosts[u.Host] = true
		}
	case *log.EventEntryAdded:
		w.said = append(w.said, e.Entry.Text+" "+e.Entry.URL)
	}
}

// open goes to a page of the application, wherever that leads.
func (w *clerkWorld) open(path string) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, chromedp.Navigate(w.app+path)); err != nil {
		w.t.Fatal(err)
	}
}

// until waits for something to be true in the browser, across pages.
func (w *clerkWorld) until(what, expression string) {
	w.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if yes, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && yes {
			return
		}
	}
	at, _ := chromedp.Run(w.ctx, chromedp.Location())
	text, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t.Fatalf("%s does not come; the browser is at %s, which says:\n%s\nand complains:\n%s", what, at, text, strings.Join(w.said, "\n"))
}

// at waits for a page of the application.
func (w *clerkWorld) at(path string) {
	w.t.Helper()
	w.until(path, `document.readyState === "complete" && location.href.split("#")[0].startsWith("`+w.app+path+`")`)
}

// form waits for Clerk's form, and says who wants in.
func (w *clerkWorld) form(field, email string) {
	w.t.Helper()
	w.until("Clerk's form", `document.querySelector("input[name=`+field+`]")`)
	w.do(chromedp.SendKeys(chromedp.CSS("input[name="+field+"]"), email+"\r"))
	w.until("the code's field", `document.querySelector("input[autocomplete=one-time-code]")`)
	w.do(chromedp.SendKeys(chromedp.CSS("input[autocomplete=one-time-code]"), clerkstand.Code))
}

func (w *clerkWorld) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

// join makes somebody at Clerk whose company is already there.
func (w *clerkWorld) join(id, email string) (by caller) {
	w.t.Helper()
	w.Put(clerkstand.User{ID: id, Email: email, Verification: "verified"})
	by = caller{t: w.t, base: w.app, client: http.DefaultClient, header: [2]string{"Authorization", "Bearer " + w.Token(id, w.Session(id), w.app, nil)}}
	by.must(http.MethodPost, "/v1/companies", `{"name":"Acme"}`)
	return by
}
