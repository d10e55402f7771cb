package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// world is the whole API on a database of its own.
type world struct {
	*httptest.Server
	t       testing.TB
	pool    *postgres.Pool
	api     *API
	mailbox *mail.Mailbox
	queue   *notify.Queue
	outside outsideIssuer
	logs    *lockedBuffer
	serial  atomic.Int64
}

// lockedBuffer takes log lines from many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const worldBase = "http://localhost:8080"

// newWorld opens the API's doors; options change how access is told to behave.
func newWorld(t testing.TB, options ...func(*access.Config)) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), mailbox: mail.NewMailbox(), logs: &lockedBuffer{}}
	log := slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	keys, err := sign.Open(t.Context(), w.pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32),
		MaxTokenLifetime: access.SessionLifetime, ReloadEvery: sign.DefaultReloadEvery, Logger: log})
	must(err)
	companies := company.New(w.pool)
	config := access.Config{BaseURL: worldBase, Mailer: mail.NewPost(w.mailbox), Logger: log}
	for _, change := range options {
		change(&config)
	}
	doors, err := access.Open(t.Context(), w.pool, companies, keys, config)
	must(err)
	policies := policy.NewStore(w.pool)
	gate := spend.New(w.pool, keys, policies, spend.Config{Issuer: worldBase, Log: log, Patience: 20 * time.Second})
	w.run(gate.Run)
	events := audit.New(w.pool, keys, log)
	w.queue, err = notify.NewQueue(w.pool, log)
	must(err)
	told, err := messages.New(messages.Config{Pool: w.pool, Queue: w.queue, Access: doors, Companies: companies, Policies: policies, Spend: gate,
		Mail: w.mailbox, BaseURL: worldBase, KeyEncryptionKey: make([]byte, 32), Log: log})
	must(err)
	hooks, err := webhooks.Open(webhooks.Config{Pool: w.pool, Queue: w.queue, KeyEncryptionKey: make([]byte, sign.KeySize), Logger: log, AllowLoopback: true})
	must(err)
	sealed, err := vault.New(make([]byte, vault.KeySize))
	must(err)
	rail := cards.New(cards.Config{Pool: w.pool, Gate: gate, Vault: sealed, Issuers: w.outside.find, Log: log})
	w.api, err = New(Config{BaseURL: worldBase, Logger: log, Metrics: prometheus.NewRegistry(), CursorKey: []byte("cursors"), Pool: w.pool,
		Access: doors, Companies: companies, Policies: policies, Spend: gate, Audit: events, Keys: keys, Messages: told, Mailbox: w.mailbox,
		Feed: audit.NewFeed(events, audit.FeedEvery), Webhooks: hooks,
		Cards: rail, Stripe: newStripe(t, w.pool, rail, log)})
	must(err)
	w.api.streamLife = 50 * time.Millisecond
	w.api.decisionPatience = 20 * time.Second
	e := echo.New()
	e.Use(w.api.Middleware()...)
	e.HTTPErrorHandler = w.api.HTTPErrorHandler(nil)
	w.api.Mount(e)
	w.Server = httptest.NewServer(e)
	t.Cleanup(w.Close)
	t.Cleanup(func() {
		for line := range strings.Lines(w.logs.String()) {
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Log(line)
			}
		}
	})
	return w
}

// run starts a job that ends with the test, before the database goes.
func (w *world) run(job func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { job(ctx); close(done) }()
	w.t.Cleanup(func() { stop(); <-done })
}

// caller makes requests with one credential. Its zero value has none.
type client struct {
	w      *world
	header map[string]string
}

func (w *world) anybody() client { return client{w, map[string]string{}} }

func (w *world) with(header ...string) client { return w.anybody().with(header...) }

