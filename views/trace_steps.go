package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

// Sentence says what one rule saw and said, with its figures.
func (e Explainer) Sentence(s TraceStep) string {
	asked := e.Of.Money(e.Of.Requested).String()
	if s.Code == policy.CodeCurrencyNotCovered {
		return fmt.Sprintf("Its %ss speak of no %s, so nothing may be spent in it.", strings.ReplaceAll(string(s.Rule), "_", " "), e.Of.Currency.Upper())
	}
	passed := s.Outcome == policy.Pass
	switch s.Rule {
	case policy.TransactionLimit:
		if passed {
			return fmt.Sprintf("%s is within the %s that one payment may be.", asked, e.amount(s.Limit))
		}
		return fmt.Sprintf("%s is more than the %s that one payment may be.", asked, e.amount(s.Limit))
	case policy.ApprovalThreshold:
		if passed {
			return fmt.Sprintf("%s is not above %s, so nobody has to approve it.", asked, e.amount(s.Limit))
		}
		return fmt.Sprintf("%s is above %s%s.", asked, e.amount(s.Limit), e.needs(s))
	case policy.Limit:
		return e.limitSentence(s)
	case policy.Velocity:
		return e.velocitySentence(s)
	case policy.NewMerchant:
		if passed {
			return fmt.Sprintf("The company had paid %s before.", visible(s.Value))
		}
		return fmt.Sprintf("The company had never paid %s%s.", visible(s.Value), e.needs(s))
	case policy.Duplicate:
		if passed {
			return fmt.Sprintf("Nobody asked for the same in the %s before.", windowLength(s.Window))
		}
		return fmt.Sprintf("The same %s to the same merchant was asked for less than %s before%s.", asked, windowLength(s.Window), e.needs(s))
	case policy.Hours:
		return e.hoursSentence(s)
	case policy.Expression:
		return e.expressionSentence(s)
	}
	return listSentence(s)
}

// needs ends the sentence of a rule that asks for people.
func (e Explainer) needs(s TraceStep) string {
	if s.Outcome != policy.StepHold {
		return ""
	}
	rule, ok := e.rule(s)
	if !ok {
		return ", so it must be approved"
	}
	return ", so " + e.Words.Who(rule) + " must approve it"
}

func (e Explainer) limitSentence(s TraceStep) string {
	whose := " for " + e.Handle
	if s.Per == policy.PerCompany {
		whose = " that all covered agents share"
	}
	text := limitName(s) + whose + " is " + e.amount(s.Limit) + ", " + e.bare(s.Used)
	if s.Outcome == policy.Pass {
		return text + " was spent or reserved before, and " + e.bare(s.Remaining) + " is left after this."
	}
	text += " is spent or reserved, so "
	if e.minor(s.Remaining) <= 0 {
		text += "nothing fits"
	} else {
		text += "at most " + e.bare(s.Remaining) + " fits"
	}
	if s.Window != nil && s.Window.To != nil {
		text += " until " + localMoment(*s.Window.To, s.zone(), s.Window.Zone)
	}
	return text + "."
}

// zone is the one in which the step's window begins and ends.
func (s TraceStep) zone() *time.Location {
	if s.Window != nil {
		if loc, err := meter.LoadZone(s.Window.Zone); err == nil {
			return loc
		}
	}
	return time.UTC
}

// limitName is whose turn a limit's window is: "March's limit".
func limitName(s TraceStep) string {
	if s.Window == nil || s.Window.From == nil || s.Window.To == nil {
		return "The total limit"
	}
	return WindowLimit(s.Period, meter.Window{From: *s.Window.From, To: *s.Window.To}, s.zone())
}

// WindowLimit names the limit of one window: "March's limit", "The limit of
// 2 March".
func WindowLimit(p meter.Period, w meter.Window, loc *time.Location) string {
	from := w.From.In(loc)
	switch p {
	case meter.Day:
		return "The limit of " + from.Format("2 January")
	case meter.Week:
		return "The limit of the week from " + from.Format("2 January")
	case meter.Month:
		return from.Format("January") + "'s limit"
	case meter.Quarter:
		return "The limit from " + from.Format("January") + " to " + w.To.In(loc).AddDate(0, 0, -1).Format("January")
	case meter.Year:
		return from.Format("2006") + "'s limit"
	}
	return "The total limit"
}

func windowLength(w *TraceWindow) string {
	if w == nil || w.From == nil || w.To == nil {
		return "time"
	}
	return policy.Span(w.To.Sub(*w.From))
}

func (e Explainer) velocitySentence(s TraceStep) string {
	text := fmt.Sprintf("%s had made %s of %s requests in the %s before", e.Handle, s.Used, s.Limit, windowLength(s.Window))
	if s.Outcome == policy.Pass {
		return text + fmt.Sprintf(", so %s more fit after this one.", s.Remaining)
	}
	return text + ", so this one did not fit."
}

func (e Explainer) hoursSentence(s TraceStep) string {
	loc, zone := e.Frame.Zone(), s.Zone
	if zone == "" {
		zone = e.Frame.Company.TimeZone
	}
	if named, err := meter.LoadZone(zone); err == nil {
		loc = named
	}
	text := fmt.Sprintf("It was %s %s", e.Of.CreatedAt.In(loc).Format("Monday 15:04"), ZoneName(zone))
	if s.Outcome == policy.Pass {
		return text + ", within the hours."
	}
	return text + ", outside the hours."
}

func (e Explainer) expressionSentence(s TraceStep) string {
	when := "Its condition"
	if rule, ok := e.rule(s); ok {
		when = "The condition “" + visible(strings.Join(strings.Fields(rule.When), " ")) + "”"
	}
	switch {
	case s.Outcome == policy.Pass:
		return when + " is not true of this request."
	case s.Code == policy.CodeExpressionError:
		return when + " failed on this request, and what cannot be judged is denied."
	}
	return when + " is true of this request" + e.needs(s) + "."
}

// listSentence is that of a rule that allows or blocks.
func listSentence(s TraceStep) string {
	noun := map[policy.Type]string{policy.MerchantList: "merchant", policy.MCCList: "merchant category", policy.CurrencyList: "currency",
		policy.CountryList: "country", policy.RailList: "rail"}[s.Rule]
	if noun == "" {
		return "This page has no words for this rule (" + string(s.Rule) + ")."
	}
	if s.Value == "" {
		if s.Outcome == policy.Pass {
			return "The request names no " + noun + ", and none is blocked."
		}
		return "The request names no " + noun + ", and only listed ones are allowed."
	}
	value := "The " + noun + " " + visible(s.Value)
	switch {
	case s.Outcome == policy.Pass && s.Mode == policy.Block:
		return value + " is not blocked."
	case s.Outcome == policy.Pass:
		return value + " is among those that are allowed."
	case s.Mode == policy.Block:
		return value + " is blocked."
	}
	return value + " is not among those that are allowed."
}

// StepName is what a step said, in a word.
func StepName(o policy.StepOutcome) string {
	switch o {
	case policy.StepDeny:
		return "Denies"
	case policy.StepHold:
		return "Asks people"
	}
	return "Passes"
}

// StepTone is the tone of what a step said.
func StepTone(o policy.StepOutcome) Tone {
	switch o {
	case policy.StepDeny:
		return Bad
	case policy.StepHold:
		return Attention
	}
	return Good
}
