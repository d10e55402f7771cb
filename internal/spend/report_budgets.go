package spend

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
)

// Budgets is Budget of many agents in one snapshot. An agent that does not exist
// is left out. Without agents it is every agent's that is not deleted.
func (s *Service) Budgets(ctx context.Context, t ident.Tenant, agents []uuid.UUID) (map[uuid.UUID][]policy.Headroom, error) {
	_, out, err := s.budgets(ctx, t, agents)
	return out, err
}

func (s *Service) budgets(ctx context.Context, t ident.Tenant, agents []uuid.UUID) (*budgets, map[uuid.UUID][]policy.Headroom, error) {
	b, snap, err := s.readBudgets(ctx, t, agents)
	if err != nil {
		return nil, nil, err
	}
	out := make(map[uuid.UUID][]policy.Headroom, len(b.all))
	for _, a := range b.all {
		out[a.AgentID] = snap.headrooms(a.AgentID, b.meters, b.now)
	}
	return b, out, nil
}

// NearLimit is a limit that is used up to a part.
type NearLimit struct {
	// Agent whose limit it is; nil for one that the agents of a policy share.
	Agent  uuid.UUID
	Handle string
	policy.LimitState
	Currency string
}

// Used is spent plus reserved, in minor units.
func (n *NearLimit) Used() int64 { return meter.Usage{Spent: n.Spent, Reserved: n.Reserved}.Used() }

// NearLimits are the n limits of the company of which most is used in
// proportion, the fullest first. One of which nothing is used is left out. When
// it is whole again is its Window.To.
func (s *Service) NearLimits(ctx context.Context, t ident.Tenant, n int) ([]NearLimit, error) {
	b, headrooms, err := s.budgets(ctx, t, nil)
	if err != nil {
		return nil, err
	}
	var all []NearLimit
	shared := map[policy.RuleRef]bool{}
	for _, a := range b.all {
		for _, h := range headrooms[a.AgentID] {
			for _, l := range h.Limits {
				near := NearLimit{Agent: a.AgentID, Handle: a.Handle, LimitState: l, Currency: string(h.Currency)}
				if l.Per == policy.PerCompany {
					near.Agent, near.Handle = uuid.Nil, ""
					rule := policy.RuleRef{Policy: l.Policy, Version: l.Version, Index: l.Index}
					if shared[rule] {
						continue
					}
					shared[rule] = true
				}
				if near.Used() > 0 {
					all = append(all, near)
				}
			}
		}
	}
	slices.SortFunc(all, fuller)
	return all[:min(n, len(all))], nil
}

// fuller orders limits by the part that is used, exactly.
func fuller(a, b NearLimit) int {
	// used a / limit a > used b / limit b, without dividing
	highA, lowA := bits.Mul64(uint64(a.Used()), uint64(b.Limit))
	highB, lowB := bits.Mul64(uint64(b.Used()), uint64(a.Limit))
	return cmp.Or(cmp.Compare(highB, highA), cmp.Compare(lowB, lowA), cmp.Compare(a.Handle, b.Handle), cmp.Compare(a.Index, b.Index),
		cmp.Compare(a.Currency, b.Currency), slices.Compare(a.Policy[:], b.Policy[:]))
}

// budgets are what was read for many agents, all of one moment.
type budgets struct {
	budget
	all []db.SpendingAgentsRow
}

// readBudgets reads until the rules and the meters are of one moment.
func (s *Service) readBudgets(ctx context.Context, t ident.Tenant, agents []uuid.UUID) (*budgets, *snapshot, error) {
	snap := s.cache.last(t)
	for {
		if snap != nil {
			b, err := s.readBudgetsOnce(ctx, t, agents, snap)
			if err != nil || b.epoch == snap.epoch {
				return b, snap, err
			}
		}
		var err error
		if snap, err = s.present(ctx, t); err != nil {
			return nil, nil, err
		}
	}
}

func (s *Service) readBudgetsOnce(ctx context.Context, t ident.Tenant, agents []uuid.UUID, snap *snapshot) (*budgets, error) {
	if agents == nil {
		agents = []uuid.UUID{}
	}
	var b *budgets
	var expired []db.OpenExpiredOfTenantRow
	err := s.pool.Snapshot(ctx, func(message *pgx.Batch) {
		b, expired = &budgets{budget: budget{meters: map[meter.Key]*meter.Meter{}}}, nil
		message.Queue(db.EpochAndClock, t.Company, t.Live).QueryRow(func(row pgx.Row) error { return row.Scan(&b.epoch, &b.now) })
		postgres.Queue(message, func(r db.SpendingAgentsRow) error { b.all = append(b.all, r); return nil }, db.SpendingAgents, t.Company, t.Live, agents)
		meter.QueueOfTenant(message, t, func(m meter.Stored) { b.meters[m.Key] = m.Meter })
		postgres.Queue(message, func(r db.OpenExpiredOfTenantRow) error { expired = append(expired, r); return nil }, db.OpenExpiredOfTenant, t.Company, t.Live)
	})
	if err != nil {
		return nil, err
	}
	return b, b.release(expired, snap)
}

// ResetsAt is when the limit is whole again; zero is never.
func (n *NearLimit) ResetsAt() time.Time { return n.Window.To }
