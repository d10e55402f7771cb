package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/getpurser/purser/internal/fault"
)

// observed serves one failing route and gives what was seen of the requests.
func observed(t *testing.T, requests ...*http.Request) (logs string, metrics string, spans tracetest.SpanStubs) {
	t.Helper()
	var out bytes.Buffer
	exporter := tracetest.NewInMemoryExporter()
	h := house{log: newLogger(&out, slog.LevelInfo, "json"), metrics: prometheus.NewRegistry(),
		traces: trace.NewTracerProvider(trace.WithSyncer(exporter))}
	o, err := newObserver(h)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = writeProblem
	e.Use(o.middleware()...)
	e.GET("/things/:id", func(echo.Context) error {
		return fault.New(fault.Internal, "internal", "Something went wrong on our side.").
			Because(errors.New("row of ag_live_" + canary + " is broken"))
	})
	for _, r := range requests {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if strings.Contains(w.Body.String(), "broken") {
			t.Errorf("the caller was told the cause: %s", w.Body)
		}
	}
	families, err := h.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		metrics += f.String() + "\n"
	}
	return out.String(), metrics, exporter.GetSpans()
}

func TestObserverTellsNoSecret(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/things/"+canary+"?token="+canary, nil)
	r.Header.Set("Authorization", "Bearer "+canary)
	r.Header.Set("X-API-Key", "ag_live_"+canary)
	logs, metrics, spans := observed(t, r)
	if !strings.Contains(logs, `"route":"/things/:id"`) || !strings.Contains(logs, "is broken") || !strings.Contains(logs, `"status":500`) {
		t.Errorf("the log lacks what a person needs: %s", logs)
	}
	if strings.Contains(logs, canary) || strings.Contains(metrics, canary) {
		t.Errorf("a secret was written:\n%s\n%s", logs, metrics)
	}
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	for _, a := range spans[0].Attributes {
		// The path itself is in the span: secrets travel in headers and bodies.
		if v := a.Value.String(); a.Key != "http.target" && (strings.Contains(v, canary) || strings.Contains(v, "broken")) {
			t.Errorf("span: %s=%s", a.Key, v)
		}
	}
}

// TestObserverBoundsItsSeries has a caller who makes up methods and addresses.
func TestObserverBoundsItsSeries(t *testing.T) {
	t.Parallel()
	var many []*http.Request
	for i := range 50 {
		many = append(many, httptest.NewRequest("BREW"+strings.Repeat("X", i), "/made-up/"+strings.Repeat("y", i), nil))
	}
	_, metrics, _ := observed(t, many...)
	if strings.Contains(metrics, "BREW") || strings.Contains(metrics, "made-up") || !strings.Contains(metrics, `"other"`) {
		t.Errorf("got %s", metrics)
	}
}
