// Package notify delivers messages that were stored with what they tell of:
// River keeps them, tries again, and loses none over a restart.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/postgres"
)

// The queues, by what is at the other end: a slow one holds up only its own.
const (
	// Internal is work of our own that answers soon: finding out who is to be told.
	Internal = river.QueueDefault
	// Mail is delivered to one server.
	Mail = "mail"
	// Web is delivered to addresses of our users.
	Web = "web"
	// Books is adding everything up, which may take minutes: one at a time.
	Books = "books"
)

const (
	// jobPatience bounds one attempt of any job.
	jobPatience = 30 * time.Second
	// rescueAfter is when an attempt counts as lost with its server.
	rescueAfter = time.Minute
)

// Queue stores jobs and works them off.
type Queue struct {
	pool    *postgres.Pool
	log     *slog.Logger
	workers *river.Workers
	regular []*river.PeriodicJob
	client  *river.Client[pgx.Tx] // only stores
}

// NewQueue makes a queue over a pool. Nothing is worked off until Run.
func NewQueue(pool *postgres.Pool, log *slog.Logger) (*Queue, error) {
	log = slog.New(grave{log.Handler()})
	client, err := river.NewClient(pool.Queue(), &river.Config{Schema: postgres.QueueSchema, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return &Queue{pool: pool, log: log, workers: river.NewWorkers(), client: client}, nil
}

// grave leaves out what River says every few seconds of work that goes well.
type grave struct{ slog.Handler }

// Enabled is true for warnings and errors.
func (g grave) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && g.Handler.Enabled(ctx, l)
}

// WithAttrs keeps it grave.
func (g grave) WithAttrs(attrs []slog.Attr) slog.Handler { return grave{g.Handler.WithAttrs(attrs)} }

// WithGroup keeps it grave.
func (g grave) WithGroup(name string) slog.Handler { return grave{g.Handler.WithGroup(name)} }

// Handle says who works off a kind of job. Before Run.
func Handle[T river.JobArgs](q *Queue, w river.Worker[T]) { river.AddWorker(q.workers, w) }

// Regularly stores a job at its times, on one replica. Before Run.
func (q *Queue) Regularly(jobs ...*river.PeriodicJob) { q.regular = append(q.regular, jobs...) }

// Add stores jobs in the caller's transaction: they are worked off once it has
// committed, and never when it has not.
func (q *Queue) Add(ctx context.Context, tx pgx.Tx, jobs ...river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	_, err := q.client.InsertManyFastTx(ctx, tx, jobs)
	return postgres.Map(err)
}

// Run works off until ctx ends. An attempt that goes on then is given time to
// end, and is repeated elsewhere when it does not.
func (q *Queue) Run(ctx context.Context) error {
	client, err := river.NewClient(q.pool.Queue(), &river.Config{
		Schema: postgres.QueueSchema, Logger: q.log, Workers: q.workers, PeriodicJobs: q.regular,
		JobTimeout: jobPatience, RescueStuckJobsAfter: rescueAfter, FetchCooldown: 50 * time.Millisecond,
		Queues: map[string]river.QueueConfig{Internal: {MaxWorkers: 4}, Mail: {MaxWorkers: 4}, Web: {MaxWorkers: 32}, Books: {MaxWorkers: 1}},
		// The queue is kept small: what a page shows of the past is in tables of
		// our own.
		CompletedJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return fmt.Errorf("open the queue: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobPatience/2)
	defer cancel()
	if err = client.Stop(end); errors.Is(err, context.DeadlineExceeded) {
		err = client.StopAndCancel(context.WithoutCancel(ctx))
	}
	if err != nil {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return nil
}
