package main

import (
	"context"
	"net/url"

	"github.com/getpurser/purser/internal/postgres"
)

// stripeConfig is where Stripe is. Companies bring their own keys.
type stripeConfig struct {
	URL string `env:"STRIPE_API_URL" envDefault:"https://api.stripe.com"`
}

// checkStripe wants Stripe's address to be safe to send keys to: only a
// development server may name one without TLS, on its own machine.
func checkStripe(c *config) error {
	u, err := url.Parse(c.Stripe.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" && u.Path != "/":
		return wrong("STRIPE_API_URL", "is not an address such as https://api.stripe.com")
	case u.Scheme == "https", u.Scheme == "http" && c.Loopback && loopback(u.Hostname()):
		return nil
	}
	return wrong("STRIPE_API_URL", "has to be https")
}

// stripeJobs are what goes on beside its webhooks.
func (f features) stripeJobs(h house) []job {
	return []job{
		{"late answers to Stripe", func(ctx context.Context) error { f.stripe.Run(ctx); return nil }},
		{"old events of Stripe", func(ctx context.Context) error {
			return hourly(ctx, h, func(ctx context.Context, _ *postgres.Pool) error { return f.stripe.Prune(ctx) })
		}},
	}
}
