package cards

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// sweepEvery is how often Run looks for money that has come free by time.
const sweepEvery = 10 * time.Second

// Run sweeps until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
				s.config.Log.WarnContext(ctx, "what is left on ended cards could not be given back", slog.Any("error", err))
			}
		}
	}
}

// SweepOnce ends the cards of every company whose last hold ran out by time (what
// the network says is settled when it says it), and takes back what was approved
// behind an answer that said no.
func (s *Service) SweepOnce(ctx context.Context) error {
	lost := s.takeBack(ctx)
	rows, err := db.New(s.config.Pool).CardsToSettle(ctx)
	err = errors.Join(lost, err)
	for _, r := range rows {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		err = errors.Join(err, s.config.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := locked(ctx, tx, t, r.CardID); err != nil {
				return err
			}
			return settle(ctx, tx, t, r.CardID)
		}))
	}
	return err
}
