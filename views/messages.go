package views

import (
	"strconv"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/messages"
)

// MessagesPage is what a member is told, who stands in, and how delivery goes.
type MessagesPage struct {
	Choices []messages.Choice
	// Mine is nil for who is not away, now or later.
	Mine *messages.StandIn
	// Others are away, now or later.
	Others []messages.StandIn
	// Able are who could stand in; People are all, by their public ids.
	Able   []company.Member
	People map[string]string
	// From, Until and For are what was typed.
	From, Until, For string
	// Slack and State are for who manages the company; Slack may be nil.
	Slack *messages.SlackHook
	State messages.State
	Wrong Errors
}

// kindWords are a kind's name and what it tells.
func kindWords(k messages.Kind) (name, text string) {
	switch k {
	case messages.Hold:
		return "Requests to decide", "As soon as one waits that you may decide."
	case messages.Reminder:
		return "Reminders", "An hour before a request's time is over, or when a quarter of it is left, and nobody has decided."
	case messages.Escalation:
		return "Escalations", "When half of a request's time is over and nobody has decided."
	case messages.Decision:
		return "Decisions", "How a request ended that you were asked about, unless you decided it."
	case messages.Limit:
		return "Limits", "When 80 % and 100 % of a limit are used, once in each of its windows."
	case messages.Key:
		return "API keys", "When one is made, replaced or revoked."
	case messages.Weekly:
		return "The week", "What every agent spent, on Monday at 8:00."
	}
	return string(k), ""
}

func (p MessagesPage) options() []Option {
	out := []Option{{"", "Choose somebody"}}
	for _, m := range p.Able {
		out = append(out, Option{ident.Format(ident.Member, m.ID), m.Email})
	}
	return out
}

func (p MessagesPage) name(s messages.StandIn) (who, standIn string) {
	named := func(id string) string {
		if p.People[id] == "" {
			return id
		}
		return p.People[id]
	}
	return named(ident.Format(ident.Member, s.Member)), named(ident.Format(ident.Member, s.For))
}

func deliveryLine(u messages.Undelivered) string {
	name, _ := kindWords(u.Kind)
	how := "By mail"
	if u.Channel != "mail" {
		how = "To the chat channel"
	}
	times := "attempts"
	if u.Attempts == 1 {
		times = "attempt"
	}
	line := how + ", " + name + ": " + u.Why() + ", " + strconv.Itoa(u.Attempts) + " " + times
	if u.GivenUp {
		return line + ", given up"
	}
	return line
}
