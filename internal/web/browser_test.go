package web

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// browser is somebody with cookies of their own. It follows no redirect by
// itself.
type browser struct {
	w      *world
	client *http.Client
	csrf   string // of the last page that had one
}

// visitor is somebody who has not signed in.
func (w *world) visitor() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{w: w, client: &http.Client{Jar: jar, Transport: w.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

var linkToken = regexp.MustCompile(`token=([A-Za-z0-9_%-]+)`)

// signIn goes through the mailbox, as people do. Whoever never came before is
// a new person.
func (w *world) signIn(email string) *browser {
	w.t.Helper()
	b := w.visitor()
	b.post("/sign-in", "email", email).want(http.StatusOK)
	for _, m := range w.mailbox.Items() {
		if link := linkToken.FindStringSubmatch(m.Text); m.To == email && link != nil {
			token, err := url.QueryUnescape(link[1])
			w.must(err)
			b.post("/sign-in/verify", "token", token).want(http.StatusSeeOther)
			return b
		}
	}
	w.t.Fatalf("no mail for %s", email)
	return nil
}

// answer is what came back.
type answer struct {
	b            *browser
	method, path string
	status       int
	header       http.Header
	body         string
	root         *html.Node // nil where it is no HTML
}

// get asks for a page; headers are name, value, name, value.
func (b *browser) get(path string, headers ...string) *answer {
	b.w.t.Helper()
	return b.do(http.MethodGet, path, "", headers...)
}

// part asks for a part of a page, as htmx does.
func (b *browser) part(path string) *answer {
	b.w.t.Helper()
	return b.get(path, "HX-Request", "true")
}

// open asks for a page and follows where it leads.
func (b *browser) open(path string) *answer {
	b.w.t.Helper()
	return b.get(path).follow()
}

// post sends a form: name, value, name, value. The mark that shows whose form
// it is comes from the last page that had one, else from /overview.
func (b *browser) post(path string, pairs ...string) *answer {
	b.w.t.Helper()
	return b.postForm(path, form(pairs...))
}

func (b *browser) postForm(path string, values url.Values) *answer {
	b.w.t.Helper()
	if !values.Has("csrf") && !strings.HasPrefix(path, "/sign-in") {
		if b.csrf == "" {
			b.open("/overview")
		}
		values.Set("csrf", b.csrf)
	}
	return b.do(http.MethodPost, path, values.Encode())
}

func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values
}

func (b *browser) do(method, path, body string, headers ...string) *answer {
	b.w.t.Helper()
	req, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.URL+path, strings.NewReader(body))
	b.w.must(err)
	req.Host = worldHost
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "http://"+worldHost)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.client.Do(req)
	b.w.must(err)
	defer resp.Body.Close()
	a := &answer{b: b, method: method, path: path, status: resp.StatusCode, header: resp.Header}
	if a.streams() {
		return a // it has no end
	}
	raw, err := io.ReadAll(resp.Body)
	b.w.must(err)
	a.body = string(raw)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		a.root, err = html.Parse(strings.NewReader(a.body))
		b.w.must(err)
		if mark := a.find("input[name=csrf]"); mark != nil {
			b.csrf = attribute(mark, "value")
		}
	}
	return a
}

// streams says whether the answer goes on for as long as it is listened to.
func (a *answer) streams() bool {
	return strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream")
}

// whole says whether the answer is a document, not a part of one.
func (a *answer) whole() bool {
	return a.root != nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.body)), "<!doctype")
}

// want fails the test at once where the status is another one.
func (a *answer) want(status int) *answer {
	a.b.w.t.Helper()
	if a.status != status {
		a.b.w.t.Fatalf("%s %s: %d, wanted %d: %s", a.method, a.path, a.status, status, brief(a))
	}
	return a
}

// brief is what a page says, for a failed test's message.
func brief(a *answer) string {
	if a.root == nil {
		return a.header.Get("Location") + " " + a.body
	}
	if main := a.text("main"); main != "" {
		return main
	}
	return a.text("body")
}

