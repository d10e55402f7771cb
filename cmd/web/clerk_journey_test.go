package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/getpurser/purser/internal/access/clerkstand"
	"github.com/getpurser/purser/internal/web/browsertest"
)

// TestClerkJourney is somebody's day with Clerk's own script and forms, first
// against an instance for development, then against one for production.
func TestClerkJourney(t *testing.T) {
	for name, production := range map[string]bool{"development": false, "production": true} {
		t.Run(name, func(t *testing.T) {
			w, ok := newClerkWorld(t, production)
			if !ok {
				return
			}
			w.join("user_1", "ada@example.com")
			w.open("/overview?from=a+mail")
			w.usable()
			w.form("identifier", "ada@example.com")
			w.at("/overview?from=a+mail")
			session := w.newest("user_1")
			w.endures(session)
			w.ends(session)
			w.form("identifier", "ada@example.com")
			w.at("/overview")
			w.signsOut(w.newest("user_1"))
			w.staysAtHome()
		})
	}
}

// usable has axe-core look at the page with Clerk's form in it.
func (w *clerkWorld) usable() {
	w.t.Helper()
	w.until("Clerk's form", `document.querySelector("input[name=identifier]")`)
	found, err := browsertest.Axe(w.ctx)
	if err != nil {
		w.t.Error(err)
	}
	for _, f := range found {
		w.t.Error(f)
	}
}

// endures shows that the session goes on while tokens end and keys change.
func (w *clerkWorld) endures(session string) {
	w.t.Helper()
	w.leave() // Clerk's script would renew the cookie at once
	w.plant(session, time.Now().Add(-time.Minute))
	w.open("/overview")
	w.at("/overview")
	if n := w.Asked("GET /v1/client/handshake"); n == 0 {
		w.t.Error("a token that was over needed no handshake")
	}
	if err := w.Rotate("ins_2"); err != nil {
		w.t.Fatal(err)
	}
	w.leave() // Clerk's script would renew the cookie at once
	w.plant(session, time.Now().Add(-time.Minute))
	w.open("/overview")
	w.at("/overview")

	// Clerk's script renews a token that ends soon, and the page is not loaded
	// anew for it.
	w.eval(`window.same = true`)
	w.Life(10 * time.Second)
	w.until("a token of the short life", `JSON.parse(atob(document.cookie.match(/__session=[^.]*\.([^.]*)/)[1].replace(/-/g, "+").replace(/_/g, "/"))).exp * 1000 < Date.now() + 11000
		|| (Clerk.session.getToken({ skipCache: true }), false)`)
	before := w.cookie("__session")
	w.until("a newer token", `window.same && document.cookie.match(/__session=([^;]*)/)[1] !== "`+before+`"`)
	w.Life(time.Minute)

	// A part of a page that comes too late has the page loaded anew, which then
	// gets its token.
	w.until("htmx", `window.htmx`)
	w.eval(`Clerk.session.getToken = () => new Promise(() => {}); window.same = true`)
	w.plant(session, time.Now().Add(-time.Minute))
	w.eval(`htmx.ajax("GET", "/overview", "#main"); true`)
	w.until("the page anew", `!window.same && document.querySelector("#main")`)
	w.at("/overview")
}

// ends shows what happens to a session that is revoked: a form does nothing at
// once, and the next page after its token is the one to sign in.
func (w *clerkWorld) ends(session string) {
	w.t.Helper()
	// What Clerk's script asked for before is answered: an answer that came after
	// the session's end would bring its token back.
	w.until("Clerk's script", `window.Clerk?.loaded && Clerk.session`)
	w.Status(session, "revoked")
	w.eval(`document.querySelector("form[action='/theme'] button[value=night]").click(); true`)
	w.at("/sign-in")
	if theme := w.cookie("purser_theme"); theme != "" {
		w.t.Errorf("a revoked session chose the theme %s", theme)
	}
	w.open("/overview")
	w.at("/sign-in")
}

// signsOut uses the menu, and shows that the session is over at Clerk.
func (w *clerkWorld) signsOut(session string) {
	w.t.Helper()
	w.until("the menu", `document.querySelector("form[action='/sign-out'] button")`)
	w.eval(`document.querySelector("form[action='/sign-out'] button").click(); true`)
	w.at("/sign-in")
	w.until("Clerk's form", `document.querySelector("input[name=identifier]")`)
	if status := w.StatusOf(session); status != "revoked" {
		w.t.Errorf("the session is %s", status)
	}
	w.open("/overview")
	w.at("/sign-in")
}

