package cards

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
)

// statementPatience bounds the reading of a statement, which may be long.
const statementPatience = time.Minute

// Statement asks the provider of that name what it moved itself between two
// instants, oldest first. Errors: provider_not_connected (409),
// provider_unavailable (503).
func (s *Service) Statement(ctx context.Context, t ident.Tenant, provider string, from, to time.Time) (lines []Line, err error) {
	err = s.config.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		issuer, err := s.issuer(ctx, tx, t, provider)
		if err != nil {
			return err
		}
		return within(ctx, issuer, statementPatience, func(ctx context.Context) (err error) {
			lines, err = issuer.Statement(ctx, from, to)
			return err
		})
	})
	return lines, err
}
