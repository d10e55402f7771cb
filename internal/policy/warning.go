package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Warning is something in a policy that is allowed but looks like a mistake.
type Warning struct {
	Location string `json:"location"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

type warner struct {
	rules []Rule
	found []Warning
}

func (c *Content) warnings() []Warning {
	w := &warner{rules: c.Rules}
	for i := range c.Rules {
		switch r := &c.Rules[i]; r.Type {
		case ApprovalThreshold:
			w.threshold(i, r)
		case TransactionLimit:
			w.transaction(i, r)
		case Limit:
			w.limit(i, r)
		case Hours:
			w.hours(i, r)
		case CurrencyList:
			w.currencies(i, r)
		}
		w.disjoint(i)
	}
	w.uncovered()
	return w.found
}

func (w *warner) warn(i int, code, format string, args ...any) {
	w.found = append(w.found, Warning{Location: item("rules", i), Code: code, Message: fmt.Sprintf(format, args...)})
}

// others runs over the rules of a type and currency.
func (w *warner) others(t Type, c money.Currency, do func(j int, r *Rule)) {
	for j := range w.rules {
		if w.rules[j].Type == t && w.rules[j].Amount.Currency == c {
			do(j, &w.rules[j])
		}
	}
}

func (w *warner) threshold(i int, r *Rule) {
	for _, t := range []Type{TransactionLimit, Limit} {
		w.others(t, r.Amount.Currency, func(j int, o *Rule) {
			if o.Amount.Minor <= r.Amount.Minor {
				w.warn(i, "never_reached", "Approval is asked for above %s, but rule %d denies above %s already.", r.Amount, j+1, o.Amount)
			}
		})
	}
}

func (w *warner) transaction(i int, r *Rule) {
	if r.Amount.Minor == 0 {
		w.warn(i, "nothing_allowed", "A transaction limit of zero denies everything in %s.", r.Amount.Currency.Upper())
	}
	w.others(Limit, r.Amount.Currency, func(j int, o *Rule) {
		if o.Amount.Minor < r.Amount.Minor {
			w.warn(i, "never_reached", "One transaction may be %s, but rule %d allows only %s a %s.", r.Amount, j+1, o.Amount, o.Period)
		}
	})
}

// limit finds a longer period that allows less than a shorter one.
func (w *warner) limit(i int, r *Rule) {
	if r.Amount.Minor == 0 {
		w.warn(i, "nothing_allowed", "A limit of zero denies everything in %s.", r.Amount.Currency.Upper())
	}
	length := func(p meter.Period) int {
		periods := meter.Periods()
		return slices.Index(periods[:], p)
	}
	w.others(Limit, r.Amount.Currency, func(j int, o *Rule) {
		if o.Per == r.Per && length(o.Period) > length(r.Period) && o.Amount.Minor < r.Amount.Minor {
			w.warn(i, "never_reached", "%s a %s can never be spent: rule %d allows only %s a %s.", r.Amount, r.Period, j+1, o.Amount, o.Period)
		}
	})
}

// hours finds two rules of one time zone that are never open together.
func (w *warner) hours(i int, r *Rule) {
	for j := range i {
		o := &w.rules[j]
		if o.Type == Hours && o.Zone == r.Zone && !r.meets(o) {
			w.warn(i, "nothing_allowed", "At no time are the hours of this rule and of rule %d both open.", j+1)
		}
	}
}

// meets reports whether two rules of hours share a minute of the week. If they
// do, then one that either of them opens with.
func (r *Rule) meets(o *Rule) bool {
	week := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) // any week
	a, b := &hours{Rule: r, loc: time.UTC}, &hours{Rule: o, loc: time.UTC}
	for day := range 7 {
		for _, minute := range []int{r.From, o.From} {
			if at := week.Add(time.Duration(day)*24*time.Hour + time.Duration(minute)*time.Minute); a.open(at) && b.open(at) {
				return true
			}
		}
	}
	return false
}

// currencies compares an amount rule's currency with the currencies allowed.
func (w *warner) currencies(i int, r *Rule) {
	for j := range w.rules {
		c := w.rules[j].Amount.Currency
		listed := slices.ContainsFunc(r.Values, func(v string) bool { return strings.EqualFold(v, string(c)) })
		if c != "" && listed != (r.Mode == Allow) {
			w.warn(j, "currency_not_allowed", "Rule %d does not allow %s, so this rule never applies.", i+1, c.Upper())
		}
	}
}

// disjoint finds two allow lists of plain values that have nothing in common.
func (w *warner) disjoint(i int) {
	a := &w.rules[i]
	for j := range i {
		b := &w.rules[j]
		if a.Type == b.Type && a.Mode == Allow && b.Mode == Allow && a.plain() && b.plain() && !meet(a.Values, b.Values) {
			w.warn(i, "nothing_allowed", "No %s is allowed by this rule and by rule %d.", listNoun(a.Type), j+1)
		}
	}
	for j := range w.rules {
		b := &w.rules[j]
		if a.Type == b.Type && a.Mode == Allow && b.Mode == Block && a.covered(b) {
			w.warn(i, "nothing_allowed", "Rule %d blocks everything that this rule allows.", j+1)
		}
	}
}

// plain reports whether no value stands for more than itself.
func (r *Rule) plain() bool {
	return !slices.ContainsFunc(r.Values, func(v string) bool {
		return r.Type == MerchantList && strings.Contains(v, "*") || r.Type == MCCList && strings.Contains(v, "-")
	})
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(v string) bool { return has(b, v) })
}

// covered reports whether every value of a list is on the other one.
func (r *Rule) covered(by *Rule) bool {
	return !slices.ContainsFunc(r.Values, func(v string) bool {
		return !has(by.Values, v) && !slices.ContainsFunc(by.Values, func(wide string) bool { return r.within(v, wide) })
	})
}

// within reports whether a value lies in a range of categories or matches a
// pattern of merchants.
func (r *Rule) within(v, wide string) bool {
	switch r.Type {
	case MCCList:
		a, _ := parseMCC(v)
		b, _ := parseMCC(wide)
		return b.low <= a.low && a.high <= b.high
	case MerchantList:
		return !strings.Contains(v, "*") && compilePattern(wide).matches(Normal(v))
	}
	return false
}

func has(list []string, v string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return Normal(x) == Normal(v) })
}

// uncovered finds currencies that one type of amount rule speaks of and another
// does not: requests in them are denied.
func (w *warner) uncovered() {
	var p compiled
	for i := range w.rules {
		if c := w.rules[i].Amount.Currency; c != "" {
			p.speaksOf(w.rules[i].Type, i, c)
		}
	}
	for i := range w.rules {
		for _, a := range p.amounts {
			if c := w.rules[i].Amount.Currency; c != "" && !a.covers(c) {
				w.warn(i, "currency_not_covered", "No %s speaks of %s, so everything in it is denied.", ruleName(a.of), c.Upper())
			}
		}
	}
}
