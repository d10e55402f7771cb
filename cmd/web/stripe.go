package main

import (
	"context"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/vault"
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

// openCards makes the rail of cards, and the providers of them. Each needs the
// other: a card is made at a provider, and a provider asks for each swipe.
func (f *features) openCards(h house) error {
	numbers, err := vault.New(h.sealing)
	if err != nil {
		return err
	}
	var provider *stripe.Service
	f.cards = cards.New(cards.Config{Pool: h.pool, Gate: f.gate, Vault: numbers, Log: h.log,
		Issuers: func(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (cards.Issuer, error) {
			return provider.Issuers(ctx, tx, t, name)
		}})
	provider, err = stripe.Open(stripe.Config{Pool: h.pool, Cards: f.cards, KeyEncryptionKey: h.sealing, BaseURL: h.BaseURL.String(),
		Logger: h.log, URL: h.Stripe.URL})
	f.stripe = provider
	return err
}

// stripeJobs are what goes on beside its webhooks.
func (f features) stripeJobs(h house) []job {
	return []job{
		{"cards", func(ctx context.Context) error { f.cards.Run(ctx); return nil }},
		{"late answers to Stripe", func(ctx context.Context) error { f.stripe.Run(ctx); return nil }},
		{"old events of Stripe", func(ctx context.Context) error {
			return hourly(ctx, h, func(ctx context.Context, _ *postgres.Pool) error { return f.stripe.Prune(ctx) })
		}},
	}
}
