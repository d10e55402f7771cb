package meter

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Subject is whose meters to read.
type Subject struct {
	Tenant ident.Tenant
	ID     uuid.UUID
}

// Shared names one meter that several agents add to.
type Shared struct {
	Tenant ident.Tenant
	Key
}

// subjectColumns are the subjects as the columns of a query.
func subjectColumns(subjects []Subject) (companies []uuid.UUID, lives []bool, ids []uuid.UUID) {
	for _, s := range subjects {
		companies, lives, ids = append(companies, s.Tenant.Company), append(lives, s.Tenant.Live), append(ids, s.ID)
	}
	return companies, lives, ids
}

// QueueOfSubjects is OfSubjects as a part of a pipeline.
func QueueOfSubjects(p *pgx.Batch, subjects []Subject, each func(Stored)) {
	if len(subjects) == 0 {
		return
	}
	companies, lives, ids := subjectColumns(subjects)
	collect(p.Queue(db.MetersOfSubjects, companies, lives, ids), each)
}

// QueueLock is Lock as a part of a pipeline.
func QueueLock(p *pgx.Batch, shared []Shared, each func(Stored)) {
	if len(shared) == 0 {
		return
	}
	c := sharedColumns(shared)
	collect(p.Queue(db.LockMeters, c.Companies, c.Lives, c.Subjects, c.Currencies, c.TimeZones), each)
}

func collect(q *pgx.QueuedQuery, each func(Stored)) {
	q.Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.Meter])
		for _, r := range found {
			each(fromRow(r))
		}
		return err
	})
}

// OfSubjects reads every meter of the subjects. It locks nothing: the caller
// holds the agents' rows, or only wants to look.
func OfSubjects(ctx context.Context, tx db.DBTX, subjects []Subject) ([]Stored, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	companies, lives, ids := subjectColumns(subjects)
	rows, err := db.New(tx).MetersOfSubjects(ctx, companies, lives, ids)
	return fromRows(rows), err
}

// Lock reads shared meters and holds them until the transaction ends, in the
// one order that keeps two transactions from waiting for each other. A shared
// meter exists from the moment its scope is registered.
func Lock(ctx context.Context, tx pgx.Tx, shared []Shared) ([]Stored, error) {
	if len(shared) == 0 {
		return nil, nil
	}
	rows, err := db.New(tx).LockMeters(ctx, sharedColumns(shared))
	return fromRows(rows), err
}

func sharedColumns(shared []Shared) db.LockMetersParams {
	var p db.LockMetersParams
	for _, s := range shared {
		p.Companies = append(p.Companies, s.Tenant.Company)
		p.Lives = append(p.Lives, s.Tenant.Live)
		p.Subjects = append(p.Subjects, s.Subject)
		p.Currencies = append(p.Currencies, string(s.Currency))
		p.TimeZones = append(p.TimeZones, s.Zone)
	}
	return p
}

// Write stores the meters' values as they are.
func Write(ctx context.Context, tx pgx.Tx, meters []Stored) error {
	if len(meters) == 0 {
		return nil
	}
	return db.New(tx).WriteMeters(ctx, rowsOf(meters))
}

// Scopes are the scopes that a tenant's spending is metered for.
func Scopes(ctx context.Context, tx db.DBTX, t ident.Tenant) ([]Scope, error) {
	rows, err := db.New(tx).MeterScopes(ctx, t.Company, t.Live)
	if err != nil {
		return nil, err
	}
	out := make([]Scope, len(rows))
	for i, r := range rows {
		out[i] = scopeOf(r)
	}
	return out, nil
}

// Missing are the needed scopes that are not ready among those there are.
func Missing(there, needed []Scope) []Scope {
	ready := make(map[ScopeKey]bool, len(there))
	for _, s := range there {
		ready[s.Key()] = s.Ready
	}
	var missing []Scope
	for _, s := range needed {
		if !ready[s.Key()] {
			missing = append(missing, s)
		}
	}
	return missing
}

// windowsAt are the running windows of every period.
func windowsAt(now time.Time, loc *time.Location) [Count]Window {
	var out [Count]Window
	for i, p := range Periods() {
		out[i] = p.Window(now, loc)
	}
	return out
}
