package spend

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

// Budget is what an agent could spend now, a Headroom for each currency that
// its amount rules speak of. It reads one snapshot, and leaves out holds that
// have run out.
func (s *Service) Budget(ctx context.Context, t ident.Tenant, agent uuid.UUID) ([]policy.Headroom, error) {
	var out []policy.Headroom
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := s.pool.InTxOptions(ctx, snapshot, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		company, err := q.CompanySettings(ctx, t.Company, t.Live)
		if err != nil {
			return err
		}
		snap, err := s.cache.at(ctx, tx, t, company.Epoch)
		if err != nil {
			return err
		}
		now, err := q.DatabaseClock(ctx)
		if err != nil {
			return err
		}
		meters, err := metersOf(ctx, tx, t, agent, snap, now)
		if err != nil {
			return err
		}
		out = nil
		for _, c := range snap.set.Currencies(agent, now) {
			f := policy.Facts{}
			for _, key := range snap.set.Needs(agent, c).Meters {
				if m := meters[key]; m != nil {
					f.Meters = append(f.Meters, m)
				}
			}
			out = append(out, snap.set.Headroom(agent, c, f, now))
		}
		return nil
	})
	return out, err
}

// metersOf reads the meters that count for an agent, as they will be once what
// has expired is given back.
func metersOf(ctx context.Context, tx pgx.Tx, t ident.Tenant, agent uuid.UUID, snap *snapshot, now time.Time) (map[meter.Key]*meter.Meter, error) {
	subjects := []meter.Subject{{Tenant: t, ID: agent}}
	for _, scope := range snap.scopes {
		if _, covers := scope.Meter(agent); covers && scope.Kind != meter.ScopeAgent {
			subjects = append(subjects, meter.Subject{Tenant: t, ID: scope.ID})
		}
	}
	stored, err := meter.OfSubjects(ctx, tx, subjects)
	if err != nil {
		return nil, err
	}
	meters := make(map[meter.Key]*meter.Meter, len(stored))
	for _, m := range stored {
		meters[m.Key] = m.Meter
	}
	expired, err := db.New(tx).OpenExpiredOfTenant(ctx, t.Company, t.Live, &now)
	if err != nil {
		return nil, err
	}
	for _, e := range expired {
		for _, scope := range snap.scopes {
			key, covers := scope.Meter(e.AgentID)
			m := meters[key]
			if !covers || m == nil || string(scope.Currency) != e.Currency {
				continue
			}
			loc, err := meter.LoadZone(scope.Zone)
			if err != nil {
				return nil, err
			}
			m.Apply(now, loc, e.CreatedAt, 0, -e.Amount)
		}
	}
	return meters, nil
}
