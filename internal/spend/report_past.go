package spend

import (
	"math"
	"sync"
	"time"

	"github.com/getpurser/purser/internal/ident"
)

// past remembers what stretches of time that have ended add up to, for the
// companies whose reports are looked at.
type past struct {
	mu      sync.Mutex
	tenants map[ident.Tenant]*tenantPast
	cells   int // kept in all
	clock   int // counts the reports
}

// maxPastCells bounds what is remembered, to some 40 MB; who looks at reports
// least recently is forgotten first.
const maxPastCells = 200_000

// tenantPast is one company's side.
type tenantPast struct {
	of *past
	// position is how far of the audit log what is kept takes into account.
	position int64
	kept     map[[2]time.Time][]cell
	used     int
}

func newPast() *past { return &past{tenants: map[ident.Tenant]*tenantPast{}} }

// view is a tenant's past as one report sees it, and the position from which on
// it has to look at changes.
type view struct {
	*tenantPast
	position int64
}

func (p *past) of(t ident.Tenant) view {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.tenants[t]
	if known == nil {
		known = &tenantPast{of: p, kept: map[[2]time.Time][]cell{}}
		p.tenants[t] = known
	}
	p.clock++
	known.used = p.clock
	if len(known.kept) == 0 {
		return view{known, math.MaxInt64} // there is nothing that a change could touch
	}
	return view{known, known.position}
}

func (s stretch) key() [2]time.Time { return [2]time.Time{s.From.UTC(), s.To.UTC()} }

// forget drops what one of the authorizations is part of. The caller has seen
// every change before position.
func (k *tenantPast) forget(authorizations []string, position int64) {
	k.of.mu.Lock()
	defer k.of.mu.Unlock()
	k.position = max(k.position, position)
	if len(k.kept) == 0 {
		return
	}
	instants := map[time.Time]bool{}
	for _, name := range authorizations {
		if id, valid := ident.Parse(ident.Authorization, name); valid {
			instants[ident.Time(id)] = true
		}
	}
	for key := range k.kept {
		for at := range instants {
			// An id tells the millisecond, in which a stretch may end.
			if !at.Before(key[0].Truncate(time.Millisecond)) && !at.After(key[1]) {
				k.drop(key)
				break
			}
		}
	}
}

func (k *tenantPast) forgetAll(position int64) {
	k.of.mu.Lock()
	defer k.of.mu.Unlock()
	k.position = max(k.position, position)
	for key := range k.kept {
		k.drop(key)
	}
}

func (k *tenantPast) drop(key [2]time.Time) {
	k.of.cells -= len(k.kept[key])
	delete(k.kept, key)
}

func (k *tenantPast) get(s stretch) (cells []cell, found bool) {
	if !s.lasting {
		return nil, false
	}
	k.of.mu.Lock()
	defer k.of.mu.Unlock()
	cells, found = k.kept[s.key()]
	return cells, found
}

// keep remembers what was read when every change before position was seen. It
// does not when somebody has seen later ones: these may have to do with it.
func (k *tenantPast) keep(s stretch, cells []cell, position int64) {
	k.of.mu.Lock()
	defer k.of.mu.Unlock()
	if !s.lasting || k.position != position || len(cells) > maxPastCells/4 {
		return
	}
	if _, found := k.kept[s.key()]; found {
		k.drop(s.key())
	}
	for k.of.cells+len(cells) > maxPastCells {
		k.of.forgetOldest()
	}
	k.kept[s.key()] = cells
	k.of.cells += len(cells)
}

// forgetOldest forgets the tenant that was asked about least recently.
func (p *past) forgetOldest() {
	var oldest *tenantPast
	for _, k := range p.tenants {
		if len(k.kept) > 0 && (oldest == nil || k.used < oldest.used) {
			oldest = k
		}
	}
	for key := range oldest.kept {
		oldest.drop(key)
	}
}
