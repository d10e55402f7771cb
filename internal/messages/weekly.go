package messages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/spend"
)

const (
	// weeklyLook is how often it is looked where Monday morning has come.
	weeklyLook = 15 * time.Minute
	weeklyHour = 8
	// weeklyLate is how long after that hour a server that was down catches up.
	weeklyLate = 12 * time.Hour
)

// weekArgs ask to look where Monday morning has come.
type weekArgs struct{}

// Kind is the job's name in the queue.
func (weekArgs) Kind() string { return "weeks" }

func (s *Service) weekly() []*river.PeriodicJob {
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(weeklyLook), func() (river.JobArgs, *river.InsertOpts) {
		return weekArgs{}, &river.InsertOpts{Queue: notify.Internal, MaxAttempts: 3}
	}, &river.PeriodicJobOpts{RunOnStart: true})}
}

type weeklyWorker struct {
	river.WorkerDefaults[weekArgs]
	s *Service
}

// Work tells every company whose Monday morning it is what the last week came
// to, once, and forgets what is old.
func (w *weeklyWorker) Work(ctx context.Context, _ *river.Job[weekArgs]) error {
	q := db.New(w.s.Pool)
	if err := q.MessagesForget(ctx); err != nil {
		return quiet(err)
	}
	if err := q.LimitNoticesForget(ctx); err != nil {
		return quiet(err)
	}
	now, err := q.DatabaseClock(ctx)
	if err != nil {
		return quiet(err)
	}
	companies, err := q.WeeklyCompanies(ctx)
	if err != nil {
		return quiet(err)
	}
	for _, c := range companies {
		loc, err := meter.LoadZone(c.TimeZone)
		if err != nil || !mondayMorning(now, loc) {
			continue
		}
		for _, live := range []bool{true, false} {
			if err := w.s.tellWeek(ctx, ident.Tenant{Company: c.CompanyID, Live: live}, now, loc); err != nil {
				return quiet(err)
			}
		}
	}
	return nil
}

// mondayMorning reports whether the last week is to be told of now.
func mondayMorning(now time.Time, loc *time.Location) bool {
	monday := meter.Week.Window(now, loc).From.In(loc)
	eight := time.Date(monday.Year(), monday.Month(), monday.Day(), weeklyHour, 0, 0, 0, loc)
	return !now.Before(eight) && now.Sub(eight) < weeklyLate
}

// lastWeek is the week before the one that an instant is in.
func lastWeek(now time.Time, loc *time.Location) meter.Window {
	this := meter.Week.Window(now, loc)
	return meter.Week.Window(this.From.Add(-time.Hour), loc)
}

// weekFact says which week.
type weekFact struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Zone string    `json:"zone"`
}

func (s *Service) tellWeek(ctx context.Context, t ident.Tenant, now time.Time, loc *time.Location) error {
	week := lastWeek(now, loc)
	return s.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		to, err := s.interested(ctx, db.New(tx), t, Weekly)
		if err != nil {
			return err
		}
		return s.mail(ctx, tx, t, draft{kind: Weekly, about: "week/" + week.From.In(loc).Format(time.DateOnly), to: to,
			data: weekFact{week.From, week.To, loc.String()}})
	})
}

// agentWeek is what one agent's requests came to in one currency.
type agentWeek struct {
	agent            uuid.UUID
	currency         money.Currency
	spent, reserved  int64
	paid, open, deny int64
}

func (s *Service) weekOf(ctx context.Context, t ident.Tenant, w meter.Window) (out []agentWeek, err error) {
	rows, err := db.New(s.Pool).WeeklyAgents(ctx, db.WeeklyAgentsParams{CompanyID: t.Company, Live: t.Live,
		First: ident.Floor(w.From), Beyond: ident.Floor(w.To.Add(time.Minute)), Since: w.From, Until: w.To})
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].agent != r.AgentID || string(out[n-1].currency) != r.Currency {
			out = append(out, agentWeek{agent: r.AgentID, currency: money.Currency(r.Currency)})
		}
		a := &out[len(out)-1]
		switch spend.Status(r.Status) {
		case spend.Confirmed:
			a.spent, a.paid = r.Amount, r.Requests
		case spend.Pending, spend.Held:
			a.reserved, a.open = a.reserved+r.Amount, a.open+r.Requests
		case spend.Denied:
			a.deny = r.Requests
		}
	}
	return out, err
}

// weeklyLetter adds up the requests that were made in the week, as they stand
// now. A list of them, filtered the same way, adds up to the same.
func (s *Service) weeklyLetter(ctx context.Context, m message) (l mail.Letter, due bool, err error) {
	var f weekFact
	if err := m.read(&f); err != nil {
		return l, false, err
	}
	loc, err := meter.LoadZone(f.Zone)
	if err != nil {
		return l, false, err
	}
	c, err := s.Companies.Get(ctx, m.Tenant)
	if err != nil {
		return l, false, err
	}
	first, last := f.From.In(loc).Format(time.DateOnly), f.To.Add(-time.Second).In(loc).Format(time.DateOnly)
	l = mail.Letter{Subject: "The week of " + spelled(c.Name) + ", " + first + " to " + last,
		Lines: []string{"What the requests of the week came to, by the time in " + f.Zone + "."},
		Link:  s.at(m.Tenant, "/authorizations?from="+first+"&to="+last), Button: "Look at the requests"}
	l.Facts, err = s.weekFacts(ctx, m.Tenant, meter.Window{From: f.From, To: f.To})
	return l, err == nil, err
}

func (s *Service) weekFacts(ctx context.Context, t ident.Tenant, w meter.Window) (out []mail.Fact, err error) {
	agents, err := s.weekOf(ctx, t, w)
	if err != nil {
		return nil, err
	}
	var denied int64
	for _, a := range agents {
		denied += a.deny
		if a.paid+a.open == 0 {
			continue
		}
		handle, err := s.handle(ctx, t, a.agent)
		if err != nil {
			return nil, err
		}
		text := fmt.Sprintf("%s spent in %s", money.Of(a.spent, a.currency), counted(a.paid, "request"))
		if a.open > 0 {
			text += fmt.Sprintf(", %s reserved in %s", money.Of(a.reserved, a.currency), counted(a.open, "request"))
		}
		out = append(out, mail.Fact{Name: handle, Value: text})
	}
	if len(out) == 0 {
		out = append(out, mail.Fact{Name: "Spent", Value: "nothing"})
	}
	out = append(out, mail.Fact{Name: "Denied", Value: counted(denied, "request")})
	waits, err := s.Spend.WaitingSums(ctx, t)
	var parts []string
	for _, w := range waits {
		parts = append(parts, fmt.Sprintf("%s in %s", money.Of(w.Amount, w.Currency), counted(w.Count, "request")))
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	return append(out, mail.Fact{Name: "Waiting for a decision now", Value: strings.Join(parts, ", ")}), err
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
