package cards

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
)

// Ready says whether a company's cards have somebody to issue them, before
// anything else is asked about a card. Errors: provider_not_connected (409).
func (s *Service) Ready(ctx context.Context, tx pgx.Tx, t ident.Tenant) error {
	_, err := s.issuer(ctx, tx, t, "")
	return err
}
