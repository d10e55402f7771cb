package web

import (
	"slices"
	"strings"

	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// timeLine tells what happened to an authorization, oldest first. What and when
// is its own; who confirmed, voided or redeemed it stands in the audit log.
func (v *visit) timeLine(page *views.AuthorizationPage) ([]views.LineEntry, error) {
	a, who := page.Of, v.names(page.Explainer.Words)
	by := map[string]string{}
	mentions, err := v.web.audit.About(v.ctx(), v.tenant(), a.PublicID(), a.CreatedAt, a.DecidedAt, a.RedeemedAt, a.ClosedAt)
	if err != nil {
		return nil, err
	}
	for _, m := range mentions {
		if by[m.Type], err = who.of(m.Actor); err != nil {
			return nil, err
		}
	}
	asker, err := who.of(a.RequestedBy)
	if err != nil {
		return nil, err
	}
	line := []views.LineEntry{{At: a.CreatedAt, Text: "Asked for " + a.Money(a.Requested).String(), By: asker, Note: a.Purpose}, decidedAtOnce(page)}
	votes, err := votesOf(page, who)
	if err != nil {
		return nil, err
	}
	line = append(line, votes...)
	if !a.DecidedAt.IsZero() && a.Decision == policy.Approved {
		line = append(line, views.LineEntry{At: a.DecidedAt, Tone: views.Good, Text: "Approved for " + approvedFor(page)})
	}
	if !a.RedeemedAt.IsZero() {
		line = append(line, views.LineEntry{At: a.RedeemedAt, Tone: views.News, Text: "A processor redeemed the token", By: by["authorization.redeemed"]})
	}
	line = append(line, ended(a, by)...)
	slices.SortStableFunc(line, func(x, y views.LineEntry) int { return x.At.Compare(y.At) })
	for i := range line {
		if line[i].By == "Purser" {
			line[i].By = ""
		}
	}
	return line, nil
}

// decidedAtOnce is what the rules made of the request.
func decidedAtOnce(page *views.AuthorizationPage) views.LineEntry {
	a := page.Of
	entry := views.LineEntry{At: a.CreatedAt}
	switch {
	case page.Approval != nil:
		entry.Tone, entry.Text = views.Attention, "Held for approval"
		var why []string
		for _, g := range page.Groups {
			for _, s := range g.Steps {
				if s.Outcome == policy.StepHold && !s.Shadow {
					why = append(why, page.Explainer.Sentence(s))
				}
			}
		}
		if len(why) > 0 {
			entry.Text += ": " + strings.Join(why, " ")
		}
	case a.Decision == policy.Denied:
		entry.Tone, entry.Text = views.Bad, page.Explainer.Headline()
	default:
		entry.Tone, entry.Text = views.Good, "Approved at once"
	}
	return entry
}

// votesOf are what people said.
func votesOf(page *views.AuthorizationPage, who names) (out []views.LineEntry, err error) {
	if page.Approval == nil {
		return nil, nil
	}
	for _, vote := range page.Approval.Votes {
		entry := views.LineEntry{At: vote.At, Tone: views.Good, Text: "A person approved", Note: vote.Comment}
		if vote.Amount > 0 {
			entry.Text += " " + page.Of.Money(vote.Amount).String()
		}
		if vote.Verdict == spend.Against {
			entry.Tone, entry.Text = views.Bad, "A person denied it"
		}
		if entry.By, err = who.of(vote.By); err != nil {
			return nil, err
		}
		out = append(out, entry)
	}
	return out, nil
}

// approvedFor is the amount that people approved: the lowest that one of them
// said, else all that was asked for.
func approvedFor(page *views.AuthorizationPage) string {
	amount := page.Of.Requested
	if page.Approval != nil {
		for _, vote := range page.Approval.Votes {
			if vote.Verdict == spend.ForApproval && vote.Amount > 0 {
				amount = min(amount, vote.Amount)
			}
		}
	}
	return page.Of.Money(amount).String()
}

// ended is how the authorization ended, or when it will by itself.
func ended(a *spend.Authorization, by map[string]string) (out []views.LineEntry) {
	add := func(tone views.Tone, text, event, note string) {
		at := a.ClosedAt
		if at.IsZero() {
			at = a.CreatedAt
		}
		out = append(out, views.LineEntry{At: at, Tone: tone, Text: text, By: by[event], Note: note})
	}
	switch a.Status {
	case spend.Confirmed:
		add(views.Good, "Confirmed "+a.Money(a.Amount).String(), "authorization.confirmed", a.Reference)
		if a.Refunded != 0 {
			add(views.Plain, "Refunded "+a.Money(a.Refunded).String(), "", "")
		}
	case spend.Voided:
		add(views.Plain, "Voided, and its budget given back", "authorization.voided", a.VoidReason)
	case spend.Expired:
		add(views.Plain, "Expired, and its budget given back", "", "")
	}
	if a.Status.Open() && !a.ExpiresAt.IsZero() {
		out = append(out, views.LineEntry{At: a.ExpiresAt, Coming: true, Text: "Expires by itself if nothing happens before"})
	}
	return out
}
