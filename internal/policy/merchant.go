package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Merchant is whom a request would pay, as the request says it. Absent parts
// are empty.
type Merchant struct {
	Name, MCC, Country, Domain string
}

// Key is what "the same merchant" means to new_merchant and duplicate: the
// normalised domain, else the normalised name.
func (m Merchant) Key() string {
	if d := NormalDomain(m.Domain); d != "" {
		return d
	}
	return Normal(m.Name)
}

// Normal is text as names are compared: Unicode NFKC, case folded, without
// invisible characters (together NFKC_Casefold) and without outer space.
func Normal(s string) string { return strings.TrimSpace(fold(s)) }

// NormalDomain is Normal without the root's dot.
func NormalDomain(s string) string { return strings.TrimSuffix(Normal(s), ".") }

func fold(s string) string {
	if plain(s) {
		return strings.ToLower(s)
	}
	s = cases.Fold().String(norm.NFKC.String(strings.Map(visible, s)))
	return norm.NFKC.String(s)
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// visible drops what Unicode calls default ignorable.
func visible(r rune) rune {
	if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}

// pattern is a value of a merchant list, cut at its stars: the first part is
// where a text must start, the last where it must end.
type pattern []string

// compilePattern folds the parts one by one, so that a character which NFKC
// turns into a star, such as U+FF0A, stays a character.
func compilePattern(value string) pattern {
	parts := strings.Split(strings.TrimSpace(value), "*")
	for i := range parts {
		parts[i] = fold(parts[i])
	}
	return parts
}

// matches reports whether the whole text fits; a star stands for any run of
// characters, also none. The time is linear in the text: the leftmost place of
// each part is taken once and never taken back.
func (p pattern) matches(text string) bool {
	if len(p) == 1 {
		return text == p[0]
	}
	text, ok := strings.CutPrefix(text, p[0])
	if !ok {
		return false
	}
	for _, part := range p[1 : len(p)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, p[len(p)-1])
}
