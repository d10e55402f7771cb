package ledger

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// Moving is money that goes from one wallet to another of the same currency.
type Moving struct {
	// Key makes it happen once, as a Posting's does.
	Key string
	// From and To are agents, or the company for the nil UUID.
	From, To uuid.UUID
	Amount   money.Amount
}

// Transfer moves money between two wallets. The caller has made sure that both
// owners are the tenant's. Errors: those of Post, same_wallet (422, field to),
// invalid_amount (422, field amount).
func Transfer(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, m Moving) (Transaction, error) {
	if m.From == m.To {
		return Transaction{}, fault.BadField("to", "same_wallet", "This is the wallet that the money is in.")
	}
	if m.Amount.Minor <= 0 {
		return Transaction{}, fault.BadField("amount", "invalid_amount", "The amount is more than zero.")
	}
	from, to := WalletOf(m.From, m.Amount.Currency), WalletOf(m.To, m.Amount.Currency)
	return Post(ctx, tx, t, by, Posting{Key: m.Key, Kind: "wallet.moved", Entries: Move(from, to, m.Amount.Minor)})
}
