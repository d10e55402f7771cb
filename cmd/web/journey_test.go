package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/web/browsertest"
)

// town is a running server, as the README says to start it, with a browser in
// front of it.
type town struct {
	t       *testing.T
	url     string
	browser *browsertest.Browser
}

// newTown starts the server's own program; false where there is no browser.
func newTown(t *testing.T, args ...string) (*town, bool) {
	t.Helper()
	t.Parallel()
	browser, ok := browsertest.Open(t)
	if !ok {
		return nil, false
	}
	owner, _ := pgtest.NewURLs(t)
	p := newProcess(t, "DATABASE_URL="+owner)
	p.start(args...)
	return &town{t: t, url: p.url(), browser: browser}, true
}

// in is the town within a subtest.
func (o *town) in(t *testing.T) *town { return &town{t: t, url: o.url, browser: o.browser} }

func (o *town) window(look browsertest.Look) *browsertest.Window {
	o.t.Helper()
	return o.browser.Window(o.t, o.url, look)
}

// signIn goes through the form and the mailbox, by keyboard.
func (o *town) signIn(w *browsertest.Window, email string) {
	o.t.Helper()
	w.Open("/sign-in")
	w.Type("input[name=email]", email)
	w.Go("form[action='/sign-in'] button")
	w.Says("Look into your mail")
	w.Open("/sign-in/verify?token=" + o.linkFor(email))
	w.Go("form[action='/sign-in/verify'] button")
}

// linkFor is the token of the newest link that was mailed to the address.
func (o *town) linkFor(email string) string {
	o.t.Helper()
	var box []struct{ To, Text string }
	raw := o.api("").must(http.MethodGet, "/dev/mail.json", "").body
	if err := json.Unmarshal(raw, &box); err != nil {
		o.t.Fatal(err)
	}
	for _, m := range box {
		if link := linkToken.FindStringSubmatch(m.Text); m.To == email && link != nil {
			return link[1]
		}
	}
	o.t.Fatalf("no mail for %s in %s", email, raw)
	return ""
}

// api is the JSON API with a key.
func (o *town) api(key string) caller {
	return caller{t: o.t, base: o.url, client: http.DefaultClient, header: [2]string{"X-API-Key", key}}
}

func TestJourneys(t *testing.T) {
	o, ok := newTown(t)
	if !ok {
		return
	}
	t.Run("signs in", func(t *testing.T) {
		o := o.in(t)
		for _, look := range []browsertest.Look{{}, {NoScript: true}, browsertest.Phone()} {
			w := o.window(look)
			o.signIn(w, "someone@example.com")
			w.Open("/sign-in")
			t.Log(w.Text("body"))
		}
	})
}
