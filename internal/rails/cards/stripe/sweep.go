package stripe

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
)

const (
	// sweepEvery is how often Run looks for approvals that came too late, and
	// lateFor how long after a decline one can still come.
	sweepEvery = 10 * time.Second
	lateFor    = time.Hour
)

// Run gives back what was approved after Stripe had declined it, until ctx ends.
// Whoever hears of the decline does so too; this is for those who died meanwhile,
// or looked before the approval was committed. Wallets that owe money to Stripe
// pay it when some comes back to them from elsewhere.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("what was approved too late could not be given back, or what is owed not paid", "error", err)
			}
		}
	}
}

// SweepOnce is one round of Run.
func (s *Service) SweepOnce(ctx context.Context) error {
	rows, err := db.New(s.pool).IssuerLate(ctx, Name, lateFor.Seconds())
	for _, r := range rows {
		err = errors.Join(err, s.giveBack(ctx, ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.CardID, r.Ref))
	}
	return errors.Join(err, s.repay(ctx))
}

// repay has wallets pay what they owe.
func (s *Service) repay(ctx context.Context) error {
	all, err := ledger.Owings(ctx, s.pool)
	for _, o := range all {
		err = errors.Join(err, s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return ledger.Repay(ctx, tx, o.Tenant, audit.System(), o.Wallet)
		}))
	}
	return err
}
