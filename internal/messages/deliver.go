package messages

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
)

// letterArgs name a mail that is to be delivered.
type letterArgs struct{ stored }

// Kind is the job's name in the queue.
func (letterArgs) Kind() string { return "letter" }

func letterOptions() *river.InsertOpts {
	return &river.InsertOpts{Queue: notify.Mail, MaxAttempts: notify.DayOfAttempts, Priority: 2}
}

type letterWorker struct {
	river.WorkerDefaults[letterArgs]
	s *Service
}

// Work writes the mail of what is true now, and delivers it. It may be
// delivered twice when the server ends between the two, with one Message-ID.
func (w *letterWorker) Work(ctx context.Context, job *river.Job[letterArgs]) error {
	m, found, err := w.s.get(ctx, job.Args.stored)
	if err != nil || !found || !m.Waiting {
		return quiet(err)
	}
	envelope, due, err := w.s.write(ctx, m)
	if err != nil {
		return quiet(err)
	}
	if !due {
		return w.s.finish(ctx, m, dropped, job)
	}
	if err := w.s.Mail.Send(ctx, envelope); err != nil {
		trouble := mail.Trouble(err)
		if err := w.s.tried(context.WithoutCancel(ctx), m, trouble, job.Attempt, job.MaxAttempts); err != nil {
			return quiet(err)
		}
		return errors.New("the mail was not delivered: " + trouble)
	}
	return w.s.finish(context.WithoutCancel(ctx), m, sent, job)
}

// NextRetry spreads the attempts over a day.
func (*letterWorker) NextRetry(job *river.Job[letterArgs]) time.Time {
	return notify.Pause(job.Attempt)
}

// finish ends the message and its job at once, so that a server that ends here
// leaves neither or both.
func (s *Service) finish(ctx context.Context, m message, state string, job *river.Job[letterArgs]) error {
	return quiet(s.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := s.end(ctx, db.New(tx), m, state, job.Attempt); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	}))
}

// quiet keeps of an error what may stand in the queue's table and in the log.
func quiet(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.New(fault.From(err).Code)
}

// write makes the mail of a message; not due is what nobody needs any more.
func (s *Service) write(ctx context.Context, m message) (envelope mail.Message, due bool, err error) {
	to, found, err := s.memberNow(ctx, m.Tenant, m.Member)
	if err != nil || !found {
		return envelope, false, err
	}
	l, due, err := s.compose(ctx, m, to)
	if err != nil || !due {
		return envelope, false, err
	}
	if !m.Tenant.Live {
		l.Subject = "[Test] " + l.Subject
	}
	if l.After == "" {
		l.After = "You get this as a member in Purser. Choose what is mailed to you: " + s.at(m.Tenant, "/settings/messages")
	}
	if envelope, err = l.To(to.Email); err != nil {
		return envelope, false, err
	}
	envelope.ID = ident.Format("msg", m.ID)
	return envelope, true, nil
}

func (s *Service) compose(ctx context.Context, m message, to member) (mail.Letter, bool, error) {
	switch m.Kind {
	case Hold, Reminder, Escalation:
		return s.holdLetter(ctx, m, to)
	case Decision:
		return s.decisionLetter(ctx, m)
	case Limit:
		return s.limitLetter(m)
	case Key:
		return s.keyLetter(ctx, m)
	case Weekly:
		return s.weeklyLetter(ctx, m)
	}
	return mail.Letter{}, false, nil
}
