package spend

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// guess takes the tenants' last snapshots for the present ones, and the last
// clock: it is only used for how far back to look, and a little more does no
// harm.
func (b *batch) guess(cache *snapshots) bool {
	clock := cache.clock.Load()
	if clock == nil {
		return false
	}
	for _, o := range b.ops {
		if b.modes[o.tenant] != nil {
			continue
		}
		last := cache.last(o.tenant)
		if last == nil {
			return false
		}
		b.modes[o.tenant] = &mode{snapshot: last}
	}
	b.now = *clock
	return true
}

// asGuessed completes the guessed modes, and reports whether there was a guess
// and it was right: no epoch has moved, and no agent was locked that was not
// asked for.
func (b *batch) asGuessed(modes []db.CompanyMode, asked []ref) bool {
	if len(modes) == 0 {
		return false
	}
	for _, r := range modes {
		m := b.modes[ident.Tenant{Company: r.CompanyID, Live: r.Live}]
		if m.epoch != r.Epoch {
			return false
		}
		m.frozen = r.FrozenAt != nil
	}
	expected := make(map[ref]bool, len(asked))
	for _, a := range asked {
		expected[a] = true
	}
	for a := range b.agents {
		if !expected[a] {
			return false
		}
	}
	return true
}

// readAgain reads what the locked rows call for.
func (b *batch) readAgain(ctx context.Context, tx *postgres.Pipeline, cache *snapshots, modes []db.CompanyMode) error {
	fresh := newBatch(b.ops)
	fresh.now, fresh.agents = b.now, b.agents
	*b = *fresh
	if err := b.loadModes(ctx, tx, cache, modes); err != nil {
		return err
	}
	var message pgx.Batch
	b.queueReads(&message, slices.Collect(maps.Keys(b.agents)))
	return tx.Send(ctx, &message)
}

// asked are the distinct agents of the ops.
func (b *batch) asked() []ref {
	seen := make(map[ref]bool, len(b.ops))
	var agents []ref
	for _, o := range b.ops {
		if a := (ref{o.tenant, o.agent}); !seen[a] {
			seen[a] = true
			agents = append(agents, a)
		}
	}
	return agents
}
