package api

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho"

	"github.com/getpurser/purser/internal/fault"
)

// Middleware is what every request passes, pages too, outermost first. It
// belongs into echo's Use, which calls each of them for every request: what they
// do before they return a handler is done as often.
func (a *API) Middleware() []echo.MiddlewareFunc {
	chain := []echo.MiddlewareFunc{a.begin, a.secure, a.turnAway}
	if a.tracer != nil {
		chain = append(chain, otelecho.Middleware("purser", otelecho.WithTracerProvider(a.tracer)))
	}
	return append(chain, a.observe, a.recoverPanic)
}

// begin gives the request its id and its state.
func (a *API) begin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		state := &call{id: requestID(r.Header.Get("X-Request-Id")), method: r.Method, path: r.URL.Path, writer: c.Response()}
		c.SetRequest(r.WithContext(withCall(r.Context(), state)))
		c.Response().Header().Set("X-Request-Id", state.id)
		if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
			// net/http takes a body in chunks that also announces a length, and
			// keeps the connection: a proxy that believed the length would see
			// the rest as another request (RFC 9112, 6.1). It hides the length
			// from us, so no connection is used again after chunks.
			c.Response().Header().Set("Connection", "close")
		}
		return next(c)
	}
}

// observe counts the request and writes one line about it. The route's pattern
// is named, never the address: an address can carry a secret.
func (a *API) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		a.metrics.inFlight.Inc()
		defer a.metrics.inFlight.Dec()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(start)
		route := pattern(c)
		answered := strconv.Itoa(c.Response().Status)
		a.metrics.requests.WithLabelValues(route, method(c), answered).Inc()
		a.metrics.seconds.WithLabelValues(route, method(c)).Observe(took.Seconds())
		a.logRequest(c, route, took)
		return nil
	}
}

func (a *API) logRequest(c echo.Context, route string, took time.Duration) {
	ctx := c.Request().Context()
	state := callOf(ctx)
	level := slog.LevelInfo
	if route == "/healthz" || route == "/readyz" {
		level = slog.LevelDebug // asked every few seconds, and never interesting
	}
	if !a.log.Enabled(ctx, level) {
		return
	}
	a.log.LogAttrs(ctx, level, "request",
		slog.String("request_id", state.id),
		slog.String("method", method(c)),
		slog.String("route", route),
		slog.Int("status", c.Response().Status),
		slog.Int64("bytes", c.Response().Size),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("company", state.companyID()),
		slog.String("mode", state.mode()),
		slog.String("actor", state.actorID()))
}

// pattern is the route as registered; unknown addresses share one, so that
// nobody can fill the metrics.
func pattern(c echo.Context) string {
	if p := c.Path(); p != "" && c.Response().Status != http.StatusMethodNotAllowed {
		return p
	}
	return "unknown"
}

// method is the request's; one that HTTP does not define counts as OTHER.
func method(c echo.Context) string {
	switch m := c.Request().Method; m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	default:
		return "OTHER"
	}
}

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "purser_http_requests_total",
			Help: "Requests answered."}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "purser_http_request_duration_seconds",
			Help:    "From the request's headers to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "purser_http_requests_in_flight",
			Help: "Requests being answered, waiting ones included."}),
	}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(r.Register(m.requests), r.Register(m.seconds), r.Register(m.inFlight))
}

// recoverPanic answers a panic with a problem that tells nothing and a log
// line that tells all.
func (a *API) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // a panic value, never wrapped
				panic(p)
			}
			ctx := c.Request().Context()
			a.log.ErrorContext(ctx, "panic", "request_id", callOf(ctx).id, "panic", p, "stack", string(debug.Stack()))
			if c.Response().Committed {
				panic(http.ErrAbortHandler) // half an answer must not look whole
			}
			err = fault.From(errPanic)
		}()
		return next(c)
	}
}

var errPanic = errors.New("a handler panicked")

// strictest are the headers of every answer; a page replaces the content security
// policy by its own.
func strictest() http.Header {
	return http.Header{
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"no-referrer"},
		"X-Frame-Options":         {"DENY"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
	}
}

// secure sets the strictest headers.
func (a *API) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		maps.Copy(h, a.strict)
		if strings.HasPrefix(c.Request().URL.Path, "/v1/") {
			h.Set("Cache-Control", "no-store")
		}
		return next(c)
	}
}

// isAPI says whether an address is a program's, so that its errors are
// problems and not pages.
func isAPI(path string) bool {
	if !strings.HasPrefix(path, "/") {
		return true // CONNECT and its like: no browser asks so for a page
	}
	for _, root := range []string{"/v1", "/v3", "/.well-known", "/problems", "/dev"} {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return false
}
