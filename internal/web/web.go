// Package web is the door for people: pages over the same features that the
// API serves. A handler reads the form or the address, calls a feature, and
// shows a view; it decides nothing.
package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/reconcile"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
)

// Web answers browsers.
type Web struct {
	base     *url.URL
	log      *slog.Logger
	seal     seal
	draining <-chan struct{}

	pool      *postgres.Pool
	access    *access.Access
	companies *company.Service
	policies  *policy.Store
	spend     *spend.Service
	books     *ledger.Books
	audit     *audit.Log
	feed      *audit.Feed
	keys      *sign.KeySet
	webhooks  *webhooks.Service
	messages  *messages.Service
	reconcile *reconcile.Service
	cards     *cards.Service
	stripe    *stripe.Service
	clerk     *ClerkConfig // nil where people sign in with links

	simulations *slots
}

// Config is what the pages need to know and to use. All of it is required but
// Draining and Clerk.
type Config struct {
	// BaseURL is the server's own address.
	BaseURL *url.URL
	Logger  *slog.Logger
	// Secret is what all replicas share: forms and messages are sealed with keys
	// derived from it.
	Secret []byte

	Pool      *postgres.Pool
	Access    *access.Access
	Companies *company.Service
	Policies  *policy.Store
	Spend     *spend.Service
	Audit     *audit.Log
	// Feed is what pages hear news from; somebody else runs it.
	Feed     *audit.Feed
	Keys     *sign.KeySet
	Webhooks *webhooks.Service
	// Messages is what people are told.
	Messages *messages.Service
	// Reconcile compares the books with everything else.
	Reconcile *reconcile.Service
	// Cards is the rail of prepaid cards.
	Cards *cards.Service
	// Stripe is a provider of them.
	Stripe *stripe.Service
	// Draining is closed when the server begins to shut down, which ends what
	// streams.
	Draining <-chan struct{}
	// Clerk is set where people sign in with Clerk.
	Clerk *ClerkConfig
}

// New makes the pages. Mount puts them on echo.
func New(c Config) (*Web, error) {
	if c.BaseURL == nil || c.Logger == nil || len(c.Secret) == 0 || c.Pool == nil || c.Access == nil || c.Companies == nil ||
		c.Policies == nil || c.Spend == nil || c.Audit == nil || c.Feed == nil || c.Keys == nil || c.Messages == nil || c.Webhooks == nil || c.Reconcile == nil || c.Cards == nil || c.Stripe == nil ||
		(c.Clerk != nil) != c.Access.ClerkOn() {
		return nil, errors.New("web: something that it needs is missing")
	}
	return &Web{base: c.BaseURL, log: c.Logger, seal: newSeal(c.Secret), draining: c.Draining,
		pool: c.Pool, access: c.Access, companies: c.Companies, policies: c.Policies, spend: c.Spend, books: ledger.New(c.Pool), audit: c.Audit, feed: c.Feed, keys: c.Keys, messages: c.Messages, webhooks: c.Webhooks, reconcile: c.Reconcile, cards: c.Cards, stripe: c.Stripe,
		clerk: c.Clerk, simulations: newSlots(atOnce)}, nil
}

// page is one address: who may ask for it, and what answers. Those of a company
// exist a second time below /test, for its other mode.
type page struct {
	method, path string
	// who may come: anybody, a person who signed in, or a member with a scope.
	who     audience
	scope   access.Scope
	handler func(*visit) error
}

type audience int

const (
	anybody audience = iota
	person
	member
)

// pages lists every address, in the order of the menu. It is also what the
// tests hold roles against.
func (w *Web) pages() []page {
	var all []page
	for _, some := range [][]page{
		w.signInPages(), w.devicePages(), w.clerkPages(), w.personPages(), w.welcomePages(), w.livePages(),
		w.overviewPages(), w.approvalsPages(), w.authorizationPages(), w.agentPages(), w.policyPages(), w.budgetPages(), w.cardPages(), w.walletPages(), w.ledgerPages(), w.reconciliationPages(),
		w.auditPages(), w.settingsPages(), w.keyPages(), w.webhookPages(), w.providerPages(), w.memberPages(), w.companyPages(), w.youPages(), w.messagePages(), w.developerPages(),
	} {
		all = append(all, some...)
	}
	return all
}

// Mount puts every page and file on echo. HandleError is for the caller to
// install.
func (w *Web) Mount(e *echo.Echo) {
	w.mountFiles(e)
	w.mountClerk(e)
	for _, p := range w.pages() {
		for _, method := range p.methods() {
			e.Add(method, p.path, w.serve(p, true), w.manners()...)
			if p.who == member {
				e.Add(method, testRoot+p.path, w.serve(p, false), w.manners()...)
			}
		}
	}
}

// at says whether the page is the one at an address without its mode.
func (p page) at(address string) bool {
	pattern, parts := strings.Split(p.path, "/"), strings.Split(address, "/")
	if len(pattern) != len(parts) {
		return false
	}
	for i, part := range pattern {
		if part != parts[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return true
}

// methods are those that reach a page: what can be got can also be asked about
// (RFC 9110, 9.3.2), but for a stream, which has no end.
func (p page) methods() []string {
	if p.method == http.MethodGet && p.path != livePath {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{p.method}
}

// testRoot is what the addresses of test mode begin with.
const testRoot = "/test"
