// Package api is the JSON door: one handler an operation, the OpenAPI document
// from the handlers' own types, and the manners that all of them share.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
)

// API answers programs.
type API struct {
	huma    huma.API
	base    string
	log     *slog.Logger
	metrics *metrics
	tracer  trace.TracerProvider
	seal    seal

	pool      *postgres.Pool
	access    *access.Access
	companies *company.Service
	policies  *policy.Store
	spend     *spend.Service
	books     *ledger.Books
	audit     *audit.Log
	keys      *sign.KeySet
	messages  *messages.Service
	mailbox   *mail.Mailbox
	feed      *audit.Feed
	webhooks  *webhooks.Service
	cards     *cards.Service
	stripe    *stripe.Service
	streams   *streams
	draining  <-chan struct{}
	// decisionPatience is the constant of that name, but on a machine that is
	// busy with other tests.
	decisionPatience time.Duration
	// streamLife is the constant of that name, but in tests.
	streamLife time.Duration

	// What the steps ask of access and company, so that they can be shown
	// without either.
	clientOf  func(*http.Request) string
	identify  func(*http.Request) (access.Principal, error)
	limit     func(context.Context, access.Principal) (access.Admission, error)
	findAgent func(context.Context, ident.Tenant, string) (uuid.UUID, error)
	handles   *handles
	entrance  *entrance
	refusal   refusal
	strict    http.Header

	deprecations map[string]Deprecation
	testGates    map[string]gate
}

// Config is what the API needs to know and to use. Everything is required but
// what is said to be optional.
type Config struct {
	// BaseURL is the server's own address.
	BaseURL string
	Logger  *slog.Logger
	// Metrics takes the counters; optional.
	Metrics prometheus.Registerer
	// Tracer makes a span a request; optional.
	Tracer trace.TracerProvider
	// CursorKey is what cursors are authenticated with: the installation's
	// look-up key.
	CursorKey []byte

	Pool      *postgres.Pool
	Access    *access.Access
	Companies *company.Service
	Policies  *policy.Store
	Spend     *spend.Service
	Audit     *audit.Log
	Keys      *sign.KeySet
	Messages  *messages.Service
	// Feed is what streams hear news from; somebody else runs it.
	Feed     *audit.Feed
	Webhooks *webhooks.Service
	Cards    *cards.Service
	// Stripe is where companies may have their cards made.
	Stripe *stripe.Service
	// Mailbox is the development server's; nil where mail is really sent.
	Mailbox *mail.Mailbox
	// Draining is closed when the server begins to shut down, which ends what
	// waits; optional.
	Draining <-chan struct{}
}

// New makes the API. Mount puts it on echo.
func New(c Config) (*API, error) {
	if c.Logger == nil || c.Pool == nil || c.Access == nil || c.Companies == nil || c.Policies == nil ||
		c.Spend == nil || c.Audit == nil || c.Keys == nil || c.Messages == nil || c.Feed == nil || c.Webhooks == nil || c.Cards == nil || c.Stripe == nil || len(c.CursorKey) == 0 {
		return nil, errors.New("api: something that it needs is missing")
	}
	m, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, err
	}
	a := &API{base: strings.TrimRight(c.BaseURL, "/"), log: c.Logger, metrics: m, tracer: c.Tracer, seal: newSeal(c.CursorKey),
		pool: c.Pool, access: c.Access, companies: c.Companies, policies: c.Policies, spend: c.Spend, books: ledger.New(c.Pool),
		audit: c.Audit, keys: c.Keys, messages: c.Messages, mailbox: c.Mailbox, draining: c.Draining, decisionPatience: decisionPatience,
		feed: c.Feed, webhooks: c.Webhooks, cards: c.Cards, stripe: c.Stripe, streams: &streams{open: map[uuid.UUID]int{}}, streamLife: streamLife}
	a.clientOf, a.identify, a.limit = a.access.ClientAddress, a.access.FromRequest, a.access.Admit
	a.findAgent = func(ctx context.Context, t ident.Tenant, named string) (uuid.UUID, error) {
		g, err := a.companies.Agent(ctx, t, named)
		return g.ID, err
	}
	a.entrance, a.strict = newEntrance(a.spend.Crowded), strictest()
	if a.refusal, err = a.newRefusal(); err != nil {
		return nil, err
	}
	a.handles, err = newHandles(a.findAgent)
	return a, err
}

// Mount puts every operation and document on echo. Middleware and
// HTTPErrorHandler are for the caller to install, as pages share them.
func (a *API) Mount(e *echo.Echo) {
	a.mount(e, (*API).registerAll)
	a.serveKeys(e)
	a.serveMailbox(e)
	a.serveStripe(e)
}

func (a *API) registerAll() {
	a.registerSignIn()
	a.registerDevice()
	a.registerCompany()
	a.registerMembers()
	a.registerMe()
	a.registerSlack()
	a.registerKeys()
	a.registerAgents()
	a.registerPolicies()
	a.registerAuthorizations()
	a.registerBudget()
	a.registerApprovals()
	a.registerLedger()
	a.registerCards()
	a.registerAudit()
	a.registerEvents()
	a.registerWebhooks()
	a.registerIssuers()
}

// mount puts the operations and documents on echo.
func (a *API) mount(e *echo.Echo, register func(*API)) {
	teachHuma()
	config := newConfig(a.base)
	aliasSchemas(config.Components.Schemas)
	a.huma = huma.NewAPI(config, headToo{humaecho.New(e, config).Adapter()})
	a.huma.UseMiddleware(a.hurry, a.admit, a.entrance.shed, announce, a.readAddress, a.readBody, a.readKey, a.direct)
	register(a)
	a.serveDocuments(e)
	a.serveProblems(e)
}

// headToo answers HEAD wherever GET is answered; the server leaves out the
// body.
type headToo struct{ huma.Adapter }

// Handle registers the operation, and a GET for HEAD too.
func (h headToo) Handle(op *huma.Operation, handler func(huma.Context)) {
	h.Adapter.Handle(op, handler)
	if op.Method == http.MethodGet {
		head := *op
		head.Method = http.MethodHead
		h.Adapter.Handle(&head, handler)
	}
}
