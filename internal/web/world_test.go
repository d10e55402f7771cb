package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/api"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/demo"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/reconcile"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// world is the whole server, API and pages, on a database of its own.
type world struct {
	*httptest.Server
	t       testing.TB
	pool    *postgres.Pool
	mailbox *mail.Mailbox
	queue   *notify.Queue
	web     *Web
	logs    *lockedBuffer
}

const worldHost = "localhost:8080"

// newWorld opens every door of an empty installation; options change how
// access is told to behave.
func newWorld(t testing.TB, options ...func(*access.Config)) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), mailbox: mail.NewMailbox(), logs: &lockedBuffer{}}
	log := slog.New(slog.NewJSONHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys, err := sign.Open(t.Context(), w.pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32),
		MaxTokenLifetime: access.SessionLifetime, ReloadEvery: sign.DefaultReloadEvery, Logger: log})
	w.must(err)
	companies, policies := company.New(w.pool), policy.NewStore(w.pool)
	config := access.Config{BaseURL: "http://" + worldHost, Mailer: mail.NewPost(w.mailbox), Logger: log, LinksPerAddress: -1, LinksPerClient: -1}
	for _, change := range options {
		change(&config)
	}
	doors, err := access.Open(t.Context(), w.pool, companies, keys, config)
	w.must(err)
	gate := spend.New(w.pool, keys, policies, spend.Config{Issuer: config.BaseURL, Log: log, Patience: 20 * time.Second})
	events := audit.New(w.pool, keys, log)
	feed := audit.NewFeed(events, audit.FeedEvery)
	for _, job := range []func(context.Context){gate.Run, gate.Listen, keys.Run, events.Run, feed.Run, doors.Run} {
		w.run(job)
	}
	w.queue, err = notify.NewQueue(w.pool, log)
	w.must(err)
	told, err := messages.New(messages.Config{Pool: w.pool, Queue: w.queue, Access: doors, Companies: companies, Policies: policies, Spend: gate,
		Mail: w.mailbox, BaseURL: config.BaseURL, KeyEncryptionKey: make([]byte, 32), Log: log})
	w.must(err)
	numbers, err := vault.New(make([]byte, vault.KeySize))
	w.must(err)
	var provider *stripe.Service
	rail := cards.New(cards.Config{Pool: w.pool, Gate: gate, Vault: numbers, Log: log,
		Issuers: func(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (cards.Issuer, error) {
			return provider.Issuers(ctx, tx, t, name)
		}})
	provider, err = stripe.Open(stripe.Config{Pool: w.pool, Cards: rail, KeyEncryptionKey: make([]byte, sign.KeySize), BaseURL: config.BaseURL, Logger: log, URL: stripeStand(t)})
	w.must(err)
	draining := make(chan struct{})
	hooks, err := webhooks.Open(webhooks.Config{Pool: w.pool, Queue: w.queue, KeyEncryptionKey: make([]byte, sign.KeySize), Logger: log, AllowLoopback: true})
	w.must(err)
	door, err := api.New(api.Config{BaseURL: config.BaseURL, Logger: log, Metrics: prometheus.NewRegistry(), CursorKey: doors.InstallationKey(),
		Pool: w.pool, Access: doors, Companies: companies, Policies: policies, Spend: gate, Audit: events, Keys: keys, Messages: told, Mailbox: w.mailbox, Draining: draining,
		Feed: feed, Webhooks: hooks, Cards: rail, Stripe: provider})
	w.must(err)
	base, err := url.Parse(config.BaseURL)
	w.must(err)
	w.web, err = New(Config{BaseURL: base, Logger: log, Secret: doors.InstallationKey(), Pool: w.pool, Access: doors, Companies: companies,
		Policies: policies, Spend: gate, Audit: events, Feed: feed, Keys: keys, Messages: told, Webhooks: hooks, Draining: draining,
		Reconcile: reconcile.New(reconcile.Sources{Pool: w.pool, Log: events, Cards: rail}, w.queue, log),
		Cards:     rail, Stripe: provider})
	w.must(err)
	e := echo.New()
	e.HTTPErrorHandler = door.HTTPErrorHandler(w.web.HandleError)
	e.Use(door.Middleware()...)
	door.Mount(e)
	w.web.Mount(e)
	w.Server = httptest.NewServer(e)
	t.Cleanup(func() {
		close(draining)
		w.Close()
		w.tellErrors()
	})
	return w
}

// newDemo is a world with the demo company in it: three months of history.
// Sign in as owner@demo.test, admin@, approver@ or viewer@.
func newDemo(t testing.TB) (*world, demo.Filled) {
	t.Helper()
	w := newWorld(t)
	filled, err := demo.Fill(t.Context(), w.pool, w.web.access)
	w.must(err)
	w.must(demo.Cards(t.Context(), w.pool, w.web.companies, w.web.cards))
	return w, filled
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run starts a job that ends with the test, before the database goes.
func (w *world) run(job func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { job(ctx); close(done) }()
	w.t.Cleanup(func() { stop(); <-done })
}

// tellErrors shows what the server logged as its own failure.
func (w *world) tellErrors() {
	for line := range strings.Lines(w.logs.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			w.t.Log(line)
		}
	}
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
