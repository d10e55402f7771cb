package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// FrozenReason is a freeze's reason code in words.
func FrozenReason(code, handle string) string {
	switch code {
	case CodeCompanyFrozen:
		return "The company is frozen: nothing new may be spent"
	case CodeAgentFrozen:
		return handle + " is frozen: it may not spend anything new"
	}
	return handle + " may not spend (" + code + ")"
}

// reason puts the strictest finding in plain words, with its numbers.
func (e *evaluation) reason(f finding) string {
	s := &e.trace[f.step]
	asked, allowed := e.r.Amount.String(), e.money(s.Limit).String()
	switch f.code {
	case CodeCurrencyNotCovered:
		return fmt.Sprintf("%s has no %s in %s, so nothing may be spent in it", quoted(f.policy.Name), ruleName(s.Rule), e.r.Amount.Currency.Upper())
	case CodeTransactionLimit:
		return fmt.Sprintf("%s is more than the %s that one transaction may be", asked, allowed)
	case CodeLimitExceeded:
		return e.limitReason(f.rule.check.(*limit), s, f.allowed)
	case CodeVelocityExceeded:
		return fmt.Sprintf("%s already made %d of %d requests in the last %s, the next fits at %s", e.r.Handle, s.Used, s.Limit,
			spoken(f.rule.Window), f.retry.UTC().Format(time.RFC3339))
	case CodeOutsideHours:
		return e.hoursReason(f)
	case CodeExpressionError:
		return fmt.Sprintf("The condition of rule %d in %s failed on this request, and what cannot be judged is denied", s.Index+1, quoted(f.policy.Name))
	case CodeExpressionDenied:
		return fmt.Sprintf("A condition of %s matches: %s", quoted(f.policy.Name), f.rule.When)
	case CodeDuplicate:
		return fmt.Sprintf("The same %s to %s was asked for less than %s ago", asked, e.r.Merchant.Name, spoken(f.rule.Window)) + needs(f)
	case CodeNewMerchant:
		return e.r.Merchant.Name + " was never paid before" + needs(f)
	case CodeApprovalRequired:
		if s.Rule == Expression {
			return fmt.Sprintf("A condition of %s matches: %s", quoted(f.policy.Name), f.rule.When) + needs(f)
		}
		return fmt.Sprintf("%s is above %s", asked, allowed) + needs(f)
	}
	return listReason(s, quoted(f.policy.Name))
}

// needs ends the sentence of a rule that asks for approval.
func needs(f finding) string {
	if f.outcome != StepHold {
		return ""
	}
	if n := max(1, f.rule.Approvals); n > 1 {
		return ", so " + strconv.Itoa(n) + " people must approve it"
	}
	return ", so one person must approve it"
}

func quoted(name string) string { return "“" + name + "”" }

func ruleName(t Type) string { return strings.ReplaceAll(string(t), "_", " ") }

func listReason(s *Step, policy string) string {
	value := s.Value
	if value == "" {
		return fmt.Sprintf("The request names no %s, and %s allows only listed ones", listNoun(s.Rule), policy)
	}
	if s.Mode == Block {
		return fmt.Sprintf("%s blocks the %s %s", policy, listNoun(s.Rule), value)
	}
	return fmt.Sprintf("The %s %s is not among those that %s allows", listNoun(s.Rule), value, policy)
}

func listNoun(t Type) string {
	if t == MCCList {
		return "merchant category"
	}
	return string(t)
}

func (e *evaluation) hoursReason(f finding) string {
	k := f.rule.check.(*hours)
	text := fmt.Sprintf("It is %s in %s, outside %s to %s", e.r.At.In(k.loc).Format("Monday 15:04"), k.zone, formatClock(k.From), formatClock(k.To))
	if f.retry.IsZero() {
		return text
	}
	return text + ", open again on " + f.retry.In(k.loc).Format("Monday, 2 January at 15:04")
}

// limitReason is like "March's limit for procurement-bot is 5,000.00 USD,
// 4,812.10 is spent and 150.00 reserved, so at most 37.90 fits until 1 April
// 00:00 Europe/Berlin".
func (e *evaluation) limitReason(k *limit, s *Step, allowed int64) string {
	whose := " for " + e.r.Handle
	if k.Per == PerCompany {
		whose = " that all share"
	}
	text := fmt.Sprintf("%s%s is %s, %s is spent and %s reserved, so ", windowName(k.Period, s.Window, k.loc), whose,
		k.Amount, bare(e.money(s.Spent)), bare(e.money(s.Used-s.Spent)))
	if allowed > 0 {
		text += "at most " + bare(e.money(allowed)) + " fits"
	} else {
		text += "nothing fits"
	}
	if s.Window.To.IsZero() {
		return text
	}
	return text + " until " + s.Window.To.In(k.loc).Format("2 January 15:04") + " " + k.scope.Zone
}

// bare is an amount without its currency.
func bare(a money.Amount) string { return strings.TrimSuffix(a.String(), " "+a.Currency.Upper()) }

func windowName(p meter.Period, w meter.Window, loc *time.Location) string {
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

// spoken is a window in words: "10 minutes".
func spoken(d time.Duration) string {
	text := FormatWindow(d)
	n, unit := text[:len(text)-1], text[len(text)-1]
	word := map[byte]string{'s': "second", 'm': "minute", 'h': "hour", 'd': "day"}[unit]
	if n == "1" {
		return word
	}
	return n + " " + word + "s"
}
