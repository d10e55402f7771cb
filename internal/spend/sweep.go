package spend

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

// Sweep gives back expired holds until ctx ends, so that lists and waiting
// callers see them soon. No decision depends on it.
func (s *Service) Sweep(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Warn("expired holds were not swept", "error", err)
		}
	}
}

// SweepOnce gives back what has expired by now.
func (s *Service) SweepOnce(ctx context.Context) error {
	rows, err := db.New(s.pool).AgentsWithExpiredHolds(ctx)
	if err != nil {
		return err
	}
	agents := make([]ref, len(rows))
	for i, r := range rows {
		agents[i] = ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.AgentID}
	}
	return s.touch(ctx, agents)
}

// settle gives back what has expired in one tenant, so that what is read next
// shows no open authorization whose time is over.
func (s *Service) settle(ctx context.Context, t ident.Tenant) error {
	rows, err := db.New(s.pool).TenantAgentsWithExpiredHolds(ctx, t.Company, t.Live)
	if err != nil || len(rows) == 0 {
		return err
	}
	agents := make([]ref, len(rows))
	for i, id := range rows {
		agents[i] = ref{t, id}
	}
	return s.touch(ctx, agents)
}

// touch runs the agents through the gate with nothing to ask, which releases
// their expired holds.
func (s *Service) touch(ctx context.Context, agents []ref) error {
	var wait sync.WaitGroup
	errs := make([]error, len(agents))
	for i, a := range agents {
		wait.Go(func() {
			_, errs[i] = s.submit(ctx, &op{tenant: a.tenant, agent: a.id}, nil)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// prepareUnmetered starts to count what the batch found uncounted. Until it is
// counted the tenant's requests are put off, never decided.
func (s *Service) prepareUnmetered(b *batch) {
	for t, m := range b.modes {
		if len(m.unmetered) == 0 || !s.preparing.begin(t) {
			continue
		}
		go func() {
			defer s.preparing.end(t)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
			defer cancel()
			if err := s.prepare(ctx, t, m.unmetered); err != nil {
				s.config.Log.Error("limits could not be prepared", "tenant", t.Company, "mode", t.Mode(), "error", err)
			}
		}()
	}
}

// PrepareZone counts what the policies of both modes will need once the company
// changes to this time zone, so that the change itself stops nothing.
func (s *Service) PrepareZone(ctx context.Context, company uuid.UUID, zone string) error {
	for _, live := range []bool{true, false} {
		t := ident.Tenant{Company: company, Live: live}
		var scopes []meter.Scope
		err := s.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			loaded, err := s.cache.merge(ctx, tx, t, 0, nil)
			if err != nil {
				return err
			}
			set, err := policy.Compile(company, zone, slices.Collect(maps.Values(loaded)))
			if err == nil {
				scopes = set.Scopes()
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := meter.Prepare(ctx, s.pool, t, scopes); err != nil {
			return err
		}
	}
	return nil
}

// prepare counts the scopes' history and makes every replica load the result.
func (s *Service) prepare(ctx context.Context, t ident.Tenant, scopes []meter.Scope) error {
	if err := meter.Prepare(ctx, s.pool, t, scopes); err != nil {
		return err
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if _, err := q.LockCompanyMode(ctx, t.Company, t.Live); err != nil {
			return err
		}
		return q.RaiseEpoch(ctx, t.Company, t.Live)
	})
}

// inProgress is a set of tenants that something is being done for.
type inProgress struct {
	mu  sync.Mutex
	set map[ident.Tenant]bool
}

func (p *inProgress) begin(t ident.Tenant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set[t] {
		return false
	}
	if p.set == nil {
		p.set = map[ident.Tenant]bool{}
	}
	p.set[t] = true
	return true
}

func (p *inProgress) end(t ident.Tenant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.set, t)
}
