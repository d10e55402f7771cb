package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/sign"
)

// fakeStripe answers what connecting a company asks of Stripe. Its adapter's own
// tests have a whole one.
func fakeStripe(t testing.TB) string {
	t.Helper()
	holder := `{"id":"ich_1","object":"issuing.cardholder","status":"active"}`
	mux := http.NewServeMux()
	for pattern, answer := range map[string]string{
		"GET /v1/account":       `{"id":"acct_1","object":"account","company":{"name":"Acme","address":{"line1":"Street 1","city":"Berlin","postal_code":"10117","country":"DE"}}}`,
		"GET /v1/issuing/cards": `{"object":"list","data":[],"has_more":false}`, "POST /v1/issuing/cardholders": holder, "GET /v1/issuing/cardholders/{id}": holder,
		"POST /v1/webhook_endpoints": `{"id":"we_1","object":"webhook_endpoint","secret":"whsec_0123456789"}`,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func newStripe(t testing.TB, pool *postgres.Pool, rail *cards.Service, log *slog.Logger) *stripe.Service {
	t.Helper()
	s, err := stripe.Open(stripe.Config{Pool: pool, Cards: rail,
		KeyEncryptionKey: make([]byte, sign.KeySize), BaseURL: worldBase, Logger: log, URL: fakeStripe(t)})
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
	f.admin.want(404, "not_found", "DELETE", "/v1/card-providers/stripe", nil)
	made := f.admin.want(200, "", "PUT", "/v1/card-providers/stripe", keys("rk_test_0123456789"))
	if made.text("ready") != "true" || made.text("key_ending") != "6789" || made.text("account") != "acct_1" ||
		made.text("webhook_url") != worldBase+"/v1/stripe/"+made.text("id")+"/webhook" || strings.Contains(string(made.body), "rk_test_0") || strings.Contains(string(made.body), "whsec_") {
		t.Errorf("%s", made.body)
	}
	f.anybody().want(400, "webhook_signature", "POST", "/v1/stripe/"+made.text("id")+"/webhook", map[string]any{"object": "event"})
	if l := f.live.want(200, "", "GET", "/v1/card-providers", nil); l.text("data", 0, "connected") != "false" {
		t.Errorf("the modes share a connection: %s", l.body)
	}
	f.admin.want(200, "", "DELETE", "/v1/card-providers/stripe", nil)
	if logs := f.logs.String(); strings.Contains(logs, "rk_test_0123456789") {
		t.Error("a key is in the log")
	}
	// The door takes no key, and believes nobody.
	nobody := f.anybody()
	nobody.want(404, "not_found", "POST", "/v1/stripe/conn_nonsense/webhook", map[string]any{})
	nobody.want(404, "not_found", "POST", "/v1/stripe/"+ident.Format(ident.Connection, ident.New())+"/webhook", map[string]any{"type": "issuing_authorization.request"})
	nobody.want(413, "", "POST", "/v1/stripe/conn_nonsense/webhook", map[string]any{"x": strings.Repeat("x", maxBody)})
}
