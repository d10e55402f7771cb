package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// newTraces sends spans to a collector. It gives nil when none is configured.
func newTraces(ctx context.Context, c config) (*sdktrace.TracerProvider, error) {
	if c.TracesURL == "" {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.TracesURL, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discreet{}), sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "purser")))), nil
}

// stopTraces sends what is left, for a moment.
func stopTraces(ctx context.Context, p *sdktrace.TracerProvider, log *slog.Logger) {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := p.Shutdown(ctx); err != nil {
		log.Warn("the last traces were not sent", "error", err)
	}
}

// discreet keeps addresses out of spans: an address can carry a secret, and the
// route is named beside it. What else looks like a secret is blotted out.
type discreet struct{}

// OnStart changes what the span begins with, which is all that the request has
// to say.
func (discreet) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	for _, a := range s.Attributes() {
		switch a.Key {
		case "http.target", "http.url", "url.path", "url.query", "url.full":
			s.SetAttributes(a.Key.String(hidden))
		default:
			if text := a.Value.AsString(); a.Value.Type() == attribute.STRING && redact(text) != text {
				s.SetAttributes(a.Key.String(redact(text)))
			}
		}
	}
}

// OnEnd, Shutdown and ForceFlush have nothing to do.
func (discreet) OnEnd(sdktrace.ReadOnlySpan)      {}
func (discreet) Shutdown(context.Context) error   { return nil }
func (discreet) ForceFlush(context.Context) error { return nil }
