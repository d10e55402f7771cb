package spend

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// merchantRef names a merchant as one tenant knows it.
type merchantRef struct {
	tenant ident.Tenant
	key    string
}

// twinRef is what makes two requests the same purchase.
type twinRef struct {
	agent     ref
	merchant  string
	currency  money.Currency
	requested int64
}

// twin is one authorization of a purchase.
type twin struct {
	id uuid.UUID
	at time.Time
}

// history is what the rules may ask of the past. It grows with what the batch
// itself approves.
type history struct {
	recent map[ref][]time.Time // newest first
	twins  map[twinRef][]twin
	known  map[merchantRef]bool
}

func newHistory() history {
	return history{recent: map[ref][]time.Time{}, twins: map[twinRef][]twin{}, known: map[merchantRef]bool{}}
}

// factsNeeded is what a decision will look up.
type factsNeeded struct {
	merchant  string // the key
	currency  money.Currency
	requested int64
}

// readHistory reads what the policies of each op's agent ask of the past, and
// nothing that none asks.
func (b *batch) readHistory(ctx context.Context, q *db.Queries) error {
	var recent db.RecentlyCountedParams
	var twins db.TwinsParams
	var twinRefs []twinRef
	var agents []ref
	var known knownMerchants
	for _, o := range b.ops {
		f, m := b.factsOf(o), b.modes[o.tenant]
		if f == nil || m == nil {
			continue
		}
		agent := ref{o.tenant, o.agent}
		needs := m.set.Needs(o.agent, f.currency)
		if _, seen := b.history.recent[agent]; needs.Velocity > 0 && !seen {
			b.history.recent[agent] = []time.Time{}
			addRecent(&recent, len(agents), agent, needs.Velocity)
			agents = append(agents, agent)
		}
		if needs.Duplicate > 0 {
			twin := twinRef{agent, f.merchant, f.currency, f.requested}
			if _, seen := b.history.twins[twin]; !seen {
				b.history.twins[twin] = nil
				addTwins(&twins, len(twinRefs), twin, b.now.Add(-needs.Duplicate))
				twinRefs = append(twinRefs, twin)
			}
		}
		if needs.NewMerchant {
			known.add(o.tenant, f.merchant)
		}
	}
	if err := b.readRecent(ctx, q, recent, agents); err != nil {
		return err
	}
	if err := b.readTwins(ctx, q, twins, twinRefs); err != nil {
		return err
	}
	return b.readKnown(ctx, q, known)
}

// factsOf is what an op's decision looks up; nil if it decides nothing.
func (b *batch) factsOf(o *op) *factsNeeded {
	if o.reads.facts != nil || o.reads.approval == uuid.Nil {
		return o.reads.facts
	}
	a := b.authorizations[ref{o.tenant, o.reads.authorization}]
	if a == nil {
		return nil
	}
	return &factsNeeded{a.MerchantKey, a.Currency, a.Requested}
}

func addRecent(p *db.RecentlyCountedParams, n int, agent ref, count int) {
	p.Ns = append(p.Ns, int32(n))
	p.Companies, p.Lives = append(p.Companies, agent.tenant.Company), append(p.Lives, agent.tenant.Live)
	p.Agents, p.Counts = append(p.Agents, agent.id), append(p.Counts, int32(count)+1)
}

func (b *batch) readRecent(ctx context.Context, q *db.Queries, p db.RecentlyCountedParams, agents []ref) error {
	if len(agents) == 0 {
		return nil
	}
	rows, err := q.RecentlyCounted(ctx, p)
	for _, r := range rows {
		agent := agents[r.N]
		b.history.recent[agent] = append(b.history.recent[agent], r.CreatedAt)
	}
	return err
}

func addTwins(p *db.TwinsParams, n int, t twinRef, since time.Time) {
	p.Ns = append(p.Ns, int32(n))
	p.Companies, p.Lives = append(p.Companies, t.agent.tenant.Company), append(p.Lives, t.agent.tenant.Live)
	p.Agents, p.Sinces = append(p.Agents, t.agent.id), append(p.Sinces, ident.Floor(since))
	p.MerchantKeys, p.Currencies = append(p.MerchantKeys, t.merchant), append(p.Currencies, string(t.currency))
	p.Requesteds = append(p.Requesteds, t.requested)
}

