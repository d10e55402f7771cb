package access

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// distrusted holds the keys that are being changed, each until a moment. It is
// empty nearly always, which costs one atomic load to see.
type distrusted struct {
	count atomic.Int64
	mu    sync.RWMutex
	until map[uuid.UUID]time.Time
}

func (d *distrusted) add(keys []uuid.UUID, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.until == nil {
		d.until = map[uuid.UUID]time.Time{}
	}
	for _, key := range keys {
		d.until[key] = until
	}
	d.count.Store(int64(len(d.until)))
}

func (d *distrusted) has(key uuid.UUID) bool {
	if d.count.Load() == 0 {
		return false
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ok := d.until[key]
	return ok
}

func (d *distrusted) forget(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, until := range d.until {
		if now.After(until) {
			delete(d.until, key)
		}
	}
	d.count.Store(int64(len(d.until)))
}

// touchGap is how often at most a key's last use is written.
const touchGap = time.Minute

// used remembers which keys were used and when that was last written down.
type used struct {
	noted sync.Map // uuid.UUID → *atomic.Int64, Unix milliseconds
	mu    sync.Mutex
	due   []usedKey
}

type usedKey struct {
	tenant ident.Tenant
	key    uuid.UUID
}

// note costs a look into a map, and once a minute a little more.
func (u *used) note(p Principal, now time.Time) {
	at, ok := u.noted.Load(p.Key)
	if !ok {
		at, _ = u.noted.LoadOrStore(p.Key, new(atomic.Int64))
	}
	written, ms := at.(*atomic.Int64), now.UnixMilli()
	last := written.Load()
	if ms-last < touchGap.Milliseconds() || !written.CompareAndSwap(last, ms) {
		return
	}
	u.mu.Lock()
	u.due = append(u.due, usedKey{p.Tenant, p.Key})
	u.mu.Unlock()
}

// take gives what is to be written.
func (u *used) take() []usedKey {
	u.mu.Lock()
	due := u.due
	u.due = nil
	u.mu.Unlock()
	return due
}

func (u *used) forget(now time.Time) {
	u.noted.Range(func(key, at any) bool {
		if now.UnixMilli()-at.(*atomic.Int64).Load() > 2*touchGap.Milliseconds() {
			u.noted.Delete(key)
		}
		return true
	})
}

// flush writes down the keys that were used since the last time, in batches.
func (v *verified) flush(ctx context.Context) error {
	const batch = 1000
	due := v.used.take()
	for len(due) > 0 {
		n := min(batch, len(due))
		if err := v.touch(ctx, due[:n]); err != nil {
			return err
		}
		due = due[n:]
	}
	return nil
}

func (v *verified) touch(ctx context.Context, keys []usedKey) error {
	companies, lives, ids := make([]uuid.UUID, len(keys)), make([]bool, len(keys)), make([]uuid.UUID, len(keys))
	for i, k := range keys {
		companies[i], lives[i], ids[i] = k.tenant.Company, k.tenant.Live, k.key
	}
	return db.New(v.pool).KeyTouch(ctx, companies, lives, ids)
}
