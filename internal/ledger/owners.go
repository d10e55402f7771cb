package ledger

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Owned reads what the accounts of one kind have that belong to these owners,
// each of which has one of that kind: by owner, in minor units on its normal
// side. Who has none is left out.
func (b *Books) Owned(ctx context.Context, t ident.Tenant, kind Kind, owners []uuid.UUID) (map[uuid.UUID]int64, error) {
	out := map[uuid.UUID]int64{}
	if len(owners) == 0 {
		return out, nil
	}
	n, _ := natureOf(kind)
	rows, err := db.New(b.pool).LedgerOfOwners(ctx, t.Company, t.Live, string(kind), owners)
	for _, r := range rows {
		out[r.OwnerID] = Account{Debit: n.debit}.side(r.Balance)
	}
	return out, err
}
