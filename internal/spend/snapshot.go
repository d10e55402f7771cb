package spend

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// snapshot is what a decision rests on that changes with the mode's epoch
// alone. It is immutable.
type snapshot struct {
	epoch    int64
	settings settings
	loaded   map[uuid.UUID]policy.Policy
	set      *policy.Set
	scopes   []meter.Scope
	// unmetered is what the policies need and nobody counts yet: after a change
	// of the company's time zone, say. Nothing is decided until it is counted.
	unmetered []meter.Scope
}

// settings are a company's, as the gate needs them.
type settings struct {
	Currency          money.Currency
	Zone              string
	ApprovalTimeout   time.Duration
	Audience          string // empty: the server's own
	RequireRedemption bool
}

// snapshots caches one snapshot a tenant. An old one is never used: the deciding
// transaction compares epochs while it holds the mode's row.
type snapshots struct {
	policies *policy.Store
	mu       sync.Mutex
	held     map[ident.Tenant]*snapshot
	// clock is the database's, as it was last read.
	clock atomic.Pointer[time.Time]
}

// maxSnapshots bounds the cache. Beyond it an arbitrary one makes room.
const maxSnapshots = 20_000

func newSnapshots(p *policy.Store) *snapshots {
	return &snapshots{policies: p, held: map[ident.Tenant]*snapshot{}}
}

// at gives the tenant's snapshot of exactly this epoch, reading in tx what has
// changed since the cached one.
func (c *snapshots) at(ctx context.Context, tx db.DBTX, t ident.Tenant, epoch int64) (*snapshot, error) {
	old := c.last(t)
	if old != nil && old.epoch == epoch {
		return old, nil
	}
	fresh, err := c.load(ctx, tx, t, old)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held) >= maxSnapshots {
		for other := range c.held {
			delete(c.held, other)
			break
		}
	}
	if now := c.held[t]; now == nil || now.epoch < fresh.epoch {
		c.held[t] = fresh
	}
	return fresh, nil
}

// last is the tenant's newest cached snapshot, nil without one.
func (c *snapshots) last(t ident.Tenant) *snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held[t]
}

func (c *snapshots) load(ctx context.Context, tx db.DBTX, t ident.Tenant, old *snapshot) (*snapshot, error) {
	row, err := db.New(tx).CompanySettings(ctx, t.Company, t.Live)
	if err != nil {
		return nil, err
	}
	fresh := &snapshot{epoch: row.Epoch, settings: settingsOf(row)}
	var since int64
	if old != nil && old.epoch < row.Epoch {
		since, fresh.loaded = old.epoch, old.loaded
	}
	if fresh.loaded, err = c.merge(ctx, tx, t, since, fresh.loaded); err != nil {
		return nil, err
	}
	all := slices.Collect(maps.Values(fresh.loaded))
	if fresh.set, err = policy.Compile(t.Company, fresh.settings.Zone, all); err != nil {
		return nil, err
	}
	if fresh.scopes, err = meter.Scopes(ctx, tx, t); err != nil {
		return nil, err
	}
	fresh.unmetered = meter.Missing(fresh.scopes, fresh.set.Scopes())
	return fresh, nil
}

// merge adds what is newer than an epoch to a copy of what was loaded before.
func (c *snapshots) merge(ctx context.Context, tx db.DBTX, t ident.Tenant, since int64, before map[uuid.UUID]policy.Policy) (map[uuid.UUID]policy.Policy, error) {
	changed, err := c.policies.Load(ctx, tx, t, since)
	if err != nil {
		return nil, err
	}
	merged := make(map[uuid.UUID]policy.Policy, len(before)+len(changed))
	for id, p := range before {
		merged[id] = p
	}
	for _, p := range changed {
		if p.Status == policy.Active || p.Status == policy.Shadow {
			merged[p.ID] = p
		} else {
			delete(merged, p.ID)
		}
	}
	return merged, nil
}
