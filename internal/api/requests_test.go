package api

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/getpurser/purser/internal/access"
)

// calling is one operation of the document.
type calling struct {
	method, path string
	op           *openapi3.Operation
	item         *openapi3.PathItem
}

// explorer makes requests of the OpenAPI document, sends them, learns from the
// answers what there is to name, and holds each answer to the document.
type explorer struct {
	*maker
	document *openapi3.T
	callings []calling
	send     func(*http.Request) (*http.Response, error)
	base     string
	// callers are the headers of each credential there is.
	callers []map[string]string
	// able are those of them who may call an operation.
	able map[string][]map[string]string
	// patience is how long one answer may take.
	patience time.Duration
	findings map[string]string
	statuses map[string]map[int]int
	slowest  time.Duration
}

func newExplorer(t *testing.T, seed uint64, base string, client *http.Client, document []byte) *explorer {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	e := &explorer{document: d, base: base, send: client.Do, patience: 40 * time.Second,
		maker:    &maker{rng: rand.New(rand.NewPCG(seed, seed)), seen: memory{}},
		findings: map[string]string{}, statuses: map[string]map[int]int{}}
	for _, path := range slices.Sorted(maps.Keys(d.Paths.Map())) {
		item := d.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			e.callings = append(e.callings, calling{method, path, item.GetOperation(method), item})
		}
	}
	return e
}

// explore sends n requests.
func (e *explorer) explore(ctx context.Context, n int) {
	for range n {
		c := e.callings[e.choose(e.weights())]
		e.ask(ctx, c, e.make(c, e.caller(c)))
	}
}

// caller is mostly one who may.
func (e *explorer) caller(c calling) map[string]string {
	if able := e.able[c.op.OperationID]; len(able) > 0 && e.often(80) {
		return pick(e.maker, able)
	}
	return pick(e.maker, e.callers)
}

// weights make rare what takes a state away that others need, and frequent
// what leads on.
func (e *explorer) weights() []int {
	out := make([]int, len(e.callings))
	for i, c := range e.callings {
		switch c.op.OperationID {
		case "authorize":
			out[i] = 40
		case "confirmAuthorization", "voidAuthorization", "approve", "deny", "redeemToken", "createAgent", "archivePolicy", "unfreezeCompany", "unfreezeAgent":
			out[i] = 8
		case "freezeCompany", "deleteAgent", "revokeKey", "rerollKey", "createCredential", "verifyLog", "createCompany", "deleteWebhook", "cancelCard", "deleteCard":
			out[i] = 1
		default:
			out[i] = 3
		}
	}
	return out
}

// ask sends one request, learns, and judges.
func (e *explorer) ask(ctx context.Context, c calling, r request) {
	ctx, stop := context.WithTimeout(ctx, e.patience)
	defer stop()
	sent, err := r.http(ctx, e.base)
	if err != nil {
		return // not a request that HTTP can carry
	}
	began := time.Now()
	resp, err := e.send(sent)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	took := time.Since(began)
	e.slowest = max(e.slowest, took)
	if err != nil {
		e.found(c, 0, "no whole answer: "+err.Error(), r, nil)
		return
	}
	counts := e.statuses[c.op.OperationID]
	if counts == nil {
		counts = map[int]int{}
		e.statuses[c.op.OperationID] = counts
	}
	counts[resp.StatusCode]++
	for _, why := range judge(ctx, e.document, c, r, resp, body) {
		e.found(c, resp.StatusCode, why, r, body)
	}
	if took > e.patience/2 {
		e.found(c, resp.StatusCode, "it took more than "+(e.patience/2).String(), r, body)
	}
	e.learn(c, r, resp, body)
}

func (e *explorer) found(c calling, status int, why string, r request, body []byte) {
	key := fmt.Sprintf("%s %d: %.300s", c.op.OperationID, status, why)
	if _, old := e.findings[key]; !old {
		e.findings[key] = fmt.Sprintf("%s\n  %s\n  answer: %.600s", key, r, body)
	}
}

// report fails the test with what was found, and shows where the requests went.
func (e *explorer) report(t *testing.T) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(e.findings)) {
		t.Error(e.findings[key])
	}
	for _, id := range slices.Sorted(maps.Keys(e.statuses)) {
		t.Logf("%-22s %v", id, e.statuses[id])
	}
	t.Logf("slowest answer: %v", e.slowest)
}

// number reads a setting of the long form.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// era is how many requests one company gets before the next one is founded:
// what was asked of it has by then closed most ways on.
const era = 2500

// TestRequestsOfTheDocument sends FUZZ_REQUESTS requests (make fuzz-api: 50,000)
// that are made of the OpenAPI document: valid ones, ones at the bounds, and
// broken ones. There is no 5xx, and no answer that the document does not
// describe. FUZZ_SEED chooses other requests.
func TestRequestsOfTheDocument(t *testing.T) {
	t.Parallel()
	requests, seed := number(t, "FUZZ_REQUESTS", era), number(t, "FUZZ_SEED", 1)
	t.Logf("FUZZ_SEED=%d FUZZ_REQUESTS=%d", seed, requests)
	w := newWorld(t, unlimited)
	_, served := documents(t)
	e := newExplorer(t, uint64(seed), w.URL, w.Client(), served["3.0"])
	for i := 0; requests > 0; i++ {
		e.settle(w, i)
		n := min(era, requests)
		e.explore(t.Context(), n)
		requests -= n
	}
	e.report(t)
	e.wantReached(t)
}

