package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Who is the people that a rule asks: "one owner, admin or approver".
func (w Words) Who(r Rule) string {
	n := max(1, r.Approvals)
	roles, people := w.approvers(r.Approvers)
	switch {
	case len(people) == 0:
		names := make([]string, len(roles))
		for i, role := range roles {
			if names[i] = role; n > 1 {
				names[i] += "s"
			}
		}
		return number(n) + " " + Listed(names, "or")
	case len(roles) == 0 && n >= len(people):
		return Listed(people, "and")
	}
	for i, role := range roles {
		roles[i] = "any " + role
	}
	return number(n) + " of " + Listed(append(roles, people...), "and")
}

// mayApprove are the roles that decide approvals, the mightiest first.
var mayApprove = []string{"owner", "admin", "approver"}

// approvers sorts what a rule names into roles and people. Naming nobody means
// everybody who decides approvals.
func (w Words) approvers(named []string) (roles, people []string) {
	if len(named) == 0 {
		return slices.Clone(mayApprove), nil
	}
	for _, a := range named {
		if role, is := strings.CutPrefix(a, "role:"); is {
			roles = append(roles, role)
		} else if address, known := w.People[a]; known {
			people = append(people, address)
		} else {
			people = append(people, a)
		}
	}
	// It is a set: the order in which it was written says nothing.
	slices.SortFunc(roles, func(a, b string) int { return cmp.Compare(slices.Index(mayApprove, a), slices.Index(mayApprove, b)) })
	slices.Sort(people)
	return roles, people
}

var numbers = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

func number(n int) string {
	if n < len(numbers) {
		return numbers[n]
	}
	return strconv.Itoa(n)
}

// Span is a stretch of time in the largest unit that is exact: "hour", "10
// minutes".
func Span(d time.Duration) string {
	units := []struct {
		long time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	for _, u := range units {
		if d >= u.long && d%u.long == 0 {
			if d == u.long {
				return "1 " + u.name
			}
			return Count(int(d/u.long)) + " " + u.name + "s"
		}
	}
	return d.String()
}

func (w Words) hours(r Rule) string {
	times := fmt.Sprintf("from %s to %s", Clock(r.From), Clock(r.To))
	switch {
	case r.From == 0 && r.To == 24*60:
		times = "all day"
	case r.To <= r.From:
		times += " on the next day"
	}
	return fmt.Sprintf("Allows requests only %s, %s%s; at other times they are denied.", weekdays(r.Days), times, w.zone(r.Zone))
}

// Clock is a time of day in minutes as people write it; the day ends at 24:00.
func Clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// weekdays names days in the order of the week; three or more in a row are a
// range.
func weekdays(days []time.Weekday) string {
	if len(days) == 0 || len(days) == 7 {
		return "every day"
	}
	var places []int
	for _, d := range days {
		places = append(places, (int(d)+6)%7)
	}
	slices.Sort(places)
	name := func(place int) string { return time.Weekday((place + 1) % 7).String() }
	var parts []string
	for i := 0; i < len(places); {
		end := i
		for end+1 < len(places) && places[end+1] == places[end]+1 {
			end++
		}
		if end-i >= 2 {
			parts = append(parts, name(places[i])+" to "+name(places[end]))
			i = end + 1
			continue
		}
		parts = append(parts, name(places[i]))
		i++
	}
	if len(parts) == 1 && len(days) > 1 {
		return parts[0]
	}
	return "on " + Listed(parts, "and")
}

// list is the sentence of a rule that allows or blocks.
func (w Words) list(r Rule) string {
	written := r.Values
	if r.Type == RailList {
		written = slices.Clone(written)
		slices.SortFunc(written, func(a, b string) int {
			return cmp.Compare(slices.Index(Rails(), a), slices.Index(Rails(), b))
		})
	}
	values := make([]string, 0, len(written))
	for _, v := range written {
		values = append(values, valueWords(r.Type, v))
	}
	if w.Most > 0 && len(values) > w.Most {
		rest := len(values) - w.Most
		values = append(values[:w.Most:w.Most], Count(rest)+" more")
	}
	block, and, or := r.Mode == Block, Listed(values, "and"), Listed(values, "or")
	switch r.Type {
	case MerchantList:
		stars := ""
		if slices.ContainsFunc(r.Values, func(v string) bool { return strings.Contains(v, "*") }) {
			stars = " (* stands for any characters)"
		}
		if block {
			return fmt.Sprintf("Denies merchants whose whole name or domain is %s%s.", or, stars)
		}
		return fmt.Sprintf("Allows only merchants whose whole name or domain is %s%s; others are denied.", or, stars)
	case MCCList:
		noun := "merchant categories "
		if len(r.Values) == 1 && !strings.Contains(r.Values[0], "-") {
			noun = "merchant category "
		}
		return allowed(block, noun+and, "others, and requests that name none, are denied")
	case CurrencyList:
		return allowed(block, "payments in "+or, "other currencies are denied")
	case CountryList:
		return allowed(block, "merchants in "+or, "others, and requests that name no country, are denied")
	case RailList:
		return allowed(block, "payments over "+or, "other ways are denied")
	}
	return "Does something that this page has no words for (" + string(r.Type) + ")."
}

func allowed(block bool, what, rest string) string {
	if block {
		return "Denies " + what + "."
	}
	return "Allows only " + what + "; " + rest + "."
}

// valueWords is one value of a list as a sentence writes it.
func valueWords(t Type, v string) string {
	v = strings.TrimSpace(v)
	switch t {
	case MerchantList:
		return "“" + Visible(v) + "”"
	case MCCList:
		return strings.Replace(v, "-", " to ", 1)
	case CurrencyList:
		return strings.ToUpper(v)
	case CountryList:
		return CountryName(v) + " (" + strings.ToUpper(v) + ")"
	}
	return RailName(v)
}

// RailName is a rail as pages write it.
func RailName(rail string) string {
	switch rail {
	case "api":
		return "the API"
	case "card":
		return "cards"
	case "iban":
		return "bank transfers"
	case "invoice":
		return "invoices"
	case "crypto":
		return "crypto"
	}
	return rail
}

// CountryName is the English name of a country by its code of ISO 3166-1; the
// code where there is none.
func CountryName(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return strings.ToUpper(code)
	}
	if name := display.English.Regions().Name(region); name != "" {
		return name
	}
	return strings.ToUpper(code)
}