// staysAtHome holds that the browser asked nobody but us and Clerk, and that
// nothing on the pages was against their policy.
func (w *clerkWorld) staysAtHome() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for host := range w.hosts {
		if !strings.HasSuffix(w.app, host) && !strings.HasSuffix(w.URL, host) {
			w.t.Errorf("the browser asked %s", host)
		}
	}
	for _, line := range w.said {
		if strings.Contains(line, "Content Security Policy") {
			w.t.Error(line)
		}
	}
}

// newest is a user's session that was opened last.
func (w *clerkWorld) newest(user string) string {
	all := w.SessionsOf(user)
	return all[len(all)-1]
}

func (w *clerkWorld) eval(expression string) {
	w.t.Helper()
	if _, err := chromedp.Run(w.ctx, chromedp.Evaluate[any](expression)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *clerkWorld) cookie(name string) string {
	w.t.Helper()
	found, err := chromedp.Call(w.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{w.app}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range found.Cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// plant puts a session token that ends at a time into the browser.
func (w *clerkWorld) plant(session string, ends time.Time) {
	w.t.Helper()
	token := w.Token("user_1", session, w.app, map[string]any{"exp": ends.Unix()})
	for _, name := range []string{"__session", "__session_" + clerkstand.Suffix(w.PublishableKey)} {
		if _, err := chromedp.Call(w.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: token, URL: w.app}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// leave goes to a page without any script.
func (w *clerkWorld) leave() { w.do(chromedp.Navigate("about:blank")) }

// TestClerkInvitation: somebody who is invited by mail signs up with Clerk and
// is a member; a session with something left to do is let in when it is done.
func TestClerkInvitation(t *testing.T) {
	w, ok := newClerkWorld(t, true)
	if !ok {
		return
	}
	owner := w.join("user_1", "ada@example.com")
	owner.must(http.MethodPost, "/v1/members", `{"email":"bob@example.com","role":"viewer"}`)
	mail := owner.must(http.MethodGet, "/dev/mail.json", "")
	if !strings.Contains(string(mail.body), "/sign-up") {
		t.Errorf("the mail leads elsewhere: %s", mail.body)
	}
	w.open("/sign-up")
	w.form("emailAddress", "bob@example.com")
	w.at("/overview")
	w.until("the company", `document.body.innerText.includes("Acme")`)

	session := w.newest(w.UserOf("bob@example.com"))
	w.Status(session, "pending")
	w.do(chromedp.Navigate("about:blank")) // Clerk's script would put the token back
	w.drop("__session")
	w.open("/overview")
	w.at("/sign-in")
	w.Status(session, "active")
	w.open("/overview")
	w.at("/overview")
}

func (w *clerkWorld) drop(name string) {
	w.t.Helper()
	for _, name := range []string{name, name + "_" + clerkstand.Suffix(w.PublishableKey)} {
		if _, err := chromedp.Call(w.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: w.app}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestClerkFromOurOwnAssets: the scripts come from our own host, and where they
// do not come at all a link leads to Clerk's hosted page and back.
func TestClerkFromOurOwnAssets(t *testing.T) {
	dir, ok := clerkScripts(t)
	if !ok {
		return
	}
	w, ok := newClerkWorld(t, false, "CLERK_JS_DIR="+dir)
	if !ok {
		return
	}
	w.join("user_1", "ada@example.com")
	w.open("/sign-in")
	w.until("Clerk's form", `document.querySelector("input[name=identifier]")`)
	if n := w.Asked("GET /npm/"); n != 0 {
		t.Errorf("%d scripts came from Clerk's host", n)
	}
	w.form("identifier", "ada@example.com")
	w.at("/overview")
	w.staysAtHome()
}

// TestClerkHostedPage: where Clerk's script does not come, a link leads to
// Clerk's own page and from there back.
func TestClerkHostedPage(t *testing.T) {
	w, ok := newClerkWorld(t, false, "CLERK_JS_URL=/nowhere.js")
	if !ok {
		return
	}
	w.join("user_1", "ada@example.com")
	w.open("/overview?status=frozen")
	w.until("what went wrong", `!document.querySelector("[data-clerk-failed]").hidden`)
	w.do(chromedp.Click(chromedp.CSS("main p a")))
	w.until("Clerk's page", `document.querySelector("input[name=email]")`)
	w.do(chromedp.SendKeys(chromedp.CSS("input[name=email]"), "ada@example.com\r"))
	w.at("/overview?status=frozen")
	w.until("a session", `document.cookie.includes("__session=")`)
}
