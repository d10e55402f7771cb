package reconcile

import (
	"context"
	"errors"
	"log/slog"
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

// Run is one time that everything was compared, in one mode of a company.
type Run struct {
	ID uuid.UUID
	// AskedBy is a member in the public form, or system.
	AskedBy string
	AskedAt time.Time
	// EndedAt is zero while it waits or goes on.
	EndedAt time.Time
	// Trouble is why nothing could be compared, in words; else empty.
	Trouble string
	// How many were looked at; Lines are those of providers' statements.
	Authorizations, Events, Cards, Lines int
	// Found is how many differences there are, and Differences the first of them.
	Found       int
	Differences []Difference
}

// Open says whether it still waits or goes on.
func (r Run) Open() bool { return r.EndedAt.IsZero() }

const (
	// Every is how often each mode of a company is compared without being asked.
	Every = 24 * time.Hour
	// look is how often it is looked who is due.
	look = time.Hour
	// mostListed bounds the differences that are kept of a run.
	mostListed = 500
	// kept is how long a run is.
	kept = 180 * 24 * time.Hour
	// patience bounds one comparison, and lost is when an open one counts as
	// gone with its server.
	patience, lost = 10 * time.Minute, time.Hour
)

// Service compares regularly and when it is asked to.
type Service struct {
	Sources
	queue *notify.Queue
	log   *slog.Logger
}

// New makes the service, and has the queue work its jobs off.
func New(s Sources, queue *notify.Queue, log *slog.Logger) *Service {
	service := &Service{Sources: s, queue: queue, log: log}
	notify.Handle(queue, &dueWorker{s: service})
	notify.Handle(queue, &runWorker{s: service})
	queue.Regularly(river.NewPeriodicJob(river.PeriodicInterval(look), func() (river.JobArgs, *river.InsertOpts) { return dueArgs{}, nil },
		&river.PeriodicJobOpts{RunOnStart: true}))
	return service
}

// Start has everything compared in the background. One that is open already is
// the one that is asked for, and fresh is false.
func (s *Service) Start(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor) (fresh bool, err error) {
	q := db.New(tx)
	if err := q.ReconciliationAbandon(ctx, "It did not come to an end.", t.Company, t.Live, lost.Seconds()); err != nil {
		return false, err
	}
	rows, err := q.ReconciliationStart(ctx, t.Company, t.Live, ident.New(), by.String())
	if err != nil || len(rows) == 0 {
		return false, err
	}
	id := rows[0].ReconciliationID
	if by.Kind != audit.BySystem {
		if err := audit.Append(ctx, tx, t, by, audit.Event{Type: "reconciliation.started", Subject: ident.Format(ident.Comparison, id)}); err != nil {
			return false, err
		}
	}
	return true, s.queue.Add(ctx, tx, river.InsertManyParams{Args: runArgs{t.Company, t.Live, id}})
}

// Runs lists them, newest first, at most limit older than before (nil: from the
// newest).
func (s *Service) Runs(ctx context.Context, t ident.Tenant, limit int, before *uuid.UUID) ([]Run, error) {
	rows, err := db.New(s.Pool).ReconciliationList(ctx, t.Company, t.Live, before, int32(limit))
	if err != nil {
		return nil, err
	}
	out := make([]Run, len(rows))
	for i, r := range rows {
		if out[i], err = runOf(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Run reads one. Errors: not_found.
func (s *Service) Run(ctx context.Context, t ident.Tenant, id uuid.UUID) (Run, error) {
	row, err := db.New(s.Pool).ReconciliationGet(ctx, t.Company, t.Live, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Run{}, fault.Missing("reconciliation")
	}
	if err != nil {
		return Run{}, err
	}
	return runOf(row)
}
