package spend

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
)

// Budget is what an agent could spend now, a Headroom for each currency that
// its amount rules speak of. It reads one snapshot, and leaves out holds that
// have run out. Handle, if not empty, is what the agent was found by, and
// ErrRenamed says that it is not the agent's any more.
func (s *Service) Budget(ctx context.Context, t ident.Tenant, agent uuid.UUID, handle string) ([]policy.Headroom, error) {
	snap := s.cache.last(t)
	for {
		if snap != nil {
			b, err := s.readBudget(ctx, t, agent, snap)
			if err != nil {
				return nil, err
			}
			if b.epoch == snap.epoch {
				return b.headrooms(agent, handle, snap)
			}
		}
		var err error
		if snap, err = s.present(ctx, t); err != nil {
			return nil, err
		}
	}
}

// present loads the tenant's snapshot of this moment.
func (s *Service) present(ctx context.Context, t ident.Tenant) (snap *snapshot, err error) {
	err = s.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		company, err := db.New(tx).CompanySettings(ctx, t.Company, t.Live)
		if err != nil {
			return err
		}
		snap, err = s.cache.at(ctx, tx, t, company.Epoch)
		return err
	})
	return snap, err
}

// budget is what was read for one agent, all of one moment.
type budget struct {
	epoch  int64
	now    time.Time
	agents []db.Agent // none or one
	meters map[meter.Key]*meter.Meter
}

// readBudget reads what a snapshot's rules look at. It is only right if the
// epoch that it reads is still the snapshot's.
func (s *Service) readBudget(ctx context.Context, t ident.Tenant, agent uuid.UUID, snap *snapshot) (*budget, error) {
	var b *budget
	var expired []db.OpenExpiredOfTenantRow
	err := s.lookups.Snapshot(ctx, func(message *pgx.Batch) {
		b, expired = &budget{meters: map[meter.Key]*meter.Meter{}}, nil
		message.Queue(db.EpochAndClock, t.Company, t.Live).QueryRow(func(row pgx.Row) error { return row.Scan(&b.epoch, &b.now) })
		postgres.Queue(message, func(r db.Agent) error { b.agents = append(b.agents, r); return nil }, db.AgentGet, t.Company, t.Live, agent)
		meter.QueueOfSubjects(message, snap.subjects(t, agent), func(m meter.Stored) { b.meters[m.Key] = m.Meter })
		postgres.Queue(message, func(r db.OpenExpiredOfTenantRow) error { expired = append(expired, r); return nil }, db.OpenExpiredOfTenant, t.Company, t.Live)
	})
	if err != nil {
		return nil, err
	}
	return b, b.release(expired, snap)
}

// subjects are whose meters count for an agent.
func (s *snapshot) subjects(t ident.Tenant, agent uuid.UUID) []meter.Subject {
	subjects := []meter.Subject{{Tenant: t, ID: agent}}
	for _, scope := range s.scopes {
		if _, covers := scope.Meter(agent); covers && scope.Kind != meter.ScopeAgent {
			subjects = append(subjects, meter.Subject{Tenant: t, ID: scope.ID})
		}
	}
	return subjects
}

// release takes out of the meters what has expired and is not given back yet.
func (b *budget) release(expired []db.OpenExpiredOfTenantRow, snap *snapshot) error {
	for _, e := range expired {
		for _, scope := range snap.scopes {
			key, covers := scope.Meter(e.AgentID)
			m := b.meters[key]
			if !covers || m == nil || string(scope.Currency) != e.Currency {
				continue
			}
			loc, err := meter.LoadZone(scope.Zone)
			if err != nil {
				return err
			}
			m.Apply(b.now, loc, e.CreatedAt, 0, -e.Amount)
		}
	}
	return nil
}

func (b *budget) headrooms(agent uuid.UUID, handle string, snap *snapshot) ([]policy.Headroom, error) {
	switch {
	case handle != "" && (len(b.agents) == 0 || b.agents[0].Handle != handle || b.agents[0].Status == "deleted"):
		return nil, ErrRenamed
	case len(b.agents) == 0:
		return nil, fault.Missing("agent")
	}
	return snap.headrooms(agent, b.meters, b.now), nil
}

// headrooms are what an agent could spend with these meters, by currency.
func (s *snapshot) headrooms(agent uuid.UUID, meters map[meter.Key]*meter.Meter, now time.Time) (out []policy.Headroom) {
	for _, c := range s.set.Currencies(agent, now) {
		f := policy.Facts{}
		for _, key := range s.set.Needs(agent, c).Meters {
			if m := meters[key]; m != nil {
				f.Meters = append(f.Meters, m)
			}
		}
		out = append(out, s.set.Headroom(agent, c, f, now))
	}
	return out
}
