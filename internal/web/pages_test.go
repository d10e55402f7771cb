package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/getpurser/purser/internal/ident"
)

// TestEveryPageOfTheDemo opens every address as the owner of a company with
// three months of history, in both modes.
func TestEveryPageOfTheDemo(t *testing.T) {
	t.Parallel()
	w, _ := newDemo(t)
	owner := w.signIn("owner@demo.test")
	things := map[bool]map[string]string{true: w.some(owner, true), false: w.some(owner, false)}
	for _, r := range w.web.routes() {
		if r.method != http.MethodGet {
			continue
		}
		path := r.at(t, things[r.live])
		if strings.Contains(path, "/none") {
			continue // test mode of the demo has none of these yet
		}
		a := owner.get(path + queries[r.path])
		if a.status != http.StatusOK && (a.status >= 400 || r.who == member && !ours(a.to())) {
			t.Errorf("%s: %d %s", path, a.status, brief(a))
			continue
		}
		mannered(t, a)
		light(t, a)
	}
}

// queries are what an address needs beside its path.
var queries = map[string]string{"/authorizations/export": "?format=csv", "/audit/export": "?format=csv", "/policies/:id/status": "?to=archived"}

// some are ids of things that the company has, one of each kind; "none" where
// it has none.
func (w *world) some(owner *browser, live bool) map[string]string {
	w.t.Helper()
	ask := w.session(owner, live)
	out := map[string]string{"versions": "1"}
	for kind, at := range map[string]string{"agents": "/v1/agents", "authorizations": "/v1/authorizations", "approvals": "/v1/approvals",
		"policies": "/v1/policies", "keys": "/v1/api-keys", "members": "/v1/members", "audit": "/v1/audit", "ledger": "/v1/ledger/transactions"} {
		out[kind] = first(ask.do("GET", at, nil))
	}
	out["sessions"] = ident.Format(ident.Session, ident.New())
	addWebhook(ask, out)
	out["reconciliation"] = w.compared(fmt.Sprint(ask.do("GET", "/v1/company", nil)["id"]), live)
	if out["cards"] = "none"; !live {
		out["cards"] = path.Base(attribute(owner.open("/test/cards").find("[data-card] a"), "href"))
	}
	return out
}

// mannered holds what every answer owes: the headers, and a document that needs
// nothing that the policy forbids.
func mannered(t *testing.T, a *answer) {
	t.Helper()
	for name, value := range map[string]string{"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "same-origin"} {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s: %s is %q", a.path, name, got)
		}
	}
	if a.root == nil || a.status != http.StatusOK {
		return
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s: Cache-Control is %q", a.path, got)
	}
	for _, n := range a.all("*") {
		unfit(t, a, n)
	}
	for _, f := range a.all("form[method=post]") {
		if a.b.csrf != "" && a.has("input[name=csrf]") && len(all(f, "input[name=csrf]")) != 1 {
			t.Errorf("%s: the form %q has no csrf", a.path, attribute(f, "action"))
		}
	}
	ids := map[string]bool{}
	for _, n := range a.all("[id]") {
		if id := attribute(n, "id"); ids[id] {
			t.Errorf("%s: two elements have the id %q", a.path, id)
		} else {
			ids[id] = true
		}
	}
	if !a.whole() {
		return
	}
	if n := len(a.all("h1")); n != 1 {
		t.Errorf("%s: %d headings of the first level", a.path, n)
	}
	if title := a.text("head > title"); !strings.HasSuffix(title, "· Purser") || strings.HasPrefix(title, "·") {
		t.Errorf("%s: the title is %q", a.path, title)
	}
}

// unfit finds what the policy would block, and what leads to another site.
func unfit(t *testing.T, a *answer, n *html.Node) {
	t.Helper()
	if n.Data == "style" || n.Data == "script" && attribute(n, "src") == "" {
		t.Errorf("%s: an inline %s", a.path, n.Data)
	}
	for _, at := range n.Attr {
		if at.Key == "style" || strings.HasPrefix(at.Key, "on") || strings.HasPrefix(at.Key, "hx-on") {
			t.Errorf("%s: <%s %s=%q>", a.path, n.Data, at.Key, at.Val)
		}
		value := strings.ToLower(at.Val)
		if at.Key == "src" && !ours(at.Val) || strings.HasPrefix(value, "javascript:") {
			t.Errorf("%s: <%s %s=%q>", a.path, n.Data, at.Key, at.Val)
		}
	}
}

// mostBytes is what a page may weigh on its way, without pictures.
const mostBytes = 100_000

// light adds up what a first visit fetches: the document, the style sheet and
// the scripts.
func light(t *testing.T, a *answer) {
	t.Helper()
	if !a.whole() {
		return
	}
	raw, sent := len(a.body), zipped(a.body)
	html := sent
	for _, n := range a.all("link[rel=stylesheet], script[src]") {
		file := a.b.get(attribute(n, "href") + attribute(n, "src")).want(http.StatusOK)
		raw, sent = raw+len(file.body), sent+zipped(file.body)
	}
	t.Logf("%-40s %4d kB sent, of that the document %3d kB; %4d kB unpacked", a.path, sent/1000, html/1000, raw/1000)
	if sent > mostBytes {
		t.Errorf("%s: %d bytes", a.path, sent)
	}
}

func zipped(text string) int {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.DefaultCompression)
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()
	return out.Len()
}

// TestErrorsArePacked asks for what is not there with and without gzip, and has
// a page fail: each is a whole page.
func TestErrorsArePacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := w.visitor()
	for path, status := range map[string]int{"/no-such-page": http.StatusNotFound, "/sign-in": http.StatusOK} {
		a := nobody.get(path).want(status)
		if !a.whole() || a.text("h1") == "" {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	a := nobody.do(http.MethodPost, "/sign-in", "email=a%40b.test", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	a.want(http.StatusForbidden)
	if !a.whole() || a.text("h1") == "" {
		t.Errorf("a refusal: %s", a.body)
	}
}

// TestHead: what can be got can be asked about, with the same status and no body.
func TestHead(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for path, status := range map[string]int{"/overview": 200, "/test/agents": 200, "/agents/agent_none": 404, "/sign-in": 303} {
		if a := f.owner.do(http.MethodHead, path, ""); a.status != status || len(a.body) != 0 {
			t.Errorf("HEAD %s: %d with %d bytes, want %d", path, a.status, len(a.body), status)
		}
	}
}
