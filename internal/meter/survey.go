package meter

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// lack is what a meter is missing of its history, by period.
type lack struct {
	key   Key
	usage [Count]Usage
}

// survey adds up the history of a scope and subtracts what its meters have
// counted already, in one snapshot. The lacks come in parts of a few hundred;
// meters that lack nothing are left out.
func survey(ctx context.Context, pool *postgres.Pool, t ident.Tenant, s Scope, loc *time.Location) ([][]lack, [Count]Window, error) {
	var parts [][]lack
	var windows [Count]Window
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pool.InTxOptions(ctx, snapshot, func(ctx context.Context, tx pgx.Tx) error {
		parts = nil
		if err := db.New(tx).TakeTime(ctx); err != nil {
			return err
		}
		now, err := db.New(tx).DatabaseClock(ctx)
		if err != nil {
			return err
		}
		windows = windowsAt(now, loc)
		var sum lack
		err = eachAgents(ctx, tx, t, s, func(agents []uuid.UUID) error {
			lacks, err := history(ctx, tx, t, s, agents, windows)
			if err != nil {
				return err
			}
			if s.Kind != ScopeAgent {
				sum = total(sum, lacks)
				return nil
			}
			lacks, err = subtractCounted(ctx, tx, t, s.withAll(agents, lacks), windows)
			parts = append(parts, slices.DeleteFunc(lacks, lack.isNothing))
			return err
		})
		if err != nil || s.Kind == ScopeAgent {
			return err
		}
		sum.key = s.Key().Key
		lacks, err := subtractCounted(ctx, tx, t, []lack{sum}, windows)
		parts = [][]lack{lacks}
		return err
	})
	return parts, windows, err
}

// eachAgents calls fn with the agents that the scope covers, some hundred at a
// time.
func eachAgents(ctx context.Context, tx pgx.Tx, t ident.Tenant, s Scope, fn func([]uuid.UUID) error) error {
	if s.Kind == ScopeSet {
		for part := range slices.Chunk(s.Agents, 500) {
			if err := fn(part); err != nil {
				return err
			}
		}
		return nil
	}
	var after uuid.UUID
	for {
		agents, err := db.New(tx).AgentsAfter(ctx, t.Company, t.Live, after)
		if err != nil || len(agents) == 0 {
			return err
		}
		if err := fn(agents); err != nil {
			return err
		}
		after = agents[len(agents)-1]
	}
}

func history(ctx context.Context, tx pgx.Tx, t ident.Tenant, s Scope, agents []uuid.UUID, w [Count]Window) ([]lack, error) {
	rows, err := db.New(tx).HistoryOfAgents(ctx, db.HistoryOfAgentsParams{
		CompanyID: t.Company, Live: t.Live, Currency: string(s.Currency), Agents: agents,
		DayFrom: w[0].From, WeekFrom: w[1].From, MonthFrom: w[2].From, QuarterFrom: w[3].From, YearFrom: w[4].From})
	out := make([]lack, len(rows))
	for i, r := range rows {
		out[i] = lack{Key{r.AgentID, s.Currency, s.Zone}, usages(r)}
	}
	return out, err
}

// withAll adds those who have no history: what their meters have counted since
// the scope was registered may have taken away all that they had before.
func (s Scope) withAll(agents []uuid.UUID, lacks []lack) []lack {
	known := make(map[uuid.UUID]bool, len(lacks))
	for _, l := range lacks {
		known[l.key.Subject] = true
	}
	for _, id := range agents {
		if !known[id] {
			lacks = append(lacks, lack{key: Key{id, s.Currency, s.Zone}})
		}
	}
	return lacks
}

func (l lack) isNothing() bool { return l.usage == [Count]Usage{} }

func total(sum lack, lacks []lack) lack {
	for _, l := range lacks {
		for i, u := range l.usage {
			sum.usage[i].Spent = addUsage(sum.usage[i].Spent, u.Spent)
			sum.usage[i].Reserved = addUsage(sum.usage[i].Reserved, u.Reserved)
		}
	}
	return sum
}

// subtractCounted takes off what the meters have in the same windows.
func subtractCounted(ctx context.Context, tx pgx.Tx, t ident.Tenant, lacks []lack, windows [Count]Window) ([]lack, error) {
	meters, err := OfSubjects(ctx, tx, tenantSubjects(t, subjectsOf(lacks)))
	if err != nil {
		return nil, err
	}
	counted := make(map[Key]*Meter, len(meters))
	for _, m := range meters {
		counted[m.Key] = m.Meter
	}
	for n := range lacks {
		m := counted[lacks[n].key]
		if m == nil {
			continue
		}
		for i := range windows {
			if r := m.Running[i]; r.From.Equal(windows[i].From) {
				lacks[n].usage[i].Spent -= r.Spent
				lacks[n].usage[i].Reserved -= r.Reserved
			}
		}
	}
	return lacks, nil
}

func subjectsOf(lacks []lack) []uuid.UUID {
	out := make([]uuid.UUID, len(lacks))
	for i, l := range lacks {
		out[i] = l.key.Subject
	}
	return out
}

func tenantSubjects(t ident.Tenant, ids []uuid.UUID) []Subject {
	out := make([]Subject, len(ids))
	for i, id := range ids {
		out[i] = Subject{t, id}
	}
	return out
}

// Mismatch is a meter that differs from what the authorizations add up to.
type Mismatch struct {
	Key
	Period Period
	// Lacks is what the authorizations have more than the meter, in minor units.
	Lacks Usage
}

// Reconcile compares every meter of the tenant, in its running windows, with
// the sum of the authorizations, each scope in one snapshot. Nothing wrong is
// an empty list.
func Reconcile(ctx context.Context, pool *postgres.Pool, t ident.Tenant) ([]Mismatch, error) {
	scopes, err := Scopes(ctx, pool, t)
	if err != nil {
		return nil, err
	}
	var wrong []Mismatch
	for _, s := range scopes {
		if !s.Ready {
			continue
		}
		loc, err := LoadZone(s.Zone)
		if err != nil {
			return nil, err
		}
		parts, _, err := survey(ctx, pool, t, s, loc)
		if err != nil {
			return nil, err
		}
		for _, l := range slices.Concat(parts...) {
			for i, p := range Periods() {
				if l.usage[i] != (Usage{}) {
					wrong = append(wrong, Mismatch{l.key, p, l.usage[i]})
				}
			}
		}
	}
	return wrong, nil
}
