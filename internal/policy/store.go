package policy

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Store keeps the policies of every tenant, with all their versions.
type Store struct{ pool *postgres.Pool }

// NewStore makes a store on a database.
func NewStore(pool *postgres.Pool) *Store { return &Store{pool} }

// Load reads the policies of a tenant that changed after an epoch, archived
// ones included; 0 reads them all.
func (s *Store) Load(ctx context.Context, tx pgx.Tx, t ident.Tenant, since int64) ([]Policy, error) {
	rows, err := db.New(tx).PoliciesSince(ctx, t.Company, t.Live, since)
	if err != nil {
		return nil, err
	}
	out := make([]Policy, len(rows))
	for i, r := range rows {
		if out[i], err = fromRow(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
