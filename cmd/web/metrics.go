package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/getpurser/purser/internal/postgres"
)

// newMetrics measures the process and the pool; features add their own.
func newMetrics(pool *postgres.Pool) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, g := range []struct {
		name, help string
		read       func() int32
	}{
		{"purser_database_connections", "Open connections to the database.", func() int32 { return pool.Stat().TotalConns() }},
		{"purser_database_connections_busy", "Connections in use.", func() int32 { return pool.Stat().AcquiredConns() }},
		{"purser_database_connections_max", "The bound of the pool.", func() int32 { return pool.Stat().MaxConns() }},
	} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help},
			func() float64 { return float64(g.read()) }))
	}
	return r
}

// serveMetrics listens on an address of its own until ctx ends: the metrics, and
// profiles of a server that is slow. They are a convenience: a port that is
// taken is a warning.
func serveMetrics(ctx context.Context, c config, r *prometheus.Registry, log *slog.Logger) {
	if c.MetricsAddr == "" {
		return
	}
	l, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		log.Warn("no metrics are served: METRICS_ADDR cannot be listened on", "address", c.MetricsAddr, "error", err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", behindToken(c.MetricsToken, promhttp.HandlerFor(r, promhttp.HandlerOpts{})))
	mux.Handle("GET /debug/pprof/", behindToken(c.MetricsToken, http.HandlerFunc(pprof.Index)))
	mux.Handle("GET /debug/pprof/profile", behindToken(c.MetricsToken, http.HandlerFunc(pprof.Profile)))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing there is worth waiting for
	go func() { _ = server.Serve(l) }()                   // ends with the Close above
	log.Info("metrics are served", "address", "http://"+l.Addr().String()+"/metrics")
}

// behindToken asks for Authorization: Bearer with the token, if there is one.
func behindToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if token != "" && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the token of METRICS_TOKEN is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
