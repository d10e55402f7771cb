package policy

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// Prepare checks the content, gives warnings, and has everything metered that
// its limits need. It comes before the transaction of Create or Update, because
// counting a year of history must not hold up the gate; once it is done, the
// write only finds that all is there. Faults are those of Check, and
// meters_not_ready.
func (s *Store) Prepare(ctx context.Context, t ident.Tenant, c *Content) ([]Warning, error) {
	warnings, err := c.Check()
	if err != nil {
		return nil, err
	}
	q := db.New(s.pool)
	if err := c.known(ctx, q, t); err != nil {
		return nil, err
	}
	scopes, err := scopesOf(ctx, q, t, []Policy{{Content: *c}})
	if err != nil {
		return nil, err
	}
	return warnings, meter.Prepare(ctx, s.pool, t, scopes)
}

func scopesOf(ctx context.Context, q *db.Queries, t ident.Tenant, policies []Policy) ([]meter.Scope, error) {
	company, err := q.CompanySettings(ctx, t.Company, t.Live)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.Missing("company")
	}
	return Scopes(t.Company, company.TimeZone, policies), err
}

// Create writes the first version of a policy, in the caller's transaction and
// after Prepare. It decides from the next request on.
func (s *Store) Create(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, c Content) (Policy, error) {
	return s.write(ctx, tx, t, by, "policy.created", &c, func(q *db.Queries, row db.InsertPolicyParams) (db.Policy, error) {
		row.PolicyID = ident.New()
		return q.InsertPolicy(ctx, row)
	})
}

// Update writes the next version, in the caller's transaction and after
// Prepare. When expected is not nil and the present version is none of it, the
// fault is Stale, version_stale. Another is not_found.
func (s *Store) Update(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, id uuid.UUID, expected []int, c Content) (Policy, error) {
	return s.write(ctx, tx, t, by, "policy.updated", &c, func(q *db.Queries, row db.InsertPolicyParams) (db.Policy, error) {
		if _, err := current(ctx, q, t, id, expected); err != nil {
			return db.Policy{}, err
		}
		row.PolicyID = id
		return q.UpdatePolicy(ctx, db.UpdatePolicyParams(row))
	})
}

// Archive ends a policy: it decides nothing from the next request on, and its
// versions stay. Archiving twice changes nothing. Faults are those of Update.
func (s *Store) Archive(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, id uuid.UUID, expected []int) (Policy, error) {
	q := db.New(tx)
	if _, err := q.LockCompanyMode(ctx, t.Company, t.Live); err != nil {
		return Policy{}, err
	}
	p, err := current(ctx, q, t, id, expected)
	if err != nil || p.Status == Archived {
		return p, err
	}
	p.Status = Archived
	return s.write(ctx, tx, t, by, "policy.archived", &p.Content, func(q *db.Queries, row db.InsertPolicyParams) (db.Policy, error) {
		row.PolicyID = id
		return q.UpdatePolicy(ctx, db.UpdatePolicyParams(row))
	})
}

// current reads the policy under the mode's lock and compares its version.
func current(ctx context.Context, q *db.Queries, t ident.Tenant, id uuid.UUID, expected []int) (Policy, error) {
	p, err := get(ctx, q, t, id)
	if err == nil && expected != nil && !slices.Contains(expected, p.Version) {
		return p, fault.New(fault.Stale, "version_stale", "The policy is at version %d by now: read it again.", p.Version)
	}
	return p, err
}

// write stores a version and everything that goes with it. The mode's row is
// locked first: no request is decided meanwhile, and the next one sees the new
// epoch and reloads.
func (s *Store) write(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, event string, c *Content,
	store func(*db.Queries, db.InsertPolicyParams) (db.Policy, error)) (Policy, error) {
	q := db.New(tx)
	mode, err := q.LockCompanyMode(ctx, t.Company, t.Live)
	if errors.Is(err, pgx.ErrNoRows) {
		return Policy{}, fault.Missing("company")
	}
	if err != nil {
		return Policy{}, err
	}
	if _, err := c.Check(); err != nil {
		return Policy{}, err
	}
	if err := s.metered(ctx, tx, t, c); err != nil {
		return Policy{}, err
	}
	row, err := c.toRow()
	if err != nil {
		return Policy{}, err
	}
	row.CompanyID, row.Live, row.Epoch = t.Company, t.Live, mode.Epoch+1
	written, err := store(q, row)
	if err != nil {
		return Policy{}, err
	}
	p, err := fromRow(written)
	if err != nil {
		return Policy{}, err
	}
	return p, s.follow(ctx, tx, t, by, event, &p)
}

// metered refuses unless every meter that the content needs is ready.
func (s *Store) metered(ctx context.Context, tx pgx.Tx, t ident.Tenant, c *Content) error {
	scopes, err := scopesOf(ctx, db.New(tx), t, []Policy{{Content: *c}})
	if err != nil {
		return err
	}
	return meter.RequireReady(ctx, tx, t, scopes)
}

// follow writes what a new version brings with it: its copy, the epoch, the
// audit event, and the end of meters that nobody needs any more.
func (s *Store) follow(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, event string, p *Policy) error {
	q := db.New(tx)
	if err := q.InsertPolicyVersion(ctx, by.String(), t.Company, t.Live, p.ID); err != nil {
		return err
	}
	if err := q.RaiseEpoch(ctx, t.Company, t.Live); err != nil {
		return err
	}
	all, err := fromRows(q.DecidingPolicies(ctx, t.Company, t.Live))
	if err != nil {
		return err
	}
	needed, err := scopesOf(ctx, q, t, all)
	if err != nil {
		return err
	}
	if err := meter.Retire(ctx, tx, t, needed); err != nil {
		return err
	}
	return audit.Append(ctx, tx, t, by, audit.Event{Type: event, Subject: ident.Format(ident.Policy, p.ID),
		Data: map[string]any{"name": p.Name, "version": p.Version, "status": string(p.Status)}})
}