func (c client) with(header ...string) client {
	h := map[string]string{}
	for k, v := range c.header {
		h[k] = v
	}
	for i := 0; i < len(header); i += 2 {
		h[header[i]] = header[i+1]
	}
	return client{c.w, h}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

// do sends a request; a body that is not a string is encoded.
func (c client) do(method, path string, body any) answer {
	c.w.t.Helper()
	var r io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.w.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, c.w.URL+path, r)
	if err != nil {
		c.w.t.Fatal(err)
	}
	req.Host = "localhost:8080"
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	resp, err := c.w.Client().Do(req)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := answer{status: resp.StatusCode, header: resp.Header}
	if out.body, err = io.ReadAll(resp.Body); err != nil {
		c.w.t.Fatal(err)
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") && len(out.body) > 0 && out.body[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(out.body))
		d.UseNumber()
		if err := d.Decode(&out.json); err != nil && !strings.Contains(resp.Header.Get("Content-Type"), "ndjson") {
			c.w.t.Errorf("%s %s: %v in %s", method, path, err, out.body)
		}
	}
	described(c.w.t, c.w.api.huma.OpenAPI(), method, path, out.status, out.header, out.body)
	if out.status >= 400 {
		checkProblem(c.w.t, testCase{method: method, path: path}, resp, out.body)
	}
	return out
}

// want sends a request and checks the status, and the code of a problem.
func (c client) want(status int, code, method, path string, body any) answer {
	c.w.t.Helper()
	a := c.do(method, path, body)
	if a.status != status || code != "" && a.text("code") != code {
		c.w.t.Errorf("%s %s: %d, wanted %d %s: %s", method, path, a.status, status, code, a.body)
	}
	return a
}

// at follows names and indices into an answer.
func (a answer) at(path ...any) any {
	var v any = a.json
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	v := a.at(path...)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (a answer) size(path ...any) int {
	l, _ := a.at(path...).([]any)
	return len(l)
}

var tokenPattern = regexp.MustCompile(`token=([A-Za-z0-9_%-]+)`)

// signIn gives a session of an address, by the mail that it gets.
func (w *world) signIn(email string) client {
	w.t.Helper()
	w.anybody().want(202, "", "POST", "/v1/auth/magic-link", map[string]any{"email": email})
	for _, m := range w.mailbox.Items() {
		if found := tokenPattern.FindStringSubmatch(m.Text); m.To == email && found != nil {
			a := w.anybody().want(200, "", "POST", "/v1/auth/verify", map[string]any{"token": found[1]})
			return w.with("Authorization", "Bearer "+a.text("token"))
		}
	}
	w.t.Fatalf("no mail for %s", email)
	return client{}
}

// firm is a company with a client for each kind of credential, in test mode
// but for the session.
type firm struct {
	*world
	id                                                 string
	owner, admin, spend, settle, read, approvals, live client
}

func (w *world) newFirm(email string) *firm {
	w.t.Helper()
	f := &firm{world: w}
	f.owner = w.signIn(email)
	a := f.owner.want(201, "", "POST", "/v1/companies", map[string]any{"name": "Acme", "currency": "usd", "time_zone": "Europe/Berlin"})
	f.id = a.text("id")
	f.owner = f.owner.with("X-Mode", "test")
	f.admin, f.spend = f.key("test", "admin"), f.key("test", "spend")
	f.settle, f.read, f.approvals = f.key("test", "settle"), f.key("test", "read"), f.key("test", "approvals")
	f.live = f.key("live", "admin")
	return f
}

// key makes an API key in a mode, with these scopes.
func (f *firm) key(mode string, scopes ...string) client {
	f.t.Helper()
	a := f.owner.with("X-Mode", mode).want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": mode, "scopes": scopes})
	return f.with("X-API-Key", a.text("key"))
}

// agent makes an agent in test mode and gives its id.
func (f *firm) agent(handle string) string {
	f.t.Helper()
	return f.admin.want(201, "", "POST", "/v1/agents", map[string]any{"handle": handle, "name": handle}).text("id")
}
