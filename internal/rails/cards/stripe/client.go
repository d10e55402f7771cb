package stripe

import (
	"io"
	"net/http"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
)

const (
	// callPatience bounds a call with its retries, attemptPatience one attempt, so
	// that an answer that was lost can be asked for again.
	callPatience    = 10 * time.Second
	attemptPatience = 4 * time.Second
	retries         = 2
	// mostAnswer bounds what one answer may be, in bytes.
	mostAnswer = 8 << 20
	// mostCalls bounds how many connections one company has to Stripe.
	mostCalls = 16
)

// client is Stripe's API for one connection, as it was when it was made.
type client struct {
	api *sdk.Client
	key string // what it was made with
}

// newClient makes a client with connections of its own, so that no company waits
// for another's slow calls. It logs nothing: errors come back, and are told
// without secrets.
func newClient(address, key string) *sdk.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: mostCalls, MaxIdleConnsPerHost: 2,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: attemptPatience, ResponseHeaderTimeout: attemptPatience, ForceAttemptHTTP2: true}
	backends := sdk.NewBackendsWithConfig(&sdk.BackendConfig{
		URL:               sdk.String(address),
		EnableTelemetry:   sdk.Bool(false),
		MaxNetworkRetries: sdk.Int64(retries),
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		HTTPClient: &http.Client{Timeout: attemptPatience, Transport: bounded{transport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	})
	return sdk.NewClient(key, sdk.WithBackends(backends))
}

// bounded cuts answers that do not end.
type bounded struct{ http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = limited{io.LimitReader(answer.Body, mostAnswer), answer.Body}
	}
	return answer, err
}

type limited struct {
	io.Reader
	io.Closer
}
