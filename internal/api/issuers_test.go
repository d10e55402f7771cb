package api

import (
	"log/slog"
	"testing"

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
