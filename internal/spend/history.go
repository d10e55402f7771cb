package spend

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
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
	recent map[ref][]time.Time // newest last
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

// queueHistory reads what the policies of each op's agent ask of the past, and
// nothing that none asks.
func (b *batch) queueHistory(p *pgx.Batch) {
	var recent db.RecentlyCountedParams
	var twins db.TwinsParams
	var twinRefs []twinRef
	var agents []ref
	var known knownMerchants
	for _, o := range b.ops {
		f, m := o.reads.facts, b.modes[o.tenant]
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
	b.queueRecent(p, recent, agents)
	b.queueTwins(p, twins, twinRefs)
	b.queueKnown(p, known)
}

func addRecent(p *db.RecentlyCountedParams, n int, agent ref, count int) {
	p.Ns = append(p.Ns, int32(n))
	p.Companies, p.Lives = append(p.Companies, agent.tenant.Company), append(p.Lives, agent.tenant.Live)
	p.Agents, p.Counts = append(p.Agents, agent.id), append(p.Counts, int32(count)+1)
}

func (b *batch) queueRecent(p *pgx.Batch, c db.RecentlyCountedParams, agents []ref) {
	if len(agents) == 0 {
		return
	}
	postgres.Queue(p, func(r db.RecentlyCountedRow) error {
		agent := agents[r.N]
		b.history.recent[agent] = append(b.history.recent[agent], r.CreatedAt)
		return nil
	}, db.RecentlyCounted, c.Ns, c.Companies, c.Lives, c.Agents, c.Counts)
}

func addTwins(p *db.TwinsParams, n int, t twinRef, since time.Time) {
	p.Ns = append(p.Ns, int32(n))
	p.Companies, p.Lives = append(p.Companies, t.agent.tenant.Company), append(p.Lives, t.agent.tenant.Live)
	p.Agents, p.Sinces = append(p.Agents, t.agent.id), append(p.Sinces, ident.Floor(since))
	p.MerchantKeys, p.Currencies = append(p.MerchantKeys, t.merchant), append(p.Currencies, string(t.currency))
	p.Requesteds = append(p.Requesteds, t.requested)
}

func (b *batch) queueTwins(p *pgx.Batch, c db.TwinsParams, refs []twinRef) {
	if len(refs) == 0 {
		return
	}
	postgres.Queue(p, func(r db.TwinsRow) error {
		t := refs[r.N]
		b.history.twins[t] = append(b.history.twins[t], twin{r.AuthorizationID, r.CreatedAt})
		return nil
	}, db.Twins, c.Ns, c.Companies, c.Lives, c.Agents, c.Sinces, c.MerchantKeys, c.Currencies, c.Requesteds)
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

func (b *batch) queueKnown(p *pgx.Batch, k knownMerchants) {
	if len(k.keys) == 0 {
		return
	}
	postgres.Queue(p, func(r db.KnownMerchantsRow) error {
		b.history.known[merchantRef{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.MerchantKey}] = true
		return nil
	}, db.KnownMerchants, k.companies, k.lives, k.keys)
}

// facts is what the policies see of the past for an authorization, itself left
// out.
func (b *batch) facts(a *Authorization) policy.Facts {
	agent, needs := ref{a.Tenant, a.Agent}, b.modes[a.Tenant].set.Needs(a.Agent, a.Currency)
	f := policy.Facts{
		Meters:        make([]*meter.Meter, len(needs.Meters)),
		MerchantKnown: b.history.known[merchantRef{a.Tenant, a.MerchantKey}],
	}
	for i, key := range needs.Meters {
		f.Meters[i] = b.meter(meterRef{a.Tenant, key})
	}
	if needs.Velocity > 0 {
		f.Recent = slices.Clone(b.history.recent[agent])
		slices.Reverse(f.Recent)
	}
	if needs.Duplicate > 0 {
		for _, t := range b.history.twins[twinRef{agent, a.MerchantKey, a.Currency, a.Requested}] {
			if t.id != a.ID {
				f.Twins = append(f.Twins, t.at)
			}
		}
	}
	return f
}

// remember lets the rest of the batch see what was just approved or held.
func (b *batch) remember(a *Authorization) {
	agent := ref{a.Tenant, a.Agent}
	b.history.recent[agent] = append(b.history.recent[agent], a.CreatedAt)
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
