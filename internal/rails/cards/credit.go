package cards

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// Credit books money that came back for no purchase that is known here. It goes
// to the wallet that the card is loaded from, and gives no budget back: none can
// be told that it was taken from. Errors: not_found, network_id_conflict (409).
func (s *Service) Credit(ctx context.Context, t ident.Tenant, card uuid.UUID, networkID string, amount money.Amount, from policy.Merchant, by Actor) (x Transaction, err error) {
	if err := checkNetworkID(networkID); err != nil {
		return x, err
	}
	err = s.config.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		x, err = credit(ctx, tx, t, card, networkID, amount, from, actor(by))
		return err
	})
	if err == nil && x.Again {
		x, err = s.Find(ctx, t, card, networkID)
		x.Again = true
	}
	return x, err
}

func credit(ctx context.Context, tx pgx.Tx, t ident.Tenant, card uuid.UUID, networkID string, amount money.Amount, from policy.Merchant, by Actor) (Transaction, error) {
	c, err := locked(ctx, tx, t, card)
	if err != nil {
		return Transaction{}, err
	}
	if again, err := happened(ctx, tx, c, networkID, Credited); again || err != nil {
		return Transaction{Again: again}, err
	}
	x := Transaction{ID: ident.New(), Card: c.ID, Type: Credited, NetworkID: networkID, Amount: amount, Merchant: from.Name, Code: CodeOK, NetworkCode: NetworkCode(CodeOK)}
	posted, err := ledger.Post(ctx, tx, t, by, ledger.Posting{Key: x.PublicID(), Kind: "card.credited", Reference: c.PublicID(),
		Entries: ledger.Move(c.clearing(), c.wallet(), amount.Minor)})
	if err != nil {
		return Transaction{}, err
	}
	x.Ledger = posted.ID
	x.CreatedAt, err = db.New(tx).CardTransactionInsert(ctx, x.toRow(t, &spend.Authorization{MerchantKey: from.Key()}, posted.CreatedAt))
	return x, err
}
