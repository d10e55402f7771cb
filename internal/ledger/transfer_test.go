package ledger_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

func TestTransfer(t *testing.T) {
	t.Parallel()
	w, agent := newWorld(t, false), ident.New()
	transfer := func(key string, from, to uuid.UUID, minor int64) error {
		return w.in(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.Transfer(ctx, tx, w.side, audit.System(), ledger.Moving{Key: key, From: from, To: to, Amount: money.Of(minor, "usd")})
			return err
		})
	}
	for range 2 { // the second is the first
		if err := transfer("a", uuid.Nil, agent, 700); err != nil {
			t.Fatal(err)
		}
	}
	for code, err := range map[string]error{
		"insufficient_funds": transfer("b", agent, uuid.Nil, 701), "same_wallet": transfer("c", agent, agent, 1),
		"invalid_amount": transfer("d", agent, uuid.Nil, 0), "posting_conflict": transfer("a", uuid.Nil, agent, 1),
	} {
		if !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if theirs, ours := w.balance(ledger.WalletOf(agent, "usd")), w.balance(ledger.WalletOf(uuid.Nil, "usd")); theirs != 700 || ours != 999_300 {
		t.Errorf("%d and %d", theirs, ours)
	}
}
