package api

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/sign"
)

// nowhere is where nothing answers: tests that call Stripe have a stand-in.
const nowhere = "http://127.0.0.1:1"

func newStripe(t *testing.T, pool *postgres.Pool, rail *cards.Service, log *slog.Logger) *stripe.Service {
	t.Helper()
	s, err := stripe.Open(stripe.Config{Pool: pool, Cards: rail,
		KeyEncryptionKey: make([]byte, sign.KeySize), BaseURL: worldBase, Logger: log, URL: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCardProviders(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	l := f.read.want(200, "", "GET", "/v1/card-providers", nil)
	if l.size("data") != 2 || l.text("data", 0, "provider") != "stripe" || l.text("data", 0, "connected") != "false" || l.text("data", 1, "ready") != "true" {
		t.Errorf("%s", l.body)
	}
	if l := f.live.want(200, "", "GET", "/v1/card-providers", nil); l.size("data") != 1 {
		t.Errorf("%s", l.body)
	}
	keys := func(key string) map[string]any { return map[string]any{"secret_key": key} }
	f.read.want(403, "", "PUT", "/v1/card-providers/stripe", keys("rk_test_0123456789"))
	f.admin.want(422, "key_malformed", "PUT", "/v1/card-providers/stripe", keys("nonsense"))
	f.admin.want(422, "mode_mismatch", "PUT", "/v1/card-providers/stripe", keys("rk_live_0123456789"))
	f.admin.want(422, "cardholder_incomplete", "PUT", "/v1/card-providers/stripe", map[string]any{"secret_key": "rk_test_0123456789", "cardholder_id": "x"})
	f.admin.want(503, "provider_unavailable", "PUT", "/v1/card-providers/stripe", keys("rk_test_0123456789"))
	f.admin.want(404, "not_found", "DELETE", "/v1/card-providers/stripe", nil)
	if logs := f.logs.String(); strings.Contains(logs, "rk_test_0123456789") {
		t.Error("a key is in the log")
	}
	// The door takes no key, and believes nobody.
	nobody := f.anybody()
	nobody.want(404, "not_found", "POST", "/v1/stripe/conn_nonsense/webhook", map[string]any{})
	nobody.want(404, "not_found", "POST", "/v1/stripe/"+ident.Format(ident.Connection, ident.New())+"/webhook", map[string]any{"type": "issuing_authorization.request"})
	nobody.want(413, "", "POST", "/v1/stripe/conn_nonsense/webhook", map[string]any{"x": strings.Repeat("x", maxBody)})
}
