package main

import (
	"context"
	"log/slog"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/getpurser/purser/internal/postgres"
)

// house is what every feature stands on.
type house struct {
	config
	log     *slog.Logger
	pool    *postgres.Pool
	sealing []byte // the key-encryption key, 32 bytes
	metrics *prometheus.Registry
	traces  trace.TracerProvider
	// draining is closed when shutdown begins: what waits or streams should
	// end its answer then.
	draining <-chan struct{}
}

// job is background work. It runs until its context ends, which is after the
// last request has been answered, and an error of it is logged.
type job struct {
	name string
	run  func(context.Context) error
}

// build composes the features into doors and jobs. It is the one place that
// knows them all.
func build(_ context.Context, h house) (*echo.Echo, []job, error) {
	e := echo.New()
	e.HTTPErrorHandler = writeProblem
	// RemoteAddr, unless a proxy that we trust says otherwise.
	e.IPExtractor = clientAddress(h.TrustedProxies)
	seen, err := newObserver(h)
	if err != nil {
		return nil, nil, err
	}
	e.Use(seen.middleware()...)
	serveHealth(e, h)
	return e, nil, nil
}
