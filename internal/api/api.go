// Package api is the JSON door: one handler an operation, the OpenAPI document
// from the handlers' own types, and the manners that all of them share.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// API answers programs.
type API struct {
	huma    huma.API
	base    string
	log     *slog.Logger
	metrics *metrics
	tracer  trace.TracerProvider
	seal    seal
	pool    *postgres.Pool

	identify     func(context.Context, *http.Request, gate) (access.Principal, allowance, error)
	findAgent    func(context.Context, ident.Tenant, string) (uuid.UUID, error)
	deprecations map[string]Deprecation
	testGates    map[string]gate
}

// Config is what the API needs to know and to use.
type Config struct {
	// BaseURL is the server's own address without a slash at the end.
	BaseURL string
	Logger  *slog.Logger
	// Metrics takes the counters; nil keeps them unseen.
	Metrics prometheus.Registerer
	// Tracer makes a span a request; nil makes none.
	Tracer trace.TracerProvider
	// CursorKey is what cursors are authenticated with: the installation's
	// look-up key.
	CursorKey []byte
}

// mount puts the operations and documents on echo.
func (a *API) mount(e *echo.Echo, register func(*API)) {
	teachHuma()
	config := newConfig(a.base)
	aliasSchemas(config.Components.Schemas)
	a.huma = huma.NewAPI(config, headToo{humaecho.New(e, config).Adapter()})
	a.huma.UseMiddleware(a.admit, announce, a.readAddress, a.readBody, a.readKey)
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

func trimBase(base string) string { return strings.TrimRight(base, "/") }
