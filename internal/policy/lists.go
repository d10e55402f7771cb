package policy

import (
	"strings"

	"github.com/getpurser/purser/internal/fault"
)

// compileList makes the check of a list rule.
func compileList(r *Rule) (check, error) {
	switch r.Type {
	case MerchantList:
		k := merchantList{Rule: r, exact: map[string]bool{}}
		for _, v := range r.Values {
			if p := compilePattern(v); len(p) == 1 {
				k.exact[strings.TrimSpace(p[0])] = true
			} else {
				k.patterns = append(k.patterns, p)
			}
		}
		return k, nil
	case MCCList:
		k := mccList{Rule: r}
		for _, v := range r.Values {
			m, _ := parseMCC(v)
			k.ranges = append(k.ranges, m)
		}
		return k, nil
	case CurrencyList, CountryList, RailList:
		return newWordList(r), nil
	}
	return nil, fault.New(fault.Internal, "unknown_rule", "There is no rule of type %q.", r.Type)
}

// listed turns "is it on the list" into a verdict. An absent value is on none.
func (r *Rule) listed(on bool) verdict {
	switch {
	case r.Mode == Block && on:
		return verdict{outcome: StepDeny, code: string(r.Type) + "_blocked"}
	case r.Mode == Allow && !on:
		return verdict{outcome: StepDeny, code: string(r.Type) + "_not_allowed"}
	}
	return passes
}

// merchantList matches a whole name or a whole domain.
type merchantList struct {
	*Rule
	exact    map[string]bool
	patterns []pattern
}

func (k merchantList) check(e *evaluation, s *Step) verdict {
	name, domain := e.merchant()
	s.Value = e.r.Merchant.Name
	return k.listed(k.has(name) || domain != "" && k.has(domain))
}

func (k merchantList) has(text string) bool {
	if k.exact[text] {
		return true
	}
	for _, p := range k.patterns {
		if p.matches(text) {
			return true
		}
	}
	return false
}

// mccList matches a merchant category code.
type mccList struct {
	*Rule
	ranges []mccRange
}

func (k mccList) check(e *evaluation, s *Step) verdict {
	s.Value = e.r.Merchant.MCC
	code, ok := fourDigits(e.r.Merchant.MCC)
	on := false
	for _, r := range k.ranges {
		on = on || ok && r.low <= code && code <= r.high
	}
	return k.listed(on)
}

// wordList matches a currency, country or rail.
type wordList struct {
	*Rule
	words map[string]bool // lower case
}

func newWordList(r *Rule) wordList {
	k := wordList{Rule: r, words: map[string]bool{}}
	for _, v := range r.Values {
		k.words[strings.ToLower(v)] = true
	}
	return k
}

func (k wordList) check(e *evaluation, s *Step) verdict {
	switch k.Type {
	case CurrencyList:
		s.Value = string(e.r.Amount.Currency)
	case CountryList:
		s.Value = e.r.Merchant.Country
	default:
		s.Value = e.r.Rail
	}
	return k.listed(k.words[strings.ToLower(s.Value)])
}
