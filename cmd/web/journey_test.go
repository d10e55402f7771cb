package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

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

// TestJourneys are what people do with Purser, from the first visit on, in a
// real browser: every step by keyboard, but for the ones on a phone.
func TestJourneys(t *testing.T) {
	o, ok := newTown(t)
	if !ok {
		return
	}
	for name, journey := range map[string]func(*town){
		"starts": (*town).starts, "starts without scripts": (*town).startsPlainly,
		"approves on a phone": (*town).approvesOnAPhone, "decides by keyboard": (*town).decidesByKeyboard,
		"approves without scripts": (*town).approvesPlainly, "what was shown": (*town).approvesWhatWasShown,
		"edits a policy": (*town).editsAPolicy, "edits a policy without scripts": (*town).editsAPolicyPlainly,
		"freezes an agent": (*town).freezesAnAgent, "exports the audit log": (*town).exportsTheLog,
		"a viewer's limits": (*town).viewerLimits, "an approver's limits": (*town).approverLimits,
		"asks for themselves": (*town).asksForThemselves,
		"uses a card":         (*town).usesACard,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journey(&town{t: t, url: o.url, browser: o.browser})
		})
	}
}

func (o *town) window(look browsertest.Look) *browsertest.Window {
	o.t.Helper()
	return o.browser.Window(o.t, o.url, look)
}

// signIn goes through the form and the mailbox.
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
	raw := o.api("", "").must(http.MethodGet, "/dev/mail.json", "").body
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

// api is the JSON API with a credential.
func (o *town) api(header, value string) caller {
	return caller{t: o.t, base: o.url, client: &http.Client{Timeout: time.Minute}, header: [2]string{header, value}}
}

// firm is a company that is there already: who its owner is, and a key that
// manages and spends in live mode.
type firm struct {
	*town
	name  string
	token string // the owner's session
	key   caller
}

// newFirm makes a company with one agent, buyer, and the rules as the API takes
// them.
func (o *town) newFirm(name, rules string) *firm {
	o.t.Helper()
	f := &firm{town: o, name: name}
	f.token = f.session("owner")
	owner := o.api("Authorization", "Bearer "+f.token)
	owner.must("POST", "/v1/companies", fmt.Sprintf(`{"name":%q,"currency":"usd","time_zone":"Europe/Berlin"}`, name))
	f.key = owner.key(`"admin"`)
	f.key.must("POST", "/v1/agents", `{"handle":"buyer","name":"The buyer"}`)
	f.key.must("POST", "/v1/policies", `{"name":"House rules","status":"active","rules":`+rules+`}`)
	return f
}

// session signs a member in, over the API.
func (f *firm) session(who string) string {
	f.t.Helper()
	email := who + "@" + f.name + ".test"
	f.api("", "").must("POST", "/v1/auth/magic-link", fmt.Sprintf(`{"email":%q}`, email))
	return f.api("", "").must("POST", "/v1/auth/verify", fmt.Sprintf(`{"token":%q}`, f.linkFor(email))).field(f.t, "token")
}

// invite makes somebody a member with a role, who is their name, and signs them
// in.
func (f *firm) invite(role string) string {
	f.t.Helper()
	f.api("Authorization", "Bearer "+f.token).must("POST", "/v1/members", fmt.Sprintf(`{"email":%q,"role":%q}`, role+"@"+f.name+".test", role))
	return f.session(role)
}

// at opens a window in which the session's person is signed in.
func (f *firm) at(path, session string, look browsertest.Look) *browsertest.Window {
	f.t.Helper()
	w := f.window(look)
	w.Cookie("purser_session", session)
	w.Open(path)
	return w
}

// asks has buyer ask to spend, and gives the answer.
func (f *firm) asks(amount, merchant string) answered {
	f.t.Helper()
	return f.key.must("POST", "/v1/authorize", fmt.Sprintf(`{"agent":"buyer","amount":%s,"currency":"usd","merchant":{"name":%q},"purpose":"for the office"}`, amount, merchant))
}

// waits has buyer's program wait for what people say about a request, as
// long as it takes; what came is in the channel.
func (f *firm) waits(asked answered) <-chan answered {
	f.t.Helper()
	told := make(chan answered, 1)
	id := asked.field(f.t, "id")
	go func() {
		for {
			a, err := f.key.try("GET", "/v1/authorize/"+id+"?wait=30", "")
			var now struct{ Status string }
			if err == nil && json.Unmarshal(a.body, &now) == nil && now.Status == "held" {
				continue
			}
			told <- a
			return
		}
	}()
	return told
}

// hears is what the waiting program is told, which has to be soon.
func (f *firm) hears(told <-chan answered) answered {
	f.t.Helper()
	select {
	case a := <-told:
		return a
	case <-time.After(20 * time.Second):
		f.t.Fatal("the waiting request does not return")
		return answered{}
	}
}
