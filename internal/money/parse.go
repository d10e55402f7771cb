package money

import (
	"encoding/json"

	"github.com/getpurser/purser/internal/fault"
)

// Parse reads a positive amount of major units from the text of a JSON number
// or of a decimal string ("249.99", "1e2"), exactly. The faults are Invalid at
// "amount": amount_missing, amount_not_a_number, amount_negative, amount_zero,
// amount_too_large (above 10^12) and amount_too_precise (more decimals than the
// currency's exponent, zeros included).
func Parse(text string, c Currency) (Amount, error) {
	a, err := ParseOrZero(text, c)
	if err == nil && a.Minor == 0 {
		return Amount{}, bad("amount_zero", "The amount must be more than zero.")
	}
	return a, err
}

// ParseOrZero is Parse for a bound or a balance, which may be zero.
func ParseOrZero(text string, c Currency) (Amount, error) {
	if text == "" {
		return Amount{}, bad("amount_missing", "An amount is required.")
	}
	l, ok := scan(text)
	switch {
	case !ok:
		return Amount{}, bad("amount_not_a_number", "The amount must be a JSON number or a decimal string such as 249.99.")
	case l.zero():
		return Amount{Currency: c}, nil
	case l.negative:
		return Amount{}, bad("amount_negative", "The amount must not be negative.")
	case len(l.digits)-l.decimals > maxWholeDigits:
		return Amount{}, tooLarge(c)
	case l.decimals > c.Exponent():
		return Amount{}, bad("amount_too_precise", "%s has %d decimals; this amount has more.", c.Upper(), c.Exponent())
	}
	minor := l.minor(c.Exponent())
	if minor > c.MaxMinor() {
		return Amount{}, tooLarge(c)
	}
	return Amount{Minor: minor, Currency: c}, nil
}

// maxWholeDigits is the number of digits of maxMajor.
const maxWholeDigits = 13

func tooLarge(c Currency) error {
	return bad("amount_too_large", "One amount may be at most %s.", Amount{c.MaxMinor(), c})
}

func bad(code, format string, args ...any) error {
	return fault.BadField("amount", code, format, args...)
}

// literal is a number in the grammar of JSON, taken apart: digits × 10^-decimals.
type literal struct {
	negative bool
	digits   []byte // without leading zeros
	decimals int    // may be negative after an exponent
}

func (l literal) zero() bool { return len(l.digits) == 0 }

// minor needs at most 13 whole digits and decimals ≤ exponent ≤ 4, so it fits.
func (l literal) minor(exponent int) int64 {
	var m int64
	for _, d := range l.digits {
		m = m*10 + int64(d-'0')
	}
	return m * pow10(exponent-l.decimals)
}

// scan reads the grammar of a JSON number in one pass, without a big number
// anywhere, so that 1e400 costs as little as 1.
func scan(s string) (literal, bool) {
	var l literal
	if s != "" && s[0] == '-' {
		l.negative, s = true, s[1:]
	}
	whole, s := run(s)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return l, false
	}
	fraction := ""
	if s != "" && s[0] == '.' {
		if fraction, s = run(s[1:]); fraction == "" {
			return l, false
		}
	}
	exponent, ok := power(s)
	if !ok {
		return l, false
	}
	l.digits = strip(make([]byte, 0, len(whole)+len(fraction)), whole, fraction)
	l.decimals = len(fraction) - exponent
	return l, true
}

// run splits off the leading decimal digits.
func run(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// maxPower bounds an exponent: beyond it every amount is too large or too
// precise, whatever its digits.
const maxPower = 1 << 30

// power reads "", "e2", "E+2" or "e-2".
func power(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	if s[0]|0x20 != 'e' {
		return 0, false
	}
	sign, s := 1, s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	digits, rest := run(s)
	if digits == "" || rest != "" {
		return 0, false
	}
	n := 0
	for _, d := range []byte(digits) {
		n = min(n*10+int(d-'0'), maxPower)
	}
	return sign * n, true
}

func strip(out []byte, parts ...string) []byte {
	for _, part := range parts {
		for _, d := range []byte(part) {
			if d != '0' || len(out) > 0 {
				out = append(out, d)
			}
		}
	}
	return out
}

func unquote(raw []byte) (string, bool) {
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // a Go string always has a JSON form
		return []byte(`""`)
	}
	return b
}
