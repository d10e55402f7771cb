package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Route turns events of a tenant into messages. Both of its functions run in
// the transaction that notes how far the log has been read, so that a message
// that is stored there is stored once for each event, whatever ends when.
type Route struct {
	// Name is what an error of it begins with.
	Name string
	// Wants names the types of events that it has a use for in this tenant;
	// Everything is all of them, and none spares the reading.
	Wants func(ctx context.Context, tx pgx.Tx, t ident.Tenant) (types []string, err error)
	// Take is given the events of those types, oldest first. What it does stays
	// undone when it fails, and is tried again.
	Take func(ctx context.Context, tx pgx.Tx, t ident.Tenant, news []proof.Record) error
}

// Everything stands for every type of event.
const Everything = "*"

// Outbox hands every event to its routes, in order within a tenant. Any number
// of replicas may run one: a log that another is reading is passed over.
type Outbox struct {
	pool   *postgres.Pool
	routes []Route
	logger *slog.Logger
}

// NewOutbox makes one over a pool. Nothing is routed until Run.
func NewOutbox(pool *postgres.Pool, logger *slog.Logger, routes ...Route) *Outbox {
	return &Outbox{pool: pool, routes: routes, logger: logger}
}

const (
	// outboxEvery is how often Run looks for events that nobody was told of.
	outboxEvery = 200 * time.Millisecond
	// outboxBatch bounds the events of one transaction.
	outboxBatch = 1000
	// outboxPause is how long Run leaves a tenant alone whose events could not
	// be routed.
	outboxPause = 5 * time.Second
)

// Run routes until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	tick := time.NewTicker(outboxEvery)
	defer tick.Stop()
	paused := map[ident.Tenant]time.Time{}
	for {
		again := o.round(ctx, paused)
		if again && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round routes one batch of each tenant that has news, and reports whether one
// of them had more. A tenant that fails keeps nobody waiting but itself.
func (o *Outbox) round(ctx context.Context, paused map[ident.Tenant]time.Time) (again bool) {
	tenants, err := db.New(o.pool).OutboxTenants(ctx)
	if err != nil {
		o.complain(ctx, "outbox: no news could be found", err)
		return false
	}
	for _, r := range tenants {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		if time.Now().Before(paused[t]) {
			continue
		}
		delete(paused, t)
		full, err := o.batch(ctx, t)
		if err != nil {
			paused[t] = time.Now().Add(outboxPause)
			o.complain(ctx, "outbox: events of "+Origin(t)+" wait", err)
		}
		again = again || full
	}
	return again
}

// batch routes the oldest events that wait, and reports whether there are more.
func (o *Outbox) batch(ctx context.Context, t ident.Tenant) (full bool, err error) {
	err = o.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		full = false
		q := db.New(tx)
		if mine, err := q.OutboxLock(ctx, t.Live, t.Company); err != nil || !mine {
			return err // another server reads this log
		}
		part, err := q.OutboxTake(ctx, outboxBatch, t.Company, t.Live)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // another server has read it
		}
		if err != nil {
			return err
		}
		full = part.Past-part.Routed == outboxBatch
		if err := o.hand(ctx, tx, t, part.Routed, part.Past); err != nil {
			return err
		}
		return q.OutboxMove(ctx, part.Past, t.Company, t.Live)
	})
	return full, err
}

// hand gives each route the events of a part of the log that it wants.
func (o *Outbox) hand(ctx context.Context, tx pgx.Tx, t ident.Tenant, first, past int64) error {
	wants := make([][]string, len(o.routes))
	for i, r := range o.routes {
		var err error
		if wants[i], err = r.Wants(ctx, tx, t); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	types := slices.Concat(wants...)
	if len(types) == 0 {
		return nil
	}
	news, err := readNews(ctx, db.New(tx), t, first, past, types)
	if err != nil {
		return err
	}
	for i, r := range o.routes {
		if mine := wanted(news, wants[i]); len(mine) > 0 {
			if err := r.Take(ctx, tx, t, mine); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	return nil
}

// readNews reads the events of some types in a part of the log.
func readNews(ctx context.Context, q *db.Queries, t ident.Tenant, first, past int64, types []string) ([]proof.Record, error) {
	everything := slices.Contains(types, Everything)
	at, err := readIDs(ctx, q, db.AuditIDsParams{CompanyID: t.Company, Live: t.Live, First: first, Past: past,
		Everything: everything, Types: types})
	if err != nil || len(at) == 0 {
		return nil, err
	}
	rows, err := q.OutboxEvents(ctx, db.OutboxEventsParams{CompanyID: t.Company, Live: t.Live, EventIds: idsOf(at), Everything: everything, Types: types})
	return toRecords(at, rows), err
}

func wanted(news []proof.Record, types []string) []proof.Record {
	if slices.Contains(types, Everything) {
		return news
	}
	return slices.DeleteFunc(slices.Clone(news), func(r proof.Record) bool { return !slices.Contains(types, r.Type) })
}

func (o *Outbox) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		o.logger.Warn(what, "error", err)
	}
}
