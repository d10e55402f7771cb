package api

import (
	"log/slog"
	"testing"

	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// nowhere is where nothing answers: tests that call Stripe have a stand-in.
const nowhere = "http://127.0.0.1:1"

func newStripe(t *testing.T, pool *postgres.Pool, gate *spend.Service, log *slog.Logger) *stripe.Service {
	t.Helper()
	numbers, err := vault.New(make([]byte, vault.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s, err := stripe.Open(stripe.Config{Pool: pool, Cards: cards.New(cards.Config{Pool: pool, Gate: gate, Vault: numbers, Log: log}),
		KeyEncryptionKey: make([]byte, sign.KeySize), BaseURL: worldBase, Logger: log, URL: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