// unlimited lifts the limits by address: every request comes from one.
func unlimited(c *access.Config) {
	c.LinksPerAddress, c.LinksPerClient, c.FailuresPerMinute = -1, -1, 1<<30
}

// wantReached fails a run that stayed at the surface: nearly every operation
// has to succeed at some time.
func (e *explorer) wantReached(t *testing.T) {
	t.Helper()
	var never []string
	for _, c := range e.callings {
		counts := e.statuses[c.op.OperationID]
		if counts[http.StatusOK]+counts[http.StatusCreated]+counts[http.StatusAccepted] == 0 {
			never = append(never, c.op.OperationID)
		}
	}
	if len(never) > len(e.callings)/10 {
		t.Errorf("never answered with success: %v", never)
	}
}

// settle founds the company of the next era, with every kind of credential.
func (e *explorer) settle(w *world, n int) {
	f := w.newFirm(fmt.Sprintf("owner%d@example.com", n))
	e.seen.reset()
	f.owner = f.owner.with("X-Company-Id", f.id) // there may be more later
	wide := func(name string, scopes ...string) map[string]string {
		a := f.owner.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": name, "mode": "test", "scopes": scopes,
			"rate_limit": map[string]int{"per_minute": 1_000_000, "in_flight": 1000}})
		e.spare(a.text("id"))
		return map[string]string{"X-API-Key": a.text("key")}
	}
	all, approvals, settle := wide("all", "admin", "spend", "settle", "read"), wide("approvals", "approvals", "read"), wide("settle", "settle")
	e.callers = []map[string]string{all, wide("spend", "spend"), settle, wide("read", "read"), approvals, f.owner.header, f.live.header, {}}
	second := fmt.Sprintf("second%d@example.com", n)
	f.owner.want(201, "", "POST", "/v1/members", map[string]any{"email": second, "role": "approver"})
	approver := w.signIn(second).with("X-Mode", "test", "X-Company-Id", f.id).header
	e.callers = append(e.callers, approver)
	e.able = map[string][]map[string]string{}
	for id, g := range gates() {
		switch {
		case g.person:
			e.able[id] = []map[string]string{f.owner.header, approver}
		case id == "approve", id == "deny":
			e.able[id] = []map[string]string{approvals, approver, f.owner.header}
		case id == "createKey", id == "getMyMessages", id == "chooseMyMessages", id == "nameStandIn", id == "dropStandIn":
			e.able[id] = []map[string]string{f.owner.header}
		default:
			e.able[id] = []map[string]string{all}
		}
	}
	for _, m := range f.read.want(200, "", "GET", "/v1/members", nil).at("data").([]any) {
		id := fmt.Sprint(m.(map[string]any)["id"])
		if m.(map[string]any)["role"] == "approver" {
			e.seen.add("approver", id)
		}
		e.spare(id)
	}
	for _, handle := range []string{"bot", "procurement-bot", "third"} {
		e.seen.add("agent", f.agent(handle))
		e.seen.add("agent", handle)
	}
	bound := f.owner.want(201, "", "POST", "/v1/agents/bot/credentials", map[string]any{"name": "own", "scopes": []string{"spend", "read"},
		"rate_limit": map[string]int{"per_minute": 1_000_000}})
	e.callers = append(e.callers, map[string]string{"X-API-Key": bound.text("key")})
	for range 3 {
		hook := f.admin.want(201, "", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/x"}).text("id")
		e.seen.add("whk", hook)
		e.seen.add("whd", f.admin.want(202, "", "POST", "/v1/webhooks/"+hook+"/test", nil).text("id"))
	}
	e.plantCards(f)
	e.mailbox = func() string { return lastLink(w, second) }
	f.policy(limit(100_000), rule{"type": "approval_threshold", "amount": 50, "currency": "usd"})
	asks := w.anybody().with("X-API-Key", bound.text("key"))
	for i := range 8 { // so that there is something to decide from the start
		held := asks.want(202, "", "POST", "/v1/authorize", map[string]any{"amount": 60 + i, "currency": "usd", "merchant": map[string]any{"name": "Shop"}})
		e.seen.add("auth", held.text("id"))
		e.seen.add("appr", held.text("approval", "id"))
	}
}

// plantCards makes cards with swipes on them, for the network to say something of.
func (e *explorer) plantCards(f *firm) {
	for range 3 {
		card := f.admin.want(201, "", "POST", "/v1/cards", map[string]any{"amount": 200, "currency": "usd", "agent": "bot"}).text("id")
		e.seen.add("card", card)
		for range 4 {
			e.seen.add("swiped", f.admin.want(200, "", "POST", "/v1/sandbox/cards/"+card+"/authorize", swipe(5)).text("authorization", "id"))
		}
	}
}

// lastLink gives the secret of a fresh sign-in link.
func lastLink(w *world, email string) string {
	w.anybody().want(202, "", "POST", "/v1/auth/magic-link", map[string]any{"email": email})
	for _, m := range w.mailbox.Items() {
		if found := tokenPattern.FindStringSubmatch(m.Text); m.To == email && found != nil {
			return found[1]
		}
	}
	return strings.Repeat("x", 43)
}