func (b *batch) readTwins(ctx context.Context, q *db.Queries, p db.TwinsParams, refs []twinRef) error {
	if len(refs) == 0 {
		return nil
	}
	rows, err := q.Twins(ctx, p)
	for _, r := range rows {
		t := refs[r.N]
		b.history.twins[t] = append(b.history.twins[t], twin{r.AuthorizationID, r.CreatedAt})
	}
	return err
}

// knownMerchants are columns of merchants to look up or to store.
type knownMerchants struct {
	companies []uuid.UUID
	lives     []bool
	keys      []string
}

func (k *knownMerchants) add(t ident.Tenant, key string) {
	k.companies, k.lives, k.keys = append(k.companies, t.Company), append(k.lives, t.Live), append(k.keys, key)
}

func (b *batch) readKnown(ctx context.Context, q *db.Queries, p knownMerchants) error {
	if len(p.keys) == 0 {
		return nil
	}
	rows, err := q.KnownMerchants(ctx, p.companies, p.lives, p.keys)
	for _, r := range rows {
		b.history.known[merchantRef{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.MerchantKey}] = true
	}
	return err
}

// facts is what the policies see of the past for an authorization, itself left
// out.
func (b *batch) facts(a *Authorization) policy.Facts {
	agent := ref{a.Tenant, a.Agent}
	f := policy.Facts{
		Recent:        b.history.recent[agent],
		MerchantKnown: b.history.known[merchantRef{a.Tenant, a.MerchantKey}],
	}
	for _, t := range b.history.twins[twinRef{agent, a.MerchantKey, a.Currency, a.Requested}] {
		if t.id != a.ID {
			f.Twins = append(f.Twins, t.at)
		}
	}
	for _, key := range b.modes[a.Tenant].set.Needs(a.Agent, a.Currency).Meters {
		f.Meters = append(f.Meters, b.meter(meterRef{a.Tenant, key}))
	}
	return f
}

// remember lets the rest of the batch see what was just approved or held.
func (b *batch) remember(a *Authorization) {
	agent := ref{a.Tenant, a.Agent}
	b.history.recent[agent] = append([]time.Time{a.CreatedAt}, b.history.recent[agent]...)
	t := twinRef{agent, a.MerchantKey, a.Currency, a.Requested}
	b.history.twins[t] = append(b.history.twins[t], twin{a.ID, a.CreatedAt})
}

// forget takes a voided or expired authorization out of the twins; a velocity
// still counts it.
func (b *batch) forget(a *Authorization) {
	t := twinRef{ref{a.Tenant, a.Agent}, a.MerchantKey, a.Currency, a.Requested}
	kept := b.history.twins[t][:0]
	for _, other := range b.history.twins[t] {
		if other.id != a.ID {
			kept = append(kept, other)
		}
	}
	b.history.twins[t] = kept
}

// know marks the merchant of a confirmed authorization as paid before.
func (b *batch) know(a *Authorization) {
	m := merchantRef{a.Tenant, a.MerchantKey}
	if !b.history.known[m] {
		b.history.known[m] = true
		b.changed.merchants[m] = true
	}
}

// withoutOwn copies the meters and takes the authorization's own reservation
// out, for a decision that is made again.
func (b *batch) withoutOwn(a *Authorization, f policy.Facts) policy.Facts {
	meters := make([]*meter.Meter, len(f.Meters))
	for i, m := range f.Meters {
		copied := *m
		if loc, err := meter.LoadZone(m.Zone); err == nil {
			copied.Apply(b.now, loc, a.CreatedAt, 0, -a.Reserved())
		}
		meters[i] = &copied
	}
	f.Meters = meters
	recent := make([]time.Time, 0, len(f.Recent))
	for i, at := range f.Recent {
		if at.Equal(a.CreatedAt) {
			recent = append(recent, f.Recent[i+1:]...)
			break
		}
		recent = append(recent, at)
	}
	f.Recent = recent
	return f
}