// to is where the answer leads, or empty.
func (a *answer) to() string { return a.header.Get("Location") }

// follow goes where the answer leads, until there is a page.
func (a *answer) follow() *answer {
	a.b.w.t.Helper()
	for range 5 {
		if a.status < 300 || a.status > 399 {
			return a
		}
		a = a.b.get(a.to())
	}
	a.b.w.t.Fatalf("%s leads on and on", a.path)
	return nil
}

// submit fills the form that the selector finds (or that is around what it
// finds) and sends it: what the page put into it, and the pairs over that. Where
// the selector finds a button, its name and value go with it.
func (a *answer) submit(selector string, pairs ...string) *answer {
	a.b.w.t.Helper()
	found := a.find(selector)
	at := found
	for at != nil && at.Data != "form" {
		at = at.Parent
	}
	if at == nil {
		a.b.w.t.Fatalf("%s has no form %s", a.path, selector)
	}
	values := fields(at)
	if found.Data == "button" && attribute(found, "name") != "" {
		values.Set(attribute(found, "name"), attribute(found, "value"))
	}
	over := form(pairs...)
	for name := range over {
		values[name] = over[name]
	}
	target := attribute(at, "action")
	if to := attribute(found, "formaction"); to != "" {
		target = to
	}
	if target == "" {
		target = a.path
	}
	if !strings.EqualFold(attribute(at, "method"), "post") {
		path, _, _ := strings.Cut(target, "?")
		return a.b.get(path + "?" + values.Encode())
	}
	return a.b.postForm(target, values)
}

// fields are what a browser would send of an untouched form.
func fields(at *html.Node) url.Values {
	values := url.Values{}
	for _, in := range all(at, "input[name]:not([disabled]), textarea[name]:not([disabled]), select[name]:not([disabled])") {
		name, kind := attribute(in, "name"), attribute(in, "type")
		switch {
		case in.Data == "textarea":
			values.Add(name, strings.TrimPrefix(text(in), "\n"))
		case in.Data == "select":
			chosen := all(in, "option[selected]")
			if len(chosen) == 0 {
				chosen = all(in, "option")
			}
			if len(chosen) > 0 {
				values.Add(name, attribute(chosen[0], "value"))
			}
		case (kind == "checkbox" || kind == "radio") && !has(in, "checked"), kind == "submit", kind == "file":
		default:
			values.Add(name, attribute(in, "value"))
		}
	}
	return values
}

// all finds every element; a selector that is none is a mistake in the test.
func (a *answer) all(selector string) []*html.Node { return all(a.root, selector) }

// find is the first element, or nil.
func (a *answer) find(selector string) *html.Node {
	if found := a.all(selector); len(found) > 0 {
		return found[0]
	}
	return nil
}

// has says whether there is such an element.
func (a *answer) has(selector string) bool { return a.find(selector) != nil }

// text is what all such elements say, its white space made single.
func (a *answer) text(selector string) string {
	var words []string
	for _, n := range a.all(selector) {
		words = append(words, strings.Fields(text(n))...)
	}
	return strings.Join(words, " ")
}

func all(root *html.Node, selector string) []*html.Node {
	if root == nil {
		return nil
	}
	return cascadia.QueryAll(root, cascadia.MustCompile(selector))
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && (c.Data == "script" || c.Data == "style") {
			continue
		}
		b.WriteString(text(c))
		b.WriteByte(' ')
	}
	return b.String()
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// attribute is an attribute's value, or empty.
func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// session is the token of whoever is signed in, or empty.
func (b *browser) session() string {
	for _, c := range b.client.Jar.Cookies(&url.URL{Scheme: "http", Host: worldHost, Path: "/"}) {
		if c.Name == b.w.web.sessionCookie() {
			return c.Value
		}
	}
	return ""
}
