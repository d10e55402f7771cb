package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/ident"
)

// firm is a small company with somebody signed in for each role, one who is a
// member of another company, one of none, and the API in both modes.
type firm struct {
	*world
	id string
	// name is part of every member's address: owner@NAME.test.
	name                           string
	owner, admin, approver, viewer *browser
	outsider, stranger             *browser
	// live and test are keys that may ask to spend; liveAdmin and testAdmin
	// manage.
	live, test, liveAdmin, testAdmin caller
}

// newFirm makes a world and a company in it that has no agent yet.
func newFirm(t testing.TB) *firm {
	t.Helper()
	return newWorld(t).newFirm("acme")
}

func (w *world) newFirm(name string) *firm {
	w.t.Helper()
	f := &firm{world: w, name: name, owner: w.signIn("owner@" + name + ".test")}
	f.id = w.found(f.owner, name)
	owner := w.session(f.owner, true)
	for _, role := range []string{"admin", "approver", "viewer"} {
		owner.do("POST", "/v1/members", object("email", role+"@"+name+".test", "role", role))
	}
	f.admin, f.approver, f.viewer = w.signIn("admin@"+name+".test"), w.signIn("approver@"+name+".test"), w.signIn("viewer@"+name+".test")
	f.outsider, f.stranger = w.signIn("owner@other-"+name+".test"), w.signIn("stranger@"+name+".test")
	w.found(f.outsider, "other-"+name)
	f.live, f.test = f.key(true, "spend", "settle"), f.key(false, "spend", "settle")
	f.liveAdmin, f.testAdmin = f.key(true, "admin"), f.key(false, "admin")
	return f
}

// found makes a company over the API and gives its id.
func (w *world) found(owner *browser, name string) string {
	w.t.Helper()
	return fmt.Sprint(w.session(owner, true).do("POST", "/v1/companies", object("name", name, "currency", "usd", "time_zone", "Europe/Berlin"))["id"])
}

// key makes an API key of the company.
func (f *firm) key(live bool, scopes ...string) caller {
	f.t.Helper()
	made := f.session(f.owner, live).do("POST", "/v1/api-keys", map[string]any{"name": "a key", "mode": modeName(live), "scopes": scopes})
	return caller{f.world, [][2]string{{"X-API-Key", fmt.Sprint(made["key"])}}}
}

// agent makes an agent and gives its id.
func (c caller) agent(handle string) string {
	c.w.t.Helper()
	return fmt.Sprint(c.do("POST", "/v1/agents", object("handle", handle, "name", handle))["id"])
}

// policy writes an active policy for all agents, of rules as the API takes
// them, and gives its id.
func (c caller) policy(name string, rules string) string {
	c.w.t.Helper()
	return fmt.Sprint(c.do("POST", "/v1/policies", map[string]any{"name": name, "status": "active", "rules": json.RawMessage(rules)})["id"])
}

// spend asks to spend and gives the answer.
func (c caller) spend(agent, amount, merchant string) map[string]any {
	c.w.t.Helper()
	return c.do("POST", "/v1/authorize", map[string]any{"agent": agent, "amount": json.Number(amount), "currency": "usd",
		"merchant": object("name", merchant), "purpose": "a test"})
}

// caller uses the JSON API beside the pages.
type caller struct {
	w       *world
	headers [][2]string
}

// session is the API as somebody who is signed in at the pages.
func (w *world) session(b *browser, live bool) caller {
	w.t.Helper()
	token := b.session()
	if token == "" {
		w.t.Fatal("nobody is signed in")
	}
	return caller{w, [][2]string{{"Authorization", "Bearer " + token}, {"X-Mode", modeName(live)}}}
}

// do sends a request, which has to succeed.
func (c caller) do(method, path string, body any) map[string]any {
	c.w.t.Helper()
	status, out := c.try(method, path, body)
	if status >= http.StatusBadRequest {
		c.w.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

// try sends a request and gives what came. A decision that a busy machine did
// not make in time is asked for again, as an agent would.
func (c caller) try(method, path string, body any) (int, map[string]any) {
	c.w.t.Helper()
	if !strings.HasPrefix(path, "/v1/authorize") || method != http.MethodPost {
		return c.once(method, path, body)
	}
	again := caller{c.w, append(slices.Clone(c.headers), [2]string{"Idempotency-Key", ident.New().String()})}
	for attempt := 1; ; attempt++ {
		status, out := again.once(method, path, body)
		if status != http.StatusServiceUnavailable || attempt == 10 {
			return status, out
		}
		time.Sleep(time.Second)
	}
}

func (c caller) once(method, path string, body any) (int, map[string]any) {
	c.w.t.Helper()
	var sent bytes.Buffer
	if body != nil {
		c.w.must(json.NewEncoder(&sent).Encode(body))
	}
	req, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.URL+path, &sent)
	c.w.must(err)
	req.Host = worldHost
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range c.headers {
		req.Header.Set(h[0], h[1])
	}
	resp, err := c.w.Client().Do(req)
	c.w.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	c.w.must(err)
	out := map[string]any{}
	if len(raw) > 0 {
		c.w.must(json.Unmarshal(raw, &out))
	}
	return resp.StatusCode, out
}

// object is a JSON object of texts: name, value, name, value.
func object(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

func modeName(live bool) string {
	if live {
		return "live"
	}
	return "test"
}
