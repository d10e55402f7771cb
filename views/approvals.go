package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// Inbox is a page of what waits for people.
type Inbox struct {
	Requests []Held
	// Before is where the page begins, Next where the next does; empty for none.
	Before, Next string
}

// Held is a request that was held, with everything that helps to decide it.
type Held struct {
	spend.Result
	Agent company.Agent
	// Earlier are the authorizations that were asked for before for the same and
	// still wait: a decision supersedes them. Newer is the approval that stands
	// for this one, empty when it is the newest itself.
	Earlier []uuid.UUID
	Newer   string
	Rules   []HoldingRule
	// Limits are the states of all limits of the currency, this request included.
	Limits     []policy.LimitState
	History    spend.MerchantHistory
	Precedents []spend.Precedent
	// LooksLike is a merchant that the company has paid and that this one is not.
	LooksLike string
	// People are members' addresses, Agents the agents' handles, by public ids.
	People, Agents map[string]string
	// Objection is why the person may not decide; empty when they may.
	Objection string
	// Frozen is why nobody may approve; empty when somebody may.
	Frozen string
	Form   Decision
}

// HoldingRule is a rule that holds a request, as it was written then.
type HoldingRule struct {
	spend.Progress
	Policy string // its name
	Rule   policy.Rule
	Found  bool // false where the version cannot be read any more
	// Now is the policy's version of today.
	Now int
}

// Decision is what was typed into a request's forms, and what came of it.
type Decision struct {
	Amount, Comment, Reason string
	Wrong                   Errors
	// Notice tells what happened instead of what was wanted.
	Notice string
}

// id names the request within the page.
func (h Held) id() string { return "request-" + h.Approval.PublicID() }

// version changes with what an approver has to look at again.
func (h Held) version() string {
	return fmt.Sprintf("%s.%d.%d.%s.%t", h.Approval.Digest, len(h.Approval.Votes), len(h.Earlier), h.Approval.Status, h.Frozen != "")
}

// offer is the amount that the button approves.
func (h Held) offer() money.Amount { return h.Authorization.Money(h.Approval.Offer(h.Authorization)) }

// waits says whether the request is still to be decided.
func (h Held) waits() bool { return h.Approval.Status == "pending" }

// missing is how many more people have to approve, by the rule that wants most.
func (h Held) missing() (most int) {
	for _, r := range h.Rules {
		most = max(most, r.Missing())
	}
	return most
}

// person is a member's address, or their id where it is not known any more.
func (h Held) person(member uuid.UUID) string {
	id := ident.Format(ident.Member, member)
	if address := h.People[id]; address != "" {
		return address
	}
	return id
}

// asker is who asked, where that was a member and not the agent's key.
func (h Held) asker() string { return h.People[h.Authorization.RequestedBy] }

// BudgetChange is what a limit leaves before and after a request is approved.
// Amounts are minor units, and may be negative.
type BudgetChange struct {
	policy.LimitState
	Before, After int64
}

// budgets works out what each limit would leave. The request and its earlier
// ones hold their amounts back while they wait, in the window they came in.
func (h Held) budgets() (out []BudgetChange) {
	for _, l := range h.Limits {
		a := h.Authorization
		if !within(l.Window, a.CreatedAt) {
			continue
		}
		c := BudgetChange{LimitState: l, Before: l.Remaining, After: l.Remaining}
		if a.Status == spend.Held {
			freed := int64(0)
			for _, id := range h.Earlier {
				if within(l.Window, made(id)) {
					freed += a.Requested
				}
			}
			c.Before += a.Amount + freed
			c.After = c.Before - h.Approval.Offer(a)
			c.Reserved += l.Remaining - c.After
		}
		out = append(out, c)
	}
	return out
}

func within(w meter.Window, at time.Time) bool {
	return !at.Before(w.From) && (w.To.IsZero() || at.Before(w.To))
}

// made is when a thing was made, by its id.
func made(id uuid.UUID) time.Time {
	seconds, nanos := id.Time().UnixTime()
	return time.Unix(seconds, nanos)
}

// WindowName names the window of a limit, such as November or Total.
func WindowName(f Frame, l policy.LimitState) string {
	zone, err := meter.LoadZone(l.Zone)
	if err != nil {
		zone = f.Zone()
	}
	from := l.Window.From.In(zone)
	switch l.Period {
	case meter.Day:
		return from.Format("2 January")
	case meter.Week:
		return "Week from " + from.Format("2 January")
	case meter.Month:
		return from.Format("January")
	case meter.Quarter:
		return fmt.Sprintf("Quarter %d of %d", (int(from.Month())+2)/3, from.Year())
	case meter.Year:
		return from.Format("2006")
	}
	return "In total"
}

// TimeLeft is how long it is until then, in words that fit on a badge.
func TimeLeft(now, until time.Time) string {
	left := until.Sub(now)
	switch {
	case left <= 0:
		return "Time is over"
	case left < time.Minute:
		return "Less than a minute left"
	case left < time.Hour:
		return fmt.Sprintf("%d min left", int(left.Minutes()))
	case left < 48*time.Hour:
		return fmt.Sprintf("%d h %d min left", int(left.Hours()), int(left.Minutes())%60)
	}
	return fmt.Sprintf("%d days left", int(left.Hours())/24)
}

// soon says whether little time is left.
func soon(now, until time.Time) bool { return until.Sub(now) < time.Hour }

// EndedName is how an approval ended, as pages write it.
func EndedName(status string) string {
	if status == "" {
		return ""
	}
	if status == "pending" {
		return "Waiting"
	}
	return strings.ToUpper(status[:1]) + status[1:]
}

// EndedTone is the tone of how an approval ended.
func EndedTone(status string) Tone {
	switch status {
	case "approved":
		return Good
	case "denied":
		return Bad
	case "pending":
		return Attention
	}
	return Plain
}

// lines are a text's lines, so that none of its breaks passes for a character
// that hides.
func lines(text string) []string { return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") }

// people is a number of them.
func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return Count(n) + " people"
}

// handle is an agent's, or its id where it is not known.
func (h Held) handle(agent uuid.UUID) string {
	id := ident.Format(ident.Agent, agent)
	if handle := h.Agents[id]; handle != "" {
		return handle
	}
	return id
}
