package api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkAuthorize is a whole decision, from the door to the commit, but for
// the network: 64 callers of one agent, who send each request once.
func BenchmarkAuthorize(b *testing.B) {
	f := newWorld(b).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1_000_000_000), rule{"type": "transaction_limit", "amount": 100, "currency": "usd"},
		rule{"type": "approval_threshold", "amount": 50, "currency": "usd"}, rule{"type": "merchant", "mode": "block", "values": []string{"Evil"}})
	key := f.owner.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"spend"},
		"rate_limit": map[string]any{"per_minute": 1_000_000, "in_flight": 1000}}).text("key")
	f.api.log = slog.New(slog.DiscardHandler)
	const body = `{"agent":"bot","amount":1,"currency":"usd","merchant":{"name":"AWS","domain":"aws.amazon.com","mcc":"7372","country":"US"},"purpose":"GPU hours"}`
	var serial atomic.Int64
	handler := f.Config.Handler
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, "/v1/authorize", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-API-Key", key)
			r.Header.Set("Idempotency-Key", fmt.Sprint(serial.Add(1)))
			answer := &recorder{header: http.Header{}}
			handler.ServeHTTP(answer, r)
			if answer.status != http.StatusOK {
				b.Errorf("%d", answer.status)
			}
		}
	})
}

// recorder is an answer of which only the status is looked at.
type recorder struct {
	io.Writer
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
