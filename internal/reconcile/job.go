package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
)

// dueArgs ask to look which modes of companies are due.
type dueArgs struct{}

// Kind is the job's name in the queue.
func (dueArgs) Kind() string { return "reconciliations_due" }

// InsertOpts gives up soon: the next look comes anyway.
func (dueArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notify.Internal, MaxAttempts: 3}
}

type dueWorker struct {
	river.WorkerDefaults[dueArgs]
	s *Service
}

// Work starts what is due, and forgets what is old.
func (w *dueWorker) Work(ctx context.Context, _ *river.Job[dueArgs]) error {
	q := db.New(w.s.Pool)
	if err := q.ReconciliationsForget(ctx, kept.Seconds()); err != nil {
		return quiet(err)
	}
	due, err := q.ReconciliationsDue(ctx, Every.Seconds())
	for _, d := range due {
		if err == nil {
			err = w.s.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				_, err := w.s.Start(ctx, tx, ident.Tenant{Company: d.CompanyID, Live: d.Live}, audit.System())
				return err
			})
		}
	}
	return quiet(err)
}

// runArgs name what is to be compared.
type runArgs struct {
	Company uuid.UUID `json:"company"`
	Live    bool      `json:"live"`
	ID      uuid.UUID `json:"id"`
}

// Kind is the job's name in the queue.
func (runArgs) Kind() string { return "reconciliation" }

// InsertOpts lets a comparison fail a few times, for a database that is away.
func (runArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notify.Books, MaxAttempts: runAttempts}
}

const runAttempts = 3

type runWorker struct {
	river.WorkerDefaults[runArgs]
	s *Service
}

// Timeout is longer than other jobs have: there may be much to add up.
func (*runWorker) Timeout(*river.Job[runArgs]) time.Duration { return patience }

// Work compares and keeps what was found.
func (w *runWorker) Work(ctx context.Context, job *river.Job[runArgs]) error {
	t := ident.Tenant{Company: job.Args.Company, Live: job.Args.Live}
	report, err := w.s.One(ctx, t)
	trouble := ""
	if err != nil {
		w.s.log.WarnContext(ctx, "a reconciliation failed", "error", err, "reconciliation", ident.Format(ident.Comparison, job.Args.ID))
		if ctx.Err() != nil || job.Attempt < runAttempts {
			return quiet(err)
		}
		report, trouble = Report{Tenant: t}, "Something could not be read. The server's log says what."
	}
	return quiet(w.s.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return keep(ctx, tx, job.Args.ID, report, trouble) }))
}

// keep writes the end of a run, and tells when something does not add up.
func keep(ctx context.Context, tx pgx.Tx, id uuid.UUID, r Report, trouble string) error {
	listed := append([]Difference{}, r.Differences[:min(len(r.Differences), mostListed)]...)
	text, err := json.Marshal(listed)
	if err != nil {
		return err
	}
	ended, err := db.New(tx).ReconciliationEnd(ctx, db.ReconciliationEndParams{CompanyID: r.Tenant.Company, Live: r.Tenant.Live, ReconciliationID: id,
		Trouble: trouble, Authorizations: int32(r.Authorizations), Events: int32(r.Events), Cards: int32(r.Cards), Lines: int32(r.Lines),
		Found: int32(len(r.Differences)), Differences: text})
	if err != nil || ended == 0 || len(r.Differences) == 0 {
		return err
	}
	return audit.Append(ctx, tx, r.Tenant, audit.System(), audit.Event{Type: "reconciliation.differs", Subject: ident.Format(ident.Comparison, id),
		Data: map[string]any{"found": len(r.Differences)}})
}

// quiet keeps of an error what may stand in the queue's table.
func quiet(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.New(fault.From(err).Code)
}
