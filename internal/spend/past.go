package spend

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Past is the gate in memory, at instants that are over: a history that is told
// to it is decided by the very code that decides requests, and comes out as the
// rows that the gate would have left. It is for one tenant that has no history
// yet, and for one goroutine. Meters are not written: meter.Prepare adds them
// up from the rows.
type Past struct {
	tenant ident.Tenant
	batch  *batch
	mode   *mode
	// opened are the authorizations that still hold a budget, or did lately.
	opened []*Authorization
}

// PastCompany is what the gate needs to know of a company.
type PastCompany struct {
	Currency        money.Currency
	Zone            string
	ApprovalTimeout time.Duration
	// Scopes are what any policy of the whole history needs metered.
	Scopes []meter.Scope
}

// NewPast begins a history in which nothing has happened.
func NewPast(t ident.Tenant, c PastCompany) *Past {
	m := &mode{snapshot: &snapshot{scopes: c.Scopes,
		settings: settings{Currency: c.Currency, Zone: c.Zone, ApprovalTimeout: c.ApprovalTimeout}}}
	b := newBatch(nil)
	b.modes[t] = m
	return &Past{tenant: t, batch: b, mode: m}
}

// MoveTo sets the clock, which only goes forward, and ends each open
// authorization whose time runs out before, at its own instant.
func (p *Past) MoveTo(at time.Time) {
	p.opened = slices.DeleteFunc(p.opened, func(a *Authorization) bool { return !a.Status.Open() })
	slices.SortStableFunc(p.opened, func(a, b *Authorization) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	for _, a := range p.opened {
		if a.ExpiresAt.After(at) {
			break
		}
		p.batch.now = a.ExpiresAt
		p.batch.expire(a)
	}
	p.batch.now = at
}

// Govern puts policies in force.
func (p *Past) Govern(s *policy.Set) { p.mode.set = s }

// Freeze stops the company, or lets it spend again.
func (p *Past) Freeze(frozen bool) { p.mode.frozen = frozen }

// Agent makes an agent known, or changes its status.
func (p *Past) Agent(id uuid.UUID, handle, status string) {
	p.batch.agents[ref{p.tenant, id}] = agentRow{handle: handle, status: status}
}

// Member makes a member known to votes, or changes the role.
func (p *Past) Member(id uuid.UUID, role string) { p.batch.roles[ref{p.tenant, id}] = role }

// Tell adds an event of somebody else's, such as a policy's, at the clock.
func (p *Past) Tell(by audit.Actor, events ...audit.Event) {
	for _, e := range events {
		p.batch.changed.events = append(p.batch.changed.events,
			audit.Entry{Tenant: p.tenant, Actor: by, At: p.batch.now, Event: e})
	}
}

// Authorize decides a request as Service.Authorize does, without a token.
func (p *Past) Authorize(by audit.Actor, r Request) (*Authorization, error) {
	result, err := p.batch.authorize(p.call(by), r, r.Merchant.Key())
	if err != nil {
		return nil, err
	}
	p.opened = append(p.opened, result.Authorization)
	return result.Authorization, nil
}

// Confirm is Service.Confirm.
func (p *Past) Confirm(by audit.Actor, a *Authorization, amount *money.Number, reference string) error {
	return p.batch.confirm(p.call(by), a, amount, reference)
}

// Void is Service.Void.
func (p *Past) Void(by audit.Actor, a *Authorization, reason string) error {
	return p.batch.void(p.call(by), a, reason)
}

// Cast is Service.Cast.
func (p *Past) Cast(by audit.Actor, v Ballot) error {
	_, err := p.batch.cast(p.call(by), v, nil)
	return err
}

// All is every authorization so far, in the order of the requests.
func (p *Past) All() []*Authorization { return p.batch.changed.inserted }

func (p *Past) call(by audit.Actor) Call { return Call{Tenant: p.tenant, Actor: by} }

// pastChunk bounds the rows of one statement.
const pastChunk = 1000

// Write stores everything that happened, in the caller's transaction.
func (p *Past) Write(ctx context.Context, tx pgx.Tx) error {
	b, q := p.batch, db.New(tx)
	for part := range slices.Chunk(b.changed.inserted, pastChunk) {
		if err := writePast(ctx, q, part); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(b.changed.held, pastChunk) {
		c := changes{held: part}
		if err := c.writeHeld(ctx, q); err != nil {
			return err
		}
	}
	if err := p.writeClosed(ctx, q); err != nil {
		return err
	}
	if err := b.changed.writeVotes(ctx, q); err != nil {
		return err
	}
	if err := p.writeMerchants(ctx, q); err != nil {
		return err
	}
	for part := range slices.Chunk(b.changed.events, pastChunk) {
		if _, err := audit.AppendBatch(ctx, tx, part); err != nil {
			return err
		}
	}
	return nil
}

// writePast inserts, and then adds what the insert of a new decision has no
// column for.
func writePast(ctx context.Context, q *db.Queries, part []*Authorization) error {
	c := changes{inserted: part}
	if err := c.writeInserted(ctx, q); err != nil {
		return err
	}
	c.updated = map[ref]*Authorization{}
	for _, a := range part {
		if a.Reference != "" || a.VoidReason != "" || !a.DecidedAt.IsZero() {
			c.updated[ref{a.Tenant, a.ID}] = a
		}
	}
	return c.writeUpdated(ctx, q)
}

// writeClosed ends approvals, each at its own instant.
func (p *Past) writeClosed(ctx context.Context, q *db.Queries) error {
	for _, h := range p.batch.changed.held {
		if h.Status == "pending" {
			continue
		}
		at := h.DecidedAt
		if at.IsZero() {
			at = p.batch.authorizations[ref{h.Tenant, h.Authorization}].ClosedAt
		}
		err := q.CloseApprovals(ctx, db.CloseApprovalsParams{Now: &at, Companies: []uuid.UUID{h.Tenant.Company},
			Lives: []bool{h.Tenant.Live}, Ids: []uuid.UUID{h.ID}, Statuses: []string{h.Status}})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeMerchants stores who was paid, since the first confirm.
func (p *Past) writeMerchants(ctx context.Context, q *db.Queries) error {
	first := map[string]time.Time{}
	for _, a := range p.batch.changed.inserted {
		at, known := first[a.MerchantKey]
		if a.Status == Confirmed && (!known || a.ClosedAt.Before(at)) {
			first[a.MerchantKey] = a.ClosedAt
		}
	}
	for key, at := range first {
		err := q.InsertKnownMerchants(ctx, at, []uuid.UUID{p.tenant.Company}, []bool{p.tenant.Live}, []string{key})
		if err != nil {
			return err
		}
	}
	return nil
}
