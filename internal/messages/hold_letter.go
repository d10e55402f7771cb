package messages

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/spend"
)

// holdLetter asks for a decision, unless it is not needed any more or is not
// this member's to make.
func (s *Service) holdLetter(ctx context.Context, m message, to member) (l mail.Letter, due bool, err error) {
	r, found, err := s.request(ctx, m.Tenant, m.About)
	if err != nil || !found || !r.waits() {
		return l, false, err
	}
	may := mayDecide(to, r.Result)
	if m.Kind != Escalation && !may || m.Kind == Escalation && !access.RoleMay(to.Role, access.ScopeAdmin) {
		return l, false, nil
	}
	l = mail.Letter{Facts: r.facts(), Link: r.link, Button: "Look at the request"}
	what := r.amount + " to " + r.merchant
	switch m.Kind {
	case Reminder:
		l.Subject = roughly(r.Approval.ExpiresAt.Sub(r.now)) + " left: " + what
		l.Lines = []string{r.handle + " still waits for a decision. Without one the request ends, and nothing is spent."}
	case Escalation:
		l.Subject = "Nobody has decided: " + what
		l.Lines = []string{"Half of the time is over, and what " + r.handle + " asks for is not decided."}
		if !may {
			l.Lines = append(l.Lines, "The rule names other approvers, so you cannot decide it yourself.")
		}
	default:
		l.Subject = r.handle + " asks to spend " + what
		l.Lines = []string{r.handle + " asks to spend " + what + ", and waits for a decision."}
	}
	if m.Away != uuid.Nil {
		line, err := s.standingIn(ctx, m)
		if err != nil {
			return l, false, err
		}
		l.Lines = append(l.Lines, line)
	}
	l.Lines = append(l.Lines, "Opening the link decides nothing.")
	return l, true, nil
}

// waits reports whether the request is still to be decided.
func (r request) waits() bool {
	return r.Approval.Status == "pending" && r.Authorization.Status == spend.Held && r.now.Before(r.Approval.ExpiresAt)
}

func (s *Service) standingIn(ctx context.Context, m message) (string, error) {
	names, err := s.Access.ActorNames(ctx, m.Tenant, []string{ident.Format(ident.Member, m.Away)})
	for _, name := range names {
		return "You stand in for " + name + ", who is out of office.", err
	}
	return "You stand in for somebody who is out of office.", err
}

// decisionLetter tells how a request ended.
func (s *Service) decisionLetter(ctx context.Context, m message) (l mail.Letter, due bool, err error) {
	r, found, err := s.request(ctx, m.Tenant, m.About)
	if err != nil || !found || r.Approval.Status == "pending" {
		return l, false, err
	}
	a, what := r.Authorization, r.amount+" to "+r.merchant
	l = mail.Letter{Link: r.link, Button: "Look at the request", Facts: []mail.Fact{{Name: "Agent", Value: r.handle},
		{Name: "Asked for", Value: a.Money(a.Requested).String()}, {Name: "Merchant", Value: r.merchant}}}
	switch {
	case r.Approval.Status == "approved":
		l.Subject, l.Lines = "Approved: "+what, []string{what + " was approved. You need not do anything."}
	case r.Approval.Status == "denied":
		l.Subject, l.Lines = "Denied: "+what, []string{what + " was denied. You need not do anything."}
	case r.Approval.Status == "expired":
		l.Subject, l.Lines = "Ended undecided: "+what, []string{"Nobody decided in time, so " + r.handle + " may not spend " + what + "."}
	case a.VoidReason == "superseded":
		l.Subject, l.Lines = "Replaced: "+what, []string{r.handle + " asked for the same again, and that request was decided in this one's place."}
	default:
		l.Subject, l.Lines = "Withdrawn: "+what, []string{r.handle + " does not ask for it any more. You need not do anything."}
	}
	by, err := s.decidedBy(ctx, m.Tenant, r)
	l.Facts = append(l.Facts, by...)
	return l, err == nil, err
}

// decidedBy names who voted, and what they said.
func (s *Service) decidedBy(ctx context.Context, t ident.Tenant, r request) ([]mail.Fact, error) {
	var actors []string
	for _, v := range r.Approval.Votes {
		actors = append(actors, ident.Format(ident.Member, v.Member))
	}
	names, err := s.Access.ActorNames(ctx, t, actors)
	verbs := map[spend.Verdict]string{spend.ForApproval: "Approved by", spend.Against: "Denied by"}
	var out []mail.Fact
	for i, v := range r.Approval.Votes {
		who := names[actors[i]]
		if who == "" {
			who = actors[i]
		}
		if v.Comment != "" {
			who += ": " + spelled(v.Comment)
		}
		out = append(out, mail.Fact{Name: verbs[v.Verdict], Value: who})
	}
	return out, err
}
