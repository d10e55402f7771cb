package spend_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/meter"
)

// bound is a limit as an auditor knows it: who may together use how much in
// which period.
type bound struct {
	agents []uuid.UUID // nil: every agent
	each   bool        // each agent for itself
	period meter.Period
	zone   string
	code   string // of the currency
	most   int64
}

// overspent adds up the authorizations of the running window of a bound, in one
// snapshot, and says who is above it.
func (h *house) overspent(ctx context.Context, b bound) ([]string, error) {
	var found []string
	loc, err := meter.LoadZone(b.zone)
	if err != nil {
		return nil, err
	}
	group := "''"
	if b.each {
		group = "agent_id::text"
	}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = h.pool.InTxOptions(ctx, snapshot, func(ctx context.Context, tx pgx.Tx) error {
		found = nil
		now, err := db.New(tx).DatabaseClock(ctx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT `+group+`, sum(amount)::bigint FROM authorizations
			WHERE company_id = $1 AND live = $2 AND currency = $3 AND status IN ('pending', 'held', 'confirmed')
			  AND created_at >= $4 AND ($5::uuid[] IS NULL OR agent_id = ANY($5)) GROUP BY 1 HAVING sum(amount) > $6`,
			h.tenant.Company, h.tenant.Live, b.code, b.period.Window(now, loc).From, b.agents, b.most)
		if err != nil {
			return err
		}
		over, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
			Who string
			Sum int64
		}])
		for _, o := range over {
			found = append(found, fmt.Sprintf("%s %s in %s: %d of %d %s", o.Who, b.period, b.zone, o.Sum, b.most, b.code))
		}
		return err
	})
	return found, err
}

// unbalanced is every meter, approval and merchant that does not agree with the
// authorizations, each found in one snapshot.
func (h *house) unbalanced(ctx context.Context) ([]string, error) {
	wrong, err := meter.Reconcile(ctx, h.pool, h.tenant)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, w := range wrong {
		found = append(found, fmt.Sprintf("%+v", w))
	}
	q := db.New(h.pool)
	sums, err := q.ReconcileMeters(ctx, h.tenant.Company, h.tenant.Live)
	for _, s := range sums {
		found = append(found, fmt.Sprintf("%+v", s))
	}
	if err != nil {
		return nil, err
	}
	approvals, err := q.ReconcileApprovals(ctx, h.tenant.Company, h.tenant.Live)
	for _, a := range approvals {
		found = append(found, fmt.Sprintf("%+v", a))
	}
	if err != nil {
		return nil, err
	}
	merchants, err := q.ReconcileMerchants(ctx, h.tenant.Company, h.tenant.Live)
	for _, m := range merchants {
		found = append(found, "paid and unknown: "+m)
	}
	return found, err
}

// yearsPass moves everything that was decided so far 400 days into the past,
// between two batches of any gate. Every window but the total starts over; what
// is still open stays open.
func (h *house) yearsPass(ctx context.Context) error {
	const by = `interval '400 days'`
	return h.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for _, sql := range []string{
			`SELECT FROM company_modes WHERE company_id = $1 FOR UPDATE`,
			`UPDATE authorizations SET created_at = created_at - ` + by + ` WHERE company_id = $1`,
			`UPDATE meters SET day_from = day_from - ` + by + `, week_from = week_from - ` + by + `, month_from = month_from - ` + by +
				`, quarter_from = quarter_from - ` + by + `, year_from = year_from - ` + by + ` WHERE company_id = $1 AND day_from > '1900-01-01'`,
		} {
			if _, err := tx.Exec(ctx, sql, h.tenant.Company); err != nil {
				return err
			}
		}
		return nil
	})
}

// lookIn samples the books until ctx ends: nobody is above a bound and
// everything adds up, also in mid-flight.
func (h *house) lookIn(ctx context.Context, bounds []bound, every time.Duration, found func(string)) (samples int) {
	for ctx.Err() == nil {
		for _, b := range bounds {
			over, err := h.overspent(ctx, b)
			report(ctx, over, err, found)
		}
		wrong, err := meter.Reconcile(ctx, h.pool, h.tenant)
		for _, w := range wrong {
			found(fmt.Sprintf("in flight: %+v", w))
		}
		report(ctx, nil, err, found)
		samples++
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
	return samples
}

func report(ctx context.Context, texts []string, err error, found func(string)) {
	if err != nil && ctx.Err() == nil {
		found(err.Error())
	}
	for _, text := range texts {
		found(text)
	}
}
