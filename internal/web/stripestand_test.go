package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Keys of the stand-in, by what Stripe does with them.
const (
	goodKey     = "rk_test_good00000000"
	wrongKey    = "rk_test_wrong0000000" // unknown
	silentKey   = "rk_test_silent000000" // may not read the account
	hooklessKey = "rk_test_hookless0000" // may not make webhooks
	awayKey     = "rk_test_away00000000" // meets an outage
)

// stripeStand answers what connecting a company asks of Stripe. Its adapter's
// own tests have a whole one.
func stripeStand(t testing.TB) string {
	t.Helper()
	account := `{"id":"acct_1","object":"account","company":{"name":"Acme","address":{"line1":"Street 1","city":"Berlin","postal_code":"10117","country":"DE"}}}`
	holder := `{"id":"ich_1","object":"issuing.cardholder","status":"active"}`
	answers := map[string]string{"GET /v1/account": account, "GET /v1/issuing/cards": `{"object":"list","data":[],"has_more":false}`,
		"POST /v1/issuing/cardholders": holder, "GET /v1/issuing/cardholders/ich_1": holder,
		"POST /v1/webhook_endpoints": `{"id":"we_1","object":"webhook_endpoint","secret":"whsec_0123456789"}`}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, asked := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.Method+" "+r.URL.Path
		key = strings.Replace(key, "_live_", "_test_", 1)
		switch {
		case key == awayKey:
			w.WriteHeader(http.StatusServiceUnavailable)
		case key == wrongKey:
			refuseAsStripe(w, http.StatusUnauthorized, "Invalid API Key provided: "+wrongKey)
		case key == silentKey && asked == "GET /v1/account":
			refuseAsStripe(w, http.StatusForbidden, "The provided key does not have the required permissions.")
		case key == hooklessKey && strings.HasPrefix(asked, "POST /v1/webhook"):
			refuseAsStripe(w, http.StatusForbidden, "This key may not make webhooks.")
		case answers[asked] == "":
			refuseAsStripe(w, http.StatusNotFound, "No such thing: "+r.URL.Path)
		default:
			_, _ = io.WriteString(w, answers[asked]) // to a caller who may have gone
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func refuseAsStripe(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"error":{"type":"invalid_request_error","message":"`+message+`"}}`)
}
