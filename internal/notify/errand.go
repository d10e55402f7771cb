package notify

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// errandWorker does what was stored with AddErrand.
type errandWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	do func(context.Context, T) error
}

// Work does it.
func (w *errandWorker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	return w.do(ctx, job.Args)
}

// NextRetry spreads the attempts over a day.
func (*errandWorker[T]) NextRetry(job *river.Job[T]) time.Time { return Pause(job.Attempt) }

// HandleErrand says what is to be done for errands of one kind: it is done again,
// for a day, until it gives no error. Before Run.
func HandleErrand[T river.JobArgs](q *Queue, do func(context.Context, T) error) {
	Handle(q, &errandWorker[T]{do: do})
}

// AddErrand stores something that is to be asked of somebody else once the
// caller's transaction has committed. Its kind must have been handled.
func (q *Queue) AddErrand(ctx context.Context, tx pgx.Tx, errand river.JobArgs) error {
	return q.Add(ctx, tx, river.InsertManyParams{Args: errand,
		InsertOpts: &river.InsertOpts{Queue: Mail, MaxAttempts: DayOfAttempts}})
}
