package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/web/browsertest"
)

// hostile are names that somebody gives in order to fool a reader or a page.
var hostile = map[string]string{
	"a script":           `<script>alert(1)</script>`,
	"an attribute":       `"><img src=x onerror=alert(1)>`,
	"right to left":      "Shop \u202Emoc.elgoog\u202C",
	"nothing to see":     "A\u200Bcme\u2060 \uFEFFLtd",
	"another alphabet":   "\u0410m\u0430zon Web Services",
	"200 letters":        strings.Repeat("W", 200),
	"200 in words":       strings.Repeat("Werk ", 40)[:199] + "W",
	"many marks":         "Z" + strings.Repeat("\u0301\u0323", 60),
	"a formula":          `=HYPERLINK("https://evil.example","pay")`,
	"a template":         `{{.}} ${7*7} {{constructor.constructor('alert(1)')()}}`,
	"emoji":              strings.Repeat("👩‍👩‍👧‍👦", 20),
	"right to left word": "متجر الكتب",
}

// unseen are characters that no page may show as they are: they would be
// invisible, or turn round what follows.
const unseen = "\u202E\u202C\u200B\u2060\uFEFF"

// hostileFirm has requests to every hostile name, one of each kind of answer.
func hostileFirm(t testing.TB) *firm {
	t.Helper()
	f := newFirm(t)
	f.liveAdmin.agent("hostile-bot")
	f.liveAdmin.policy(hostile["a script"], `[{"type": "transaction_limit", "amount": 500, "currency": "usd"},
		{"type": "approval_threshold", "amount": 100, "currency": "usd"}]`)
	for kind, name := range hostile {
		for _, amount := range []string{"12.50", "120.00", "1200.00"} {
			f.hostileRequest(kind, name, amount)
		}
	}
	return f
}

// hostileRequest asks for money for a merchant of that name. What the API does
// not take is put below it, as if an older version had.
func (f *firm) hostileRequest(kind, name, amount string) {
	f.t.Helper()
	asked := map[string]any{"agent": "hostile-bot", "amount": amount, "currency": "usd",
		"merchant": object("name", name), "purpose": name, "metadata": object("note", name)}
	status, out := f.live.try("POST", "/v1/authorize", asked)
	if out["code"] != "malformed_text" {
		if status > http.StatusAccepted {
			f.t.Fatalf("%s: %d %v", kind, status, out)
		}
		return
	}
	asked["merchant"], asked["purpose"], asked["metadata"] = object("name", "To be replaced "+kind), "", nil
	id, _ := ident.Parse(ident.Authorization, fmt.Sprint(f.live.do("POST", "/v1/authorize", asked)["id"]))
	_, err := f.pool.Exec(f.t.Context(), "UPDATE authorizations SET merchant_name = $2, purpose = $2 WHERE authorization_id = $1", id, name)
	f.must(err)
}

// TestHostileNames opens every page with every name on it: what came from
// outside is text, and what would not be seen is made visible.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	f := hostileFirm(t)
	for _, path := range f.pagesOf(f.owner) {
		a := f.owner.get(path).want(http.StatusOK)
		mannered(t, a)
		if len(a.all("img[src=x]")) > 0 || strings.Contains(a.body, "<script>alert") {
			t.Errorf("%s: a name became a part of the page", path)
		}
		if at := strings.IndexAny(a.body, unseen); at >= 0 {
			t.Errorf("%s: a character that nobody sees: …%q…", path, a.body[max(0, at-120):min(len(a.body), at+40)])
		}
	}
}

// pagesOf are the addresses of every whole page of live mode, those about one
// thing for each of the newest twenty of them.
func (f *firm) pagesOf(b *browser) []string {
	f.t.Helper()
	ask, some := f.session(b, true), f.some(b, true)
	var out []string
	for _, r := range f.web.routes() {
		if r.method != http.MethodGet || r.who != member || !r.live {
			continue
		}
		things := []string{""}
		if strings.HasPrefix(r.path, "/authorizations/:") || strings.HasPrefix(r.path, "/approvals/:") {
			things = ids(ask.do("GET", "/v1"+r.path[:strings.Index(r.path, "/:")]+"?limit=20", nil))
		}
		for _, id := range things {
			if id != "" {
				some["authorizations"], some["approvals"] = id, id
			}
			path := r.at(f.t, some) + queries[r.path]
			if strings.Contains(path, "/none") {
				continue // there is no such thing yet
			}
			if a := b.get(path); a.status != http.StatusOK && !ours(a.to()) {
				f.t.Errorf("%s: %d %s", path, a.status, brief(a))
			} else if a.whole() {
				out = append(out, path)
			}
		}
	}
	return out
}

// ids are the ids of a list.
func ids(list map[string]any) (out []string) {
	rows, _ := list["data"].([]any)
	for _, row := range rows {
		if row, ok := row.(map[string]any); ok {
			out = append(out, fmt.Sprint(row["id"]))
		}
	}
	return out
}

// TestHostileNamesOnAPhone shows that no name makes a page wider than a phone.
func TestHostileNamesOnAPhone(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := hostileFirm(t)
	f.fitsAPhone(b)
}

// TestNothingOnAPhone shows every page of a company that has nothing yet.
func TestNothingOnAPhone(t *testing.T) {
	t.Parallel()
	b, ok := browsertest.Open(t)
	if !ok {
		return
	}
	f := newFirm(t)
	f.fitsAPhone(b)
}

func (f *firm) fitsAPhone(b *browsertest.Browser) {
	f.t.Helper()
	window := b.Window(f.t, f.URL, looks["360 px, day"])
	window.Cookie(f.web.sessionCookie(), f.owner.session())
	for _, path := range f.pagesOf(f.owner) {
		window.Open(path)
		if wide := window.Overflow(); wide != "" {
			f.t.Errorf("%s: wider than a phone: %s", path, wide)
		}
	}
}

// TestManyOfEverything has every page show a company of 500 agents and more
// than 10,000 authorizations.
func TestManyOfEverything(t *testing.T) {
	t.Parallel()
	w, filled := newDemo(t)
	company := filled.Company.Company
	w.multiply(company, 10_000/w.count("authorizations", company)+1)
	w.crowd(company, 500)
	if agents, spent := w.count("agents", company), w.count("authorizations", company); agents < 500 || spent < 10_000 {
		t.Fatalf("%d agents, %d authorizations", agents, spent)
	}
	owner := w.signIn("owner@demo.test")
	for _, path := range w.documents(owner) {
		a := owner.get(path).want(http.StatusOK)
		mannered(t, a)
		light(t, a)
	}
}
