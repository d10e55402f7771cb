package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// newCards makes the rail of prepaid cards, and the providers of them. Each
// needs the other: a card is made at a provider, and a provider asks for each
// swipe. Numbers are sealed with keys that are derived from the installation's.
func newCards(h house, gate *spend.Service) (rail *cards.Service, provider *stripe.Service, err error) {
	numbers, err := vault.New(h.sealing)
	if err != nil {
		return nil, nil, err
	}
	rail = cards.New(cards.Config{Pool: h.pool, Gate: gate, Vault: numbers, Log: h.log,
		Issuers: func(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (cards.Issuer, error) {
			return provider.Issuers(ctx, tx, t, name)
		}})
	provider, err = stripe.Open(stripe.Config{Pool: h.pool, Cards: rail, KeyEncryptionKey: h.sealing, BaseURL: h.BaseURL.String(),
		Logger: h.log, URL: h.Stripe.URL})
	return rail, provider, err
}
