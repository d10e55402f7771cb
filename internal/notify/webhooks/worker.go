package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
)

// job is the clock of one delivery: what is to be sent, whereto, and how often
// it was tried is in our own tables.
type job struct {
	Company  uuid.UUID `json:"company"`
	Live     bool      `json:"live"`
	Delivery uuid.UUID `json:"delivery"`
	Webhook  uuid.UUID `json:"webhook"`
}

// Kind names the job in the queue.
func (job) Kind() string { return "webhook_delivery" }

// InsertOpts puts it among the calls to addresses of our users. An attempt is
// not one of the queue's: those are for trouble of our own, which must not end a
// delivery.
func (job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notify.Web, MaxAttempts: 1000}
}

// worker makes deliveries.
type worker struct {
	river.WorkerDefaults[job]
	s *Service
}

// NextRetry is after trouble of our own, such as a database that is away.
func (*worker) NextRetry(j *river.Job[job]) time.Time {
	return time.Now().Add(time.Duration(min(j.Attempt, 12)) * 5 * time.Second)
}

// Work makes one attempt, if it is due, and says when the next one is.
func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	ok, wait := w.s.slots.take(j.Args.Company, j.Args.Webhook)
	if !ok {
		return river.JobSnooze(wait)
	}
	answered := true
	defer func() { w.s.slots.giveBack(j.Args.Company, j.Args.Webhook, answered) }()
	claim, err := db.New(w.s.pool).WebhookClaim(ctx, w.s.lease().Seconds(), j.Args.Company, j.Args.Live, j.Args.Delivery)
	if isNone(err) {
		return w.s.idle(ctx, j.Args)
	}
	if err != nil {
		return err
	}
	done, err := w.s.call(ctx, claim)
	if err != nil {
		return err
	}
	answered = done.Status != 0
	if !answered && ctx.Err() != nil {
		return ctx.Err() // it was not the receiver who ended this
	}
	wait, err = w.s.record(ctx, claim, done)
	if err != nil || wait == 0 {
		return err
	}
	return river.JobSnooze(wait)
}

// lease is how long an attempt may take until it counts as lost with its server.
func (s *Service) lease() time.Duration { return s.patience + 15*time.Second }

// idle is what to do when there is nothing to send now: nothing more, or wait.
func (s *Service) idle(ctx context.Context, j job) error {
	q := db.New(s.pool)
	now, err := q.WebhookWait(ctx, j.Company, j.Live, j.Delivery)
	switch {
	case isNone(err):
		return nil // it became old
	case err != nil:
		return err
	case Status(now.Status) != Pending:
		return nil
	case !now.Enabled:
		return q.WebhookCancel(ctx, j.Company, j.Live, j.Delivery)
	default:
		return river.JobSnooze(time.Duration(now.Seconds*float64(time.Second)) + 10*time.Millisecond)
	}
}

// recordPatience bounds the writing down of an attempt, which goes on when the
// server shuts down.
const recordPatience = 10 * time.Second

// record writes an attempt down with what follows from it, and gives the time
// until the next; zero when there is none.
func (s *Service) record(ctx context.Context, c db.WebhookClaimRow, done called) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
	defer cancel()
	outcome := Pending
	var more bool
	switch wait, more = waitAfter(int(c.WebhookDelivery.Tries)+1, done.again); {
	case done.ok():
		outcome, wait = Delivered, 0
	case !more, done.Status == http.StatusGone:
		outcome, wait = Failed, 0
	}
	err = s.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := writeAttempt(ctx, tx, c.WebhookDelivery, done, outcome, wait); err != nil {
			return err
		}
		return s.judge(ctx, tx, c.WebhookEndpoint, done)
	})
	if err != nil {
		return 0, fmt.Errorf("note an attempt: %w", err)
	}
	return wait, nil
}

func writeAttempt(ctx context.Context, tx pgx.Tx, d db.WebhookDelivery, done called, outcome Status, wait time.Duration) error {
	q := db.New(tx)
	number, err := q.WebhookAttempted(ctx, db.WebhookAttemptedParams{CompanyID: d.CompanyID, Live: d.Live, DeliveryID: d.DeliveryID,
		Outcome: string(outcome), Wait: wait.Seconds()})
	if isNone(err) {
		return nil // it became old meanwhile
	}
	if err != nil {
		return err
	}
	p := db.WebhookAttemptInsertParams{CompanyID: d.CompanyID, Live: d.Live, DeliveryID: d.DeliveryID, Number: number,
		StartedAt: done.At, TookMs: int32(done.Milliseconds), Trouble: done.Trouble, Answer: done.Answer}
	if done.Status != 0 {
		status := int32(done.Status)
		p.Status = &status
	}
	return q.WebhookAttemptInsert(ctx, p)
}

// judge notes what an attempt says about its endpoint, and disables one that is
// gone or has done nothing but fail for too long.
func (s *Service) judge(ctx context.Context, tx pgx.Tx, e db.WebhookEndpoint, done called) error {
	q, t := db.New(tx), ident.Tenant{Company: e.CompanyID, Live: e.Live}
	switch {
	case done.ok() && e.FailingSince == nil:
		return nil
	case done.ok():
		return q.WebhookWorks(ctx, t.Company, t.Live, e.WebhookID)
	case done.Status == http.StatusGone:
		return s.disable(ctx, tx, t, e.WebhookID, Gone)
	}
	hopeless, err := q.WebhookFails(ctx, t.Company, t.Live, e.WebhookID, GiveUpAfter.Seconds())
	if err == nil && hopeless {
		err = s.disable(ctx, tx, t, e.WebhookID, Failing)
	}
	if isNone(err) {
		return nil // it was deleted meanwhile
	}
	return err
}
