package main

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/trace"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/api"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/mcp"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/reconcile"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/web"
)

// house is what every feature stands on.
type house struct {
	config
	log  *slog.Logger
	pool *postgres.Pool
	// committers are the gate's own connections, lookups those of reads by key.
	committers, lookups *postgres.Pool
	sealing             []byte // the key-encryption key, 32 bytes
	metrics             *prometheus.Registry
	traces              trace.TracerProvider
	// draining is closed when shutdown begins: what waits or streams should
	// end its answer then.
	draining <-chan struct{}
	// first, if set, runs before the first request.
	first func(context.Context, house, features) error
}

// job is background work. It runs until its context ends, which is after the
// last request has been answered, and an error of it is logged.
type job struct {
	name string
	run  func(context.Context) error
}

// features are what the doors open onto.
type features struct {
	companies *company.Service
	policies  *policy.Store
	keys      *sign.KeySet
	audit     *audit.Log
	feed      *audit.Feed
	access    *access.Access
	gate      *spend.Service
	post      post
	queue     *notify.Queue
	webhooks  *webhooks.Service
	stripe    *stripe.Service
	messages  *messages.Service
	reconcile *reconcile.Service
	cards     *cards.Service
}

// build composes the features into doors and jobs. It is the one place that
// knows them all.
func build(ctx context.Context, h house) (*echo.Echo, []job, error) {
	f, err := newFeatures(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	if h.first != nil {
		if err := h.first(ctx, h, f); err != nil {
			return nil, nil, err
		}
	}
	doors, err := newAPI(h, f)
	if err != nil {
		return nil, nil, err
	}
	pages, err := newPages(h, f)
	if err != nil {
		return nil, nil, err
	}
	network, err := f.cardNetwork(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	e := echo.New()
	e.HTTPErrorHandler = doors.HTTPErrorHandler(pages.HandleError)
	e.IPExtractor = func(r *http.Request) string { return f.access.ClientAddress(r) }
	e.Use(doors.Middleware()...)
	serveHealth(e, h)
	doors.Mount(e)
	pages.Mount(e)
	e.Any("/mcp", echo.WrapHandler(mcp.Handler(e, h.BaseURL.String(), version(), h.log)))
	return e, append(f.jobs(h), network...), nil
}

func newFeatures(ctx context.Context, h house) (f features, err error) {
	f.companies, f.policies = company.New(h.pool), policy.NewStore(h.pool)
	if f.keys, err = sign.Open(ctx, h.pool, sign.Config{Algorithm: sign.Algorithm(h.SigningAlg), KeyEncryptionKey: h.sealing,
		MaxTokenLifetime: access.SessionLifetime, PublishAhead: sign.DefaultPublishAhead,
		RotateAfter: sign.DefaultRotateAfter, ReloadEvery: sign.DefaultReloadEvery, Logger: h.log}); err != nil {
		return f, err
	}
	f.audit = audit.New(h.pool, f.keys, h.log)
	f.feed = audit.NewFeed(f.audit, audit.FeedEvery)
	if f.queue, err = notify.NewQueue(h.pool, h.log); err != nil {
		return f, err
	}
	if f.post, err = newPost(h, f.queue); err != nil {
		return f, err
	}
	if err = f.openWebhooks(h); err != nil {
		return f, err
	}
	counters, err := newRedis(h.RedisURL)
	if err != nil {
		return f, err
	}
	// Whoever reads the development mailbox sees every mail: there is nobody to
	// protect from too many.
	links := 0
	if f.post.mailbox != nil {
		links = -1
	}
	if f.access, err = access.Open(ctx, h.pool, f.companies, f.keys, access.Config{BaseURL: h.BaseURL.String(), Mailer: f.post.letters, Queue: f.queue,
		Logger: h.log, TrustedProxies: h.TrustedProxies, Redis: counters, Clerk: h.Clerk.identity(),
		LinksPerAddress: links, LinksPerClient: links}); err != nil {
		return f, err
	}
	f.gate = f.newGate(h)
	if f.cards, f.stripe, err = newCards(h, f.gate); err != nil {
		return f, err
	}
	f.reconcile = reconcile.New(reconcile.Sources{Pool: h.pool, Log: f.audit, Cards: f.cards}, f.queue, h.log)
	f.messages, err = f.newMessages(h)
	return f, err
}

func (f features) newGate(h house) *spend.Service {
	return spend.New(h.pool, f.keys, f.policies, spend.Config{Issuer: h.BaseURL.String(), Committers: h.committers, Lookups: h.lookups,
		Audit: f.audit, Log: h.log})
}

func newAPI(h house, f features) (*api.API, error) {
	return api.New(api.Config{BaseURL: h.BaseURL.String(), Logger: h.log, Metrics: h.metrics, Tracer: h.traces, CursorKey: f.access.InstallationKey(),
		Pool: h.pool, Access: f.access, Companies: f.companies, Policies: f.policies, Spend: f.gate, Audit: f.audit, Keys: f.keys,
		Feed: f.feed, Webhooks: f.webhooks, Cards: f.cards, Stripe: f.stripe, Messages: f.messages, Mailbox: f.post.mailbox, Draining: h.draining})
}

func newPages(h house, f features) (*web.Web, error) {
	return web.New(web.Config{BaseURL: h.BaseURL, Logger: h.log, Secret: f.access.InstallationKey(), Pool: h.pool, Access: f.access,
		Companies: f.companies, Policies: f.policies, Spend: f.gate, Audit: f.audit, Feed: f.feed, Keys: f.keys, Webhooks: f.webhooks, Messages: f.messages, Reconcile: f.reconcile, Cards: f.cards, Stripe: f.stripe, Draining: h.draining,
		Clerk: h.Clerk.pages()})
}

// jobs are what goes on beside requests.
func (f features) jobs(h house) []job {
	forever := func(run func(context.Context)) func(context.Context) error {
		return func(ctx context.Context) error { run(ctx); return nil }
	}
	return append(slices.Concat(f.webhookJobs(h), f.cardJobs(), f.stripeJobs(h)), []job{
		{"gate", forever(f.gate.Run)},
		{"sweeper", forever(func(ctx context.Context) { f.gate.Sweep(ctx, time.Second) })},
		{"decisions of other replicas", forever(f.gate.Listen)},
		{"signing keys", forever(f.keys.Run)},
		{"audit log", forever(f.audit.Run)},
		{"news", forever(f.feed.Run)},
		{"outbox", forever(f.outbox(h).Run)},
		{"messages", f.queue.Run},
		{"access", forever(f.access.Run)},
		{"old idempotency keys", func(ctx context.Context) error { return hourly(ctx, h, once.Purge) }},
	}...)
}

// hourly runs a chore until ctx ends; one that fails is tried again.
func hourly(ctx context.Context, h house, chore func(context.Context, *postgres.Pool) error) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := chore(ctx, h.pool); err != nil && ctx.Err() == nil {
			h.log.Warn("a chore failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// version is what the program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// newRedis counts requests for all replicas, where there is one.
func newRedis(url string) (*redis.Client, error) {
	if url == "" {
		return nil, nil
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, wrong("REDIS_URL", "is not an address such as redis://localhost:6379/0")
	}
	return redis.NewClient(options), nil
}
