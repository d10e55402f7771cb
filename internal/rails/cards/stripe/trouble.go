package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/fault"
)

// secrets are what no text may carry, whoever wrote it.
var secrets = regexp.MustCompile(`\b(?:[rs]k_(?:live|test)_|whsec_)[0-9A-Za-z*_]+|\b[0-9]{12,19}\b`)

// scrub takes secrets out of what Stripe says, and bounds it.
func scrub(text string) string {
	text = secrets.ReplaceAllString(text, "…")
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return text
}

// trouble turns an error of a call into a fault: provider_refused (409) when
// Stripe understood and said no, provider_unavailable (503) when nobody knows.
func trouble(err error) error {
	if err == nil {
		return nil
	}
	var e *sdk.Error
	if !errors.As(err, &e) {
		return unavailable(errors.New(scrub(err.Error())))
	}
	cause := fmt.Errorf("stripe: %d %s %s (%s)", e.HTTPStatusCode, e.Type, e.Code, e.RequestID)
	switch code := e.HTTPStatusCode; {
	case code == http.StatusTooManyRequests, code >= 500, code < 400:
		return unavailable(cause)
	case code == http.StatusUnauthorized:
		return fault.New(fault.Conflict, "provider_refused", "Stripe does not take the key of this connection: connect again with a new one.").Because(cause)
	default:
		return fault.New(fault.Conflict, "provider_refused", "Stripe refuses: %s", scrub(e.Msg)).Because(cause)
	}
}

func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "provider_unavailable", "Stripe does not answer as it should. Repeat the request after Retry-After.").
		After(5 * time.Second).Because(cause)
}

// said is what Stripe gives as the reason of a refusal, and false when the call
// failed for another reason.
func said(err error) (string, bool) {
	var e *sdk.Error
	if !errors.As(err, &e) || e.HTTPStatusCode < 400 || e.HTTPStatusCode >= 500 || e.HTTPStatusCode == http.StatusTooManyRequests {
		return "", false
	}
	return scrub(e.Msg), true
}

func status(err error) int {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e.HTTPStatusCode
	}
	return 0
}
