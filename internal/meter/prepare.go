package meter

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Prepare makes sure that everything in scopes is metered, history included,
// before a policy that needs it is written. It never holds up the gate for
// longer than a registration:
//
//  1. The scope is registered under the mode's lock and the epoch raised. From
//     then on the gate adds every change to the scope's meters, which start at
//     zero.
//  2. In one snapshot the history is added up and the meters are read. What the
//     meters lack is the difference, and stays the difference however long the
//     adding takes, since all that changes after is in the meters already.
//  3. The difference is added to the meters, a few hundred agents at a time,
//     and the scope is ready.
//
// What a crash leaves half done is begun anew by the next Prepare.
func Prepare(ctx context.Context, pool *postgres.Pool, t ident.Tenant, scopes []Scope) error {
	if len(scopes) == 0 {
		return nil
	}
	return pool.InTx(ctx, func(ctx context.Context, guard pgx.Tx) error {
		// The guard only holds the advisory lock; the work has its own
		// transactions beside it.
		if err := db.New(guard).TakeTime(ctx); err != nil {
			return err
		}
		if err := db.New(guard).LockMeterPreparation(ctx, lockOf(t)); err != nil {
			return err
		}
		missing, err := register(ctx, pool, t, scopes)
		if err != nil {
			return err
		}
		for _, s := range missing {
			if err := build(ctx, pool, t, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func lockOf(t ident.Tenant) int64 {
	h := sha256.New()
	h.Write(t.Company[:])
	h.Write([]byte("meters/" + t.Mode()))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// register starts the counting for the scopes that are not ready yet, and
// answers which those are.
func register(ctx context.Context, pool *postgres.Pool, t ident.Tenant, scopes []Scope) ([]Scope, error) {
	var missing []Scope
	err := pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		missing = nil
		q := db.New(tx)
		if _, err := q.LockCompanyMode(ctx, t.Company, t.Live); err != nil {
			return err
		}
		ready, err := readyScopes(ctx, q, t)
		if err != nil {
			return err
		}
		for _, s := range scopes {
			if ready[s.Key()] {
				continue
			}
			ready[s.Key()] = true
			missing = append(missing, s)
			if err := begin(ctx, tx, t, s); err != nil {
				return err
			}
		}
		if len(missing) == 0 {
			return nil
		}
		return q.RaiseEpoch(ctx, t.Company, t.Live)
	})
	return missing, err
}

func readyScopes(ctx context.Context, q *db.Queries, t ident.Tenant) (map[ScopeKey]bool, error) {
	rows, err := q.MeterScopes(ctx, t.Company, t.Live)
	ready := make(map[ScopeKey]bool, len(rows))
	for _, r := range rows {
		if s := scopeOf(r); s.Ready {
			ready[s.Key()] = true
		}
	}
	return ready, err
}

// begin registers one scope with meters at zero, whatever an earlier life of
// the scope has left.
func begin(ctx context.Context, tx pgx.Tx, t ident.Tenant, s Scope) error {
	q := db.New(tx)
	if s.Kind == ScopeAgent {
		if err := q.DeleteMetersOfAgents(ctx, t.Company, t.Live, string(s.Currency), s.Zone); err != nil {
			return err
		}
	} else if err := Write(ctx, tx, []Stored{{t, &Meter{Key: s.Key().Key}}}); err != nil {
		return err
	}
	return q.InsertMeterScope(ctx, db.InsertMeterScopeParams{CompanyID: t.Company, Live: t.Live, Kind: s.Kind,
		ScopeID: s.ID, Currency: string(s.Currency), TimeZone: s.Zone, Agents: agentsOrNone(s.Agents)})
}

func build(ctx context.Context, pool *postgres.Pool, t ident.Tenant, s Scope) error {
	loc, err := LoadZone(s.Zone)
	if err != nil {
		return err
	}
	lacks, windows, err := survey(ctx, pool, t, s, loc)
	if err != nil {
		return err
	}
	for _, part := range lacks {
		if err := pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return add(ctx, tx, t, s, part, windows, loc)
		}); err != nil {
			return err
		}
	}
	return db.New(pool).MarkMeterScopeReady(ctx, db.MarkMeterScopeReadyParams{CompanyID: t.Company, Live: t.Live,
		Kind: s.Kind, ScopeID: s.ID, Currency: string(s.Currency), TimeZone: s.Zone})
}

// add puts the lacking history under the meters of one part, holding what the
// gate holds when it changes them.
func add(ctx context.Context, tx pgx.Tx, t ident.Tenant, s Scope, part []lack, windows [Count]Window, loc *time.Location) error {
	current, err := hold(ctx, tx, t, s, part)
	if err != nil {
		return err
	}
	now, err := db.New(tx).DatabaseClock(ctx)
	if err != nil {
		return err
	}
	var changed []Stored
	for _, l := range part {
		m := current[l.key]
		if m == nil {
			m = &Meter{Key: l.key}
		}
		for i, p := range Periods() {
			m.AddTo(p, windows[i], now, loc, l.usage[i])
		}
		changed = append(changed, Stored{t, m})
	}
	return Write(ctx, tx, changed)
}

// hold locks the agents of a per-agent part, or the shared meter, and reads
// the meters.
func hold(ctx context.Context, tx pgx.Tx, t ident.Tenant, s Scope, part []lack) (map[Key]*Meter, error) {
	var stored []Stored
	var err error
	if s.Kind != ScopeAgent {
		stored, err = Lock(ctx, tx, []Shared{{t, s.Key().Key}})
	} else {
		agents := subjectsOf(part)
		if _, err = db.New(tx).LockAgentsForMeters(ctx, t.Company, t.Live, agents); err != nil {
			return nil, err
		}
		stored, err = OfSubjects(ctx, tx, tenantSubjects(t, agents))
	}
	out := make(map[Key]*Meter, len(stored))
	for _, m := range stored {
		out[m.Key] = m.Meter
	}
	return out, err
}

// RequireReady refuses with meters_not_ready (503) unless every scope is ready,
// in the transaction that writes the policy. It happens only when two policy
// writes cross; a retry prepares again.
func RequireReady(ctx context.Context, tx pgx.Tx, t ident.Tenant, scopes []Scope) error {
	ready, err := readyScopes(ctx, db.New(tx), t)
	if err != nil {
		return err
	}
	for _, s := range scopes {
		if !ready[s.Key()] {
			return fault.New(fault.Unavailable, "meters_not_ready", "Another change of policies is under way: try again.").After(time.Second)
		}
	}
	return nil
}

// Retire stops metering what no policy needs any more. The caller holds the
// mode's lock and raises its epoch.
func Retire(ctx context.Context, tx pgx.Tx, t ident.Tenant, needed []Scope) error {
	keep := make(map[ScopeKey]bool, len(needed))
	for _, s := range needed {
		keep[s.Key()] = true
	}
	q := db.New(tx)
	rows, err := q.MeterScopes(ctx, t.Company, t.Live)
	if err != nil {
		return err
	}
	for _, r := range rows {
		// One that is building belongs to a policy that is about to be written.
		if s := scopeOf(r); keep[s.Key()] || !s.Ready {
			continue
		}
		if err := q.DeleteMeterScope(ctx, db.DeleteMeterScopeParams{CompanyID: t.Company, Live: t.Live,
			Kind: r.Kind, ScopeID: r.ScopeID, Currency: r.Currency, TimeZone: r.TimeZone}); err != nil {
			return err
		}
	}
	return nil
}
