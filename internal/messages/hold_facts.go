package messages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/lookalike"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// request is what people are told of a held request. Every text of others in it
// is spelled: what cannot be seen, or looks like something else, has its name.
type request struct {
	spend.Result
	company  string
	handle   string
	merchant string
	amount   string
	purpose  string
	rules    []string
	left     []string
	loc      *time.Location
	zone     string
	now      time.Time
	link     string
}

// request reads a request as it stands now; false when there is none.
func (s *Service) request(ctx context.Context, t ident.Tenant, approval string) (r request, found bool, err error) {
	id, ok := ident.Parse(ident.Approval, approval)
	if !ok {
		return r, false, nil
	}
	if r.Result, err = s.Spend.Approval(ctx, t, id); err != nil {
		if fault.Is(err, "not_found") {
			err = nil
		}
		return r, false, err
	}
	if r.now, err = db.New(s.Pool).DatabaseClock(ctx); err != nil {
		return r, false, err
	}
	a := r.Authorization
	r.amount, r.merchant, r.purpose = a.Money(a.Amount).String(), spelled(a.Merchant.Name), spelled(a.Purpose)
	if a.Merchant.Domain != "" {
		r.merchant += " (" + spelled(a.Merchant.Domain) + ")"
	}
	r.link = s.at(t, "/approvals/"+approval)
	for _, add := range []func(context.Context, ident.Tenant, *request) error{s.addNames, s.addRules, s.addBudget} {
		if err := add(ctx, t, &r); err != nil {
			return r, false, err
		}
	}
	return r, true, nil
}

const maxSpelled = 300

// spelled is a text of others for where there is no markup.
func spelled(text string) string {
	if runes := []rune(text); len(runes) > maxSpelled {
		text = string(runes[:maxSpelled]) + "…"
	}
	return lookalike.Spelled(text)
}

func (s *Service) addNames(ctx context.Context, t ident.Tenant, r *request) error {
	c, err := s.Companies.Get(ctx, t)
	if err != nil {
		return err
	}
	r.company, r.zone = spelled(c.Name), c.TimeZone
	if r.loc, err = meter.LoadZone(c.TimeZone); err != nil {
		return err
	}
	r.handle, err = s.handle(ctx, t, r.Authorization.Agent)
	return err
}

func (s *Service) handle(ctx context.Context, t ident.Tenant, agent uuid.UUID) (string, error) {
	agents, err := s.Companies.AgentsByID(ctx, t, []uuid.UUID{agent})
	if a, ok := agents[agent]; ok {
		return a.Handle, err
	}
	return ident.Format(ident.Agent, agent), err
}

// addRules names the rules that hold the request.
func (s *Service) addRules(ctx context.Context, t ident.Tenant, r *request) error {
	for _, p := range r.Approval.Progress() {
		name, err := s.policyName(ctx, t, p.Policy, p.Version)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s, version %d, rule %d", name, p.Version, p.Rule+1)
		if p.Approvals > 1 {
			line += fmt.Sprintf(" (%d of %d people have approved)", p.Approved, p.Approvals)
		}
		r.rules = append(r.rules, line)
	}
	return nil
}

// policyName is what a policy was called in a version.
func (s *Service) policyName(ctx context.Context, t ident.Tenant, id uuid.UUID, version int) (string, error) {
	then, err := s.Policies.Versions(ctx, t, id, version+1, 1)
	if err != nil || len(then) == 0 {
		return ident.Format(ident.Policy, id), err
	}
	return "“" + spelled(then[0].Name) + "”", nil
}

// addBudget tells what is left of the agent's limits, this request taken out.
func (s *Service) addBudget(ctx context.Context, t ident.Tenant, r *request) error {
	agent, currency := r.Authorization.Agent, r.Authorization.Currency
	all, err := s.Spend.Budgets(ctx, t, []uuid.UUID{agent})
	for _, h := range all[agent] {
		for _, l := range h.Limits {
			if h.Currency == currency {
				r.left = append(r.left, leftOf(l, currency))
			}
		}
	}
	return err
}

func leftOf(l policy.LimitState, c money.Currency) string {
	text := fmt.Sprintf("%s of %s %s", money.Of(l.Remaining, c), money.Of(l.Limit, c), periodNames[l.Period])
	if l.Per == policy.PerCompany {
		text += ", shared"
	}
	return text
}

var periodNames = map[meter.Period]string{meter.Day: "a day", meter.Week: "a week", meter.Month: "a month",
	meter.Quarter: "a quarter", meter.Year: "a year", meter.Total: "in total"}

// facts are the request's, by name.
func (r request) facts() []mail.Fact {
	out := []mail.Fact{{Name: "Agent", Value: r.handle}, {Name: "Amount", Value: r.amount}, {Name: "Merchant", Value: r.merchant}}
	if r.purpose != "" {
		out = append(out, mail.Fact{Name: "Purpose", Value: r.purpose})
	}
	out = append(out, mail.Fact{Name: "Held because", Value: spelled(r.Authorization.Reason)})
	if len(r.rules) > 0 {
		out = append(out, mail.Fact{Name: "Rule", Value: strings.Join(r.rules, "; ")})
	}
	if len(r.left) > 0 {
		out = append(out, mail.Fact{Name: "Budget left", Value: strings.Join(r.left, "; ")})
	}
	return append(out, mail.Fact{Name: "Time left", Value: r.timeLeft()}, mail.Fact{Name: "Company", Value: r.company})
}

func (r request) timeLeft() string {
	return roughly(r.Approval.ExpiresAt.Sub(r.now)) + ", until " + r.moment(r.Approval.ExpiresAt)
}

func (r request) moment(at time.Time) string {
	return at.In(r.loc).Format("2 January 2006, 15:04") + " (" + r.zone + ")"
}

// roughly is a time in the two largest units that it has.
func roughly(d time.Duration) string {
	switch d = max(d, 0); {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d seconds", int(d.Seconds()))
}
