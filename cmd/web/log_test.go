package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// canary stands in every secret of this test.
const canary = "CANARYcanary0123456789"

func TestLogsHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := newLogger(&out, slog.LevelDebug, format)
		log.Info("key ag_live_"+canary+" and ag_test_"+canary, "authorization", canary)
		log.Info("x", "X-API-Key", canary, "Cookie", canary, "token", canary, "password", []byte(canary))
		log.Info("x", "error", errors.New("jwt eyJhbGciOi"+canary+".eyJz"+canary+"."+canary+" is bad"))
		log.Info("x", "url", "https://h/verify?a=b&token="+canary+"&c=d", "db", "postgres://u:"+canary+"@h/d")
		log.Info("x", "header", "Bearer "+canary, "clerk", "sk_live_"+canary, "hook", "whsec_"+canary)
		log.Info("x", slog.Group("deep", "inner", "ag_live_"+canary, slog.Group("er", "secret", canary)))
		log.With("who", "ag_live_"+canary).WithGroup("g").Info("x", "v", struct{ Key string }{"ag_live_" + canary})
		if text := out.String(); strings.Contains(text, canary) {
			t.Errorf("%s:\n%s", format, text)
		}
	}
}

func TestLogsKeepTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"agent_01h455vb4pex5vsknk084sn02q", "the token is bad", "https://h/path?a=b", "key changed",
		"sk_ is a prefix", "127.0.0.1:5432"} {
		if got := redact(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := redact("postgres://u:pw@h/d?x=1"); got != "postgres://u:[redacted]@h/d?x=1" {
		t.Errorf("got %q", got)
	}
}

// BenchmarkRequestLine is what the line about one request costs.
func BenchmarkRequestLine(b *testing.B) {
	log := newLogger(io.Discard, slog.LevelInfo, "json")
	b.ReportAllocs()
	for b.Loop() {
		log.LogAttrs(b.Context(), slog.LevelInfo, "request",
			slog.String("request_id", "req_01jd3v7m4sfx1r5k0m7z2w8y9a"), slog.String("method", "POST"),
			slog.String("route", "/v1/authorize"), slog.Int("status", 200), slog.Float64("ms", 12.345),
			slog.String("company", "co_01jd3v7m4sfx1r5k0m7z2w8y9a"), slog.String("mode", "live"), slog.String("actor", "key_01jd3v7m4sfx1r5k0m7z2w8y9a"))
	}
}
