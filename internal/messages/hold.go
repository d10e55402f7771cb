package messages

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/spend"
)

// held asks people to decide a request, and plans what follows when they do
// not. One that does not wait any more is not told of; a retry of one that
// still waits is in the inbox with it, and not mailed again.
func (s *Service) held(ctx context.Context, tx pgx.Tx, t ident.Tenant, hold db.Approval) error {
	r, open, err := s.open(ctx, tx, t, hold.ApprovalID)
	if err != nil || !open {
		return err
	}
	q := db.New(tx)
	to, err := s.deciders(ctx, q, t, r, Hold)
	if err != nil {
		return err
	}
	again, _, err := retries(ctx, q, t, r)
	if err != nil {
		return err
	}
	about := r.Approval.PublicID()
	if err := s.mail(ctx, tx, t, draft{kind: Hold, about: about, to: to, joined: again}); err != nil {
		return err
	}
	if _, err := q.SlackHookGet(ctx, t.Company, t.Live); err == nil {
		err = s.store(ctx, tx, t, draft{kind: Hold, channel: bySlack, about: about, to: []recipient{{}}, joined: again})
		if err != nil {
			return err
		}
	} else if !isNone(err) {
		return err
	}
	return s.Queue.Add(ctx, tx, nudges(t, r.Approval)...)
}

// retries says whether an earlier request for the same waits, and a later one.
func retries(ctx context.Context, q *db.Queries, t ident.Tenant, r spend.Result) (earlier, later bool, err error) {
	a := r.Authorization
	rows, err := q.HeldAlike(ctx, db.HeldAlikeParams{CompanyID: t.Company, Live: t.Live, Agent: a.Agent, MerchantKey: a.MerchantKey,
		Requested: a.Requested, Currency: string(a.Currency), Purpose: a.Purpose})
	for _, other := range rows {
		if other.ApprovalID != nil {
			order := bytes.Compare(other.ApprovalID[:], r.Approval.ID[:])
			earlier, later = earlier || order < 0, later || order > 0
		}
	}
	return earlier, later, err
}

// mail stores mails, where there is somebody who delivers them.
func (s *Service) mail(ctx context.Context, tx pgx.Tx, t ident.Tenant, d draft) error {
	if s.Mail == nil {
		return nil
	}
	d.channel = byMail
	return s.store(ctx, tx, t, d)
}

// open reads a held request and whether it still waits, by the database's clock.
func (s *Service) open(ctx context.Context, on db.DBTX, t ident.Tenant, approval uuid.UUID) (spend.Result, bool, error) {
	r, err := s.Spend.Approval(ctx, t, approval)
	if err != nil {
		return r, false, err
	}
	now, err := db.New(on).DatabaseClock(ctx)
	return r, r.Approval.Status == "pending" && r.Authorization.Status == spend.Held && now.Before(r.Approval.ExpiresAt), err
}

// lastCall is how long before the deadline the reminder goes out, or a quarter
// of the whole time where that is shorter.
const lastCall = time.Hour

// nudges are the jobs that come back to a request that nobody has decided.
func nudges(t ident.Tenant, p *spend.Approval) []river.InsertManyParams {
	whole := p.ExpiresAt.Sub(p.CreatedAt)
	when := map[Kind]time.Time{
		Escalation: p.CreatedAt.Add(whole / 2),
		Reminder:   p.ExpiresAt.Add(-min(lastCall, whole/4)),
	}
	var out []river.InsertManyParams
	for _, k := range []Kind{Escalation, Reminder} {
		out = append(out, river.InsertManyParams{Args: nudgeArgs{t.Company, t.Live, p.ID, k},
			InsertOpts: &river.InsertOpts{Queue: notify.Internal, ScheduledAt: when[k]}})
	}
	return out
}

// nudgeArgs name a request that is to be told of once more.
type nudgeArgs struct {
	Company  uuid.UUID `json:"company"`
	Live     bool      `json:"live"`
	Approval uuid.UUID `json:"approval"`
	As       Kind      `json:"as"`
}

// Kind is the job's name in the queue.
func (nudgeArgs) Kind() string { return "nudge" }

type nudgeWorker struct {
	river.WorkerDefaults[nudgeArgs]
	s *Service
}

// Work tells of the request again, unless it was decided meanwhile, or its retry
// will be told of.
func (w *nudgeWorker) Work(ctx context.Context, job *river.Job[nudgeArgs]) error {
	s, a := w.s, job.Args
	t := ident.Tenant{Company: a.Company, Live: a.Live}
	r, open, err := s.open(ctx, s.Pool, t, a.Approval)
	if err != nil || !open {
		return quiet(err)
	}
	_, later, err := retries(ctx, db.New(s.Pool), t, r)
	if err != nil || later {
		return quiet(err)
	}
	return quiet(s.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var to []recipient
		var err error
		if a.As == Escalation {
			to, err = s.interested(ctx, db.New(tx), t, Escalation)
		} else {
			to, err = s.deciders(ctx, db.New(tx), t, r, a.As)
		}
		if err != nil {
			return err
		}
		return s.mail(ctx, tx, t, draft{kind: a.As, about: r.Approval.PublicID(), to: to})
	}))
}

// NextRetry tries again soon: the database was away.
func (*nudgeWorker) NextRetry(job *river.Job[nudgeArgs]) time.Time {
	return notify.ShortPause(job.Attempt)
}

// ended tells those who were asked, and who asked, how it ended. Whoever decided
// knows.
func (s *Service) ended(ctx context.Context, tx pgx.Tx, t ident.Tenant, hold db.Approval, by string) error {
	q := db.New(tx)
	about := ident.Format(ident.Approval, hold.ApprovalID)
	asked, err := q.MessageAsked(ctx, t.Company, t.Live, about, []string{string(Hold), string(Reminder), string(Escalation)})
	if err != nil || len(asked) == 0 {
		return err
	}
	all, err := s.members(ctx, q, t)
	if err != nil {
		return err
	}
	var to []recipient
	for _, m := range all {
		told := slices.ContainsFunc(asked, func(r db.MessageAskedRow) bool { return r.MemberID == m.ID && r.Channel == byMail })
		if told && by != ident.Format(ident.Member, m.ID) && m.wants(Decision, m.Role, t.Live) {
			to = append(to, recipient{member: m.ID})
		}
	}
	return s.mail(ctx, tx, t, draft{kind: Decision, about: about, to: to})
}
