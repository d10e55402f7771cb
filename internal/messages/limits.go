package messages

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// limitEvery is how often a tenant's limits are looked at while it spends,
// however much that is.
const limitEvery = 3 * time.Second

// lookShare bounds what looking costs: it takes one part in so many of the time,
// in a company with many agents too.
const lookShare = 200

func (s *Service) lookAfter(t ident.Tenant) time.Duration {
	took, _ := s.looks.Load(t)
	d, _ := took.(time.Duration) // none yet is zero
	return max(limitEvery, lookShare*d)
}

// moved is told that something happened in a tenant. It is stored that its
// limits will be looked at, once for everything that happens until then.
func (s *Service) moved(ctx context.Context, tx pgx.Tx, t ident.Tenant) error {
	if s.Mail == nil {
		return nil
	}
	at, err := db.New(tx).LimitLook(ctx, t.Company, t.Live, pgtype.Interval{Microseconds: s.lookAfter(t).Microseconds(), Valid: true})
	if isNone(err) {
		return nil // one is planned that will see it
	}
	if err != nil {
		return err
	}
	return s.Queue.Add(ctx, tx, river.InsertManyParams{Args: limitArgs{t.Company, t.Live},
		InsertOpts: &river.InsertOpts{Queue: notify.Internal, ScheduledAt: at}})
}

// limitArgs name a tenant whose limits are to be looked at.
type limitArgs struct {
	Company uuid.UUID `json:"company"`
	Live    bool      `json:"live"`
}

// Kind is the job's name in the queue.
func (limitArgs) Kind() string { return "limits" }

type limitWorker struct {
	river.WorkerDefaults[limitArgs]
	s *Service
}

// mostLimits bounds how many limits of a tenant are looked at: the fullest.
const mostLimits = 1000

// Work finds limits that are nearly or wholly used, and tells of each once in
// each of its windows.
func (w *limitWorker) Work(ctx context.Context, job *river.Job[limitArgs]) error {
	t := ident.Tenant{Company: job.Args.Company, Live: job.Args.Live}
	begun := time.Now()
	fullest, err := w.s.Spend.NearLimits(ctx, t, mostLimits)
	if err != nil {
		return quiet(err)
	}
	w.s.looks.Store(t, time.Since(begun))
	for _, l := range fullest {
		percent := threshold(l)
		if percent == 0 {
			break // the others are used less
		}
		if err := w.s.limitUsed(ctx, t, l, percent); err != nil {
			return quiet(err)
		}
	}
	return nil
}

// NextRetry tries again soon: the database was away.
func (*limitWorker) NextRetry(job *river.Job[limitArgs]) time.Time {
	return notify.ShortPause(job.Attempt)
}

// The percentages that are told.
var thresholds = []int{100, 80}

// threshold is the highest that a limit has reached, 0 for none.
func threshold(l spend.NearLimit) int {
	for _, percent := range thresholds {
		usedHigh, usedLow := bits.Mul64(uint64(l.Used()), 100)
		high, low := bits.Mul64(uint64(l.Limit), uint64(percent))
		if usedHigh > high || usedHigh == high && usedLow >= low {
			return percent
		}
	}
	return 0
}

// limitFact is what a limit's mail says, as it was when the mark was reached.
type limitFact struct {
	Handle  string       `json:"handle"` // empty: the agents share it
	Policy  string       `json:"policy"`
	Version int          `json:"version"`
	Period  meter.Period `json:"period"`
	Percent int          `json:"percent"`
	Used    string       `json:"used"`
	Limit   string       `json:"limit"`
	Ends    string       `json:"ends"`
	Agent   *uuid.UUID   `json:"agent"`
}

// limitUsed tells of a limit, unless that was done in this window. Whoever hears
// that all of it is used need not hear that most of it is.
func (s *Service) limitUsed(ctx context.Context, t ident.Tenant, l spend.NearLimit, percent int) error {
	key := fmt.Sprintf("%s/%s/%s/%s/%d/%s", ident.Format(ident.Policy, l.Policy), l.Per, l.Period, l.Currency, l.Limit, l.Agent)
	return s.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		fresh := false
		for _, p := range thresholds {
			if p > percent {
				continue
			}
			n, err := q.LimitNoticeInsert(ctx, db.LimitNoticeInsertParams{CompanyID: t.Company, Live: t.Live, LimitKey: key,
				WindowFrom: l.Window.From, Threshold: int16(p)})
			if err != nil {
				return err
			}
			fresh = fresh || p == percent && n == 1
		}
		if !fresh {
			return nil
		}
		to, err := s.interested(ctx, q, t, Limit)
		if err != nil || len(to) == 0 {
			return err
		}
		fact, err := s.limitFact(ctx, t, l, percent)
		if err != nil {
			return err
		}
		about := fmt.Sprintf("%s/%d/%s", key, percent, l.Window.From.UTC().Format(time.RFC3339))
		return s.mail(ctx, tx, t, draft{kind: Limit, about: about, to: to, data: fact})
	})
}

func (s *Service) limitFact(ctx context.Context, t ident.Tenant, l spend.NearLimit, percent int) (limitFact, error) {
	c := money.Currency(l.Currency)
	f := limitFact{Handle: l.Handle, Version: l.Version, Period: l.Period, Percent: percent,
		Used: money.Of(l.Used(), c).String(), Limit: money.Of(l.Limit, c).String()}
	if l.Per != policy.PerCompany {
		f.Agent = &l.Agent
	}
	if loc, err := meter.LoadZone(l.Zone); err == nil && !l.ResetsAt().IsZero() {
		f.Ends = l.ResetsAt().In(loc).Format("2 January 2006, 15:04") + " (" + l.Zone + ")"
	}
	var err error
	f.Policy, err = s.policyName(ctx, t, l.Policy, l.Version)
	return f, err
}

// limitLetter tells how much of a limit is used.
func (s *Service) limitLetter(m message) (l mail.Letter, due bool, err error) {
	var f limitFact
	if err := m.read(&f); err != nil {
		return l, false, err
	}
	whose, link := f.Handle, "/budgets"
	if f.Handle == "" {
		whose = "The agents of " + f.Policy
	}
	if f.Agent != nil {
		link = "/agents/" + ident.Format(ident.Agent, *f.Agent)
	}
	amount := f.Limit + " " + periodNames[f.Period]
	l = mail.Letter{Link: s.at(m.Tenant, link), Button: "Look at the budget", Facts: []mail.Fact{
		{Name: "Used", Value: f.Used + ", what is reserved included"}, {Name: "Limit", Value: amount},
		{Name: "Policy", Value: fmt.Sprintf("%s, version %d", f.Policy, f.Version)}}}
	if f.Ends != "" {
		l.Facts = append(l.Facts, mail.Fact{Name: "Starts over", Value: f.Ends})
	}
	if f.Percent >= 100 {
		l.Subject = whose + " has used all of " + amount
		l.Lines = []string{l.Subject + ". What would go beyond it is denied."}
	} else {
		l.Subject = fmt.Sprintf("%s has used %d %% of %s", whose, f.Percent, amount)
		l.Lines = []string{l.Subject + "."}
	}
	return l, true, nil
}
