package webhooks_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// world is a company whose events go out to receivers of the test.
type world struct {
	*webhooks.Service
	t    *testing.T
	pool *postgres.Pool
	live ident.Tenant
	by   audit.Actor
}

// newWorld runs everything between an event and its delivery. An attempt is
// given a second.
func newWorld(t *testing.T) *world { return newWorldThat(t, true) }

// newWorldThat may or may not call this very machine.
func newWorldThat(t *testing.T, allowLoopback bool) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t)}
	log := slog.New(slog.DiscardHandler)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	queue, err := notify.NewQueue(w.pool, log)
	must(err)
	w.Service, err = webhooks.Open(webhooks.Config{Pool: w.pool, Queue: queue, KeyEncryptionKey: make([]byte, sign.KeySize), Logger: log,
		AllowLoopback: allowLoopback, Patience: time.Second})
	must(err)
	keys, err := sign.Open(t.Context(), w.pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, sign.KeySize),
		MaxTokenLifetime: time.Hour, ReloadEvery: time.Hour, Logger: log})
	must(err)
	owner := company.Person{ID: ident.New(), Email: "ada@example.com"}
	_, err = w.pool.Exec(t.Context(), "INSERT INTO people (person_id, email) VALUES ($1, $2)", owner.ID, owner.Email)
	must(err)
	must(w.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		c, m, err := company.New(w.pool).Create(ctx, tx, audit.Person(owner.ID, ""), owner, company.NewCompany{Name: "Acme"})
		w.live, w.by = ident.Tenant{Company: c.ID, Live: true}, audit.Member(m.ID, "req_1")
		return err
	}))
	events := audit.New(w.pool, keys, log)
	w.run(events.Run)
	w.run(audit.NewOutbox(w.pool, log, w.Route()).Run)
	w.run(func(ctx context.Context) { _ = queue.Run(ctx) })
	return w
}

func (w *world) run(job func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { job(ctx); close(done) }()
	w.t.Cleanup(func() { stop(); <-done })
}

func (w *world) try(fn func(context.Context, pgx.Tx) error) error {
	return w.pool.InTx(w.t.Context(), fn)
}

func (w *world) must(fn func(context.Context, pgx.Tx) error) {
	w.t.Helper()
	if err := w.try(fn); err != nil {
		w.t.Fatal(err)
	}
}

// listen makes an endpoint.
func (w *world) listen(address string, events ...string) (webhooks.Endpoint, string) {
	w.t.Helper()
	checked, err := w.Check(w.t.Context(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	var e webhooks.Endpoint
	var secret string
	w.must(func(ctx context.Context, tx pgx.Tx) (err error) {
		e, secret, err = w.Create(ctx, tx, w.live, w.by, webhooks.Input{Address: checked, Events: events, Enabled: true})
		return err
	})
	return e, secret
}

// happen writes an event of each type.
func (w *world) happen(types ...string) {
	w.t.Helper()
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		for _, kind := range types {
			if err := audit.Append(ctx, tx, w.live, w.by, audit.Event{Type: kind, Subject: "agent_1", Data: map[string]any{"name": "<Bot> é"}}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(40 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("never: " + what)
		}
	}
}

// only is the one delivery of an endpoint, with its attempts.
func (w *world) only(endpoint uuid.UUID) webhooks.Delivery {
	w.t.Helper()
	all, err := w.Deliveries(w.t.Context(), w.live, endpoint, "", company.Page{Limit: 10})
	if err != nil || len(all) > 1 {
		w.t.Fatal(len(all), err)
	}
	if len(all) == 0 {
		return webhooks.Delivery{}
	}
	d, err := w.Delivery(w.t.Context(), w.live, all[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// skip lets all waiting be over.
func (w *world) skip() {
	w.t.Helper()
	for _, sql := range []string{"UPDATE webhook_deliveries SET next_at = clock_timestamp() WHERE status = 'pending'",
		"UPDATE river.river_job SET state = 'available', scheduled_at = now() WHERE state = 'scheduled'"} {
		if _, err := w.pool.Exec(w.t.Context(), sql); err != nil {
			w.t.Fatal(err)
		}
	}
}

// message is what a receiver was sent.
type message struct {
	id, body string
	header   http.Header
	bad      error
}

// receiver takes messages, and answers what it is told to.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	all  []message
	keys []string
}

// newReceiver serves answer after the message was noted and, once the receiver
// knows a secret, verified.
func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		m := message{id: in.Header.Get("webhook-id"), body: string(body), header: in.Header, bad: err}
		for _, key := range r.secrets() {
			verifier, err := standardwebhooks.NewWebhook(key)
			if m.bad = err; err == nil {
				m.bad = verifier.Verify(body, in.Header)
			}
			if m.bad == nil {
				break
			}
		}
		r.mu.Lock()
		r.all = append(r.all, m)
		r.mu.Unlock()
		answer(out, in)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) knows(keys ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = keys
}

func (r *receiver) secrets() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

func (r *receiver) got() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.all...)
}

func says(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}
