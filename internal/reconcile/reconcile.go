// Package reconcile adds everything up again and compares: meters with
// authorizations, authorizations with approvals and audit events, balances with
// entries, cards with their postings and what their providers say, and the
// audit log with its seal. Comparing reads only, and may run
// beside traffic. Service does it regularly and when somebody asks, and keeps
// what was found.
package reconcile

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
)

// Check names what was compared.
type Check string

// The checks.
const (
	Meters    Check = "meters"    // every running window, by the meters' own survey
	Sums      Check = "sums"      // totals and the current day, by a plain sum
	Approvals Check = "approvals" // held authorizations and pending approvals
	Merchants Check = "merchants" // paid merchants and known ones
	Events    Check = "events"    // authorizations and their audit events
	Ledger    Check = "ledger"    // balances, entries and holds
	Cards     Check = "cards"     // cards, their postings, the authorizations and the books
	Holds     Check = "holds"     // what authorizations reserve and what is set aside
	Statement Check = "statement" // the books and what a provider says
	Seal      Check = "audit log" // the events and the sealed tree over them
)

// Difference is one thing that is not as it has to be.
type Difference struct {
	Check Check `json:"check"`
	// Subject is the public id, or the merchant, that it is about.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Cause is what most likely led to it, and what to do about it.
	Cause string `json:"cause"`
}

// Sources are where it is looked.
type Sources struct {
	Pool *postgres.Pool
	// Log verifies the audit log.
	Log *audit.Log
	// Cards asks providers for their statements; nil asks nobody.
	Cards *cards.Service
}

// Report is what was found in one mode of one company.
type Report struct {
	Tenant ident.Tenant
	Name   string // the company's; All fills it in
	// How many were looked at; Lines are those of providers' statements.
	Authorizations, Events, Cards, Lines int
	Differences                          []Difference
}

// differs notes a difference of the kind that a check usually finds.
func (r *Report) differs(c Check, subject, text string, args ...any) {
	r.differsFor(c, usualCause(c), subject, text, args...)
}

func (r *Report) differsFor(c Check, cause, subject, text string, args ...any) {
	r.Differences = append(r.Differences, Difference{c, subject, fmt.Sprintf(text, args...), cause})
}

// All checks both modes of every company. An error means that something could
// not be read; what does not add up is in the reports.
func (s Sources) All(ctx context.Context) ([]Report, error) {
	rows, err := db.New(s.Pool).ReconcileTenants(ctx)
	if err != nil {
		return nil, err
	}
	reports := make([]Report, len(rows))
	for i, row := range rows {
		if reports[i], err = s.One(ctx, ident.Tenant{Company: row.CompanyID, Live: row.Live}); err != nil {
			return nil, err
		}
		reports[i].Name = row.Name
	}
	return reports, nil
}

// One checks one mode of one company.
func (s Sources) One(ctx context.Context, t ident.Tenant) (Report, error) {
	r := Report{Tenant: t}
	err := r.check(ctx, s)
	return r, err
}

// Differences are those of all reports.
func Differences(reports []Report) int {
	n := 0
	for _, r := range reports {
		n += len(r.Differences)
	}
	return n
}

func (r *Report) check(ctx context.Context, s Sources) error {
	if err := r.meters(ctx, s.Pool); err != nil {
		return err
	}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	before := *r
	err := s.Pool.InTxOptions(ctx, snapshot, func(ctx context.Context, tx pgx.Tx) error {
		*r = before // the transaction may be run again
		q := db.New(tx)
		if err := q.TakeTime(ctx); err != nil {
			return err
		}
		for _, check := range []func(context.Context, *db.Queries) error{r.sums, r.approvals, r.merchants, r.events, r.ledger, r.cards} {
			if err := check(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.statements(ctx, s); err != nil {
		return err
	}
	return r.seal(ctx, s.Log)
}

func (r *Report) meters(ctx context.Context, pool *postgres.Pool) error {
	wrong, err := meter.Reconcile(ctx, pool, r.Tenant)
	for _, w := range wrong {
		r.differs(Meters, w.Subject.String(), "the %s in %s, %s: authorizations have %s spent and %s reserved more than the meter", w.Period,
			w.Currency, w.Zone, money.Of(w.Lacks.Spent, w.Currency).Decimal(), money.Of(w.Lacks.Reserved, w.Currency).Decimal())
	}
	return err
}

func (r *Report) sums(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileMeters(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, w := range rows {
		minor := func(n int64) string { return money.Of(n, money.Currency(w.Currency)).Decimal() }
		r.differs(Sums, w.Subject.String(), "%s in %s: spent %s, metered %s; reserved %s, metered %s; today spent %s, metered %s, reserved %s, metered %s",
			w.Currency, w.TimeZone, minor(w.Spent), minor(w.MeteredSpent), minor(w.Reserved), minor(w.MeteredReserved),
			minor(w.DaySpent), minor(w.MeteredDaySpent), minor(w.DayReserved), minor(w.MeteredDayReserved))
	}
	return err
}

func (r *Report) approvals(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileApprovals(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, w := range rows {
		r.differs(Approvals, ident.Format(ident.Authorization, w.AuthorizationID), "the authorization is %s and its approval is %s",
			orNone(w.Status), orNone(w.Approval))
	}
	return err
}

func orNone(status string) string {
	if status == "" {
		return "missing"
	}
	return status
}

func (r *Report) merchants(ctx context.Context, q *db.Queries) error {
	keys, err := q.ReconcileMerchants(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, key := range keys {
		r.differs(Merchants, key, "it was paid, and counts as new")
	}
	return err
}

func (r *Report) seal(ctx context.Context, log *audit.Log) error {
	found, err := log.Verify(ctx, r.Tenant)
	if err == nil && !found.OK {
		r.differs(Seal, audit.Origin(r.Tenant), "%s", found.Problem)
	}
	return err
}
