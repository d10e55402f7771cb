package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho"

	"github.com/getpurser/purser/internal/fault"
)

// observer sees every request: one log line, one measurement, one span. Routes
// are named by their pattern, so that no id, token or query gets there.
type observer struct {
	h        house
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newObserver(h house) (*observer, error) {
	o := &observer{h: h,
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "purser_http_request_duration_seconds", Help: "Time to answer, by route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"method", "route", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "purser_http_requests_in_flight", Help: "Requests being answered now, waiting ones included."}),
	}
	for _, c := range []prometheus.Collector{o.duration, o.inFlight} {
		if err := h.metrics.Register(c); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// middleware is to be outermost. The span is around the observer, which has
// turned any error into an answer: otelecho would copy its private text.
func (o *observer) middleware() []echo.MiddlewareFunc {
	chain := []echo.MiddlewareFunc{o.observe}
	if o.h.traces != nil {
		chain = append([]echo.MiddlewareFunc{otelecho.Middleware("purser", otelecho.WithTracerProvider(o.h.traces))}, chain...)
	}
	return chain
}

func (o *observer) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		o.inFlight.Inc()
		defer o.inFlight.Dec()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		o.record(c, err, time.Since(start))
		return nil
	}
}

func (o *observer) record(c echo.Context, err error, took time.Duration) {
	route, status := c.Path(), c.Response().Status
	if route == "" {
		route = "none"
	}
	method := c.Request().Method
	if !knownMethods[method] {
		method = "other" // or anyone could make new series
	}
	o.duration.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("method", method), slog.String("route", route), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("client", c.RealIP()),
		slog.String("request_id", c.Response().Header().Get(echo.HeaderXRequestID)),
	}
	if route == "/healthz" || route == "/readyz" {
		level = slog.LevelDebug
	}
	if err != nil && status >= http.StatusInternalServerError {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", fault.From(err).Error()))
	}
	o.h.log.LogAttrs(c.Request().Context(), level, "request", attrs...)
}

var knownMethods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true,
	"DELETE": true, "OPTIONS": true}

// clientAddress believes X-Forwarded-For only as far back as trusted proxies
// wrote it: the last address that is not one of them is the client.
func clientAddress(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
