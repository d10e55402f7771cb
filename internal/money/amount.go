// Package money is exact money: an int64 of minor units and a currency of ISO
// 4217. Nothing in it, on the way in or out, is a floating point number.
package money

import (
	"math"
	"strconv"
	"strings"
)

// maxMajor is the upper bound of one amount, in major units.
const maxMajor = 1_000_000_000_000

// Amount is a sum of money. Minor counts the currency's smallest unit (cents
// for usd, yen for jpy) and may be negative in a balance or a remainder.
type Amount struct {
	Minor    int64
	Currency Currency
}

// Of is shorthand for an amount of minor units.
func Of(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// Add gives the sum, and false when the currencies differ or an int64 cannot
// hold it.
func (a Amount) Add(b Amount) (Amount, bool) {
	sum, ok := AddMinor(a.Minor, b.Minor)
	return Amount{sum, a.Currency}, ok && a.Currency == b.Currency
}

// AddMinor adds minor units. On overflow it gives the nearest int64 and false,
// so that a sum that is too large to hold is still above every limit.
func AddMinor(a, b int64) (int64, bool) {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64, false
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64, false
	}
	return sum, true
}

// AppendDecimal writes the amount in major units with exactly the currency's
// decimals: "200.00", jpy "200", kwd "200.000". It is also a JSON number.
func (a Amount) AppendDecimal(b []byte) []byte { return a.append(b, false) }

// Decimal is AppendDecimal as a string.
func (a Amount) Decimal() string { return string(a.AppendDecimal(make([]byte, 0, 24))) }

// MarshalJSON writes a JSON number with exactly the currency's decimals.
func (a Amount) MarshalJSON() ([]byte, error) { return a.AppendDecimal(nil), nil }

// AppendText writes the amount for people: "5,000.00 USD".
func (a Amount) AppendText(b []byte) []byte {
	b = append(a.append(b, true), ' ')
	return append(b, a.Currency.Upper()...)
}

// String is AppendText as a string.
func (a Amount) String() string { return string(a.AppendText(make([]byte, 0, 32))) }

func (a Amount) append(b []byte, grouped bool) []byte {
	magnitude := uint64(a.Minor)
	if a.Minor < 0 {
		b = append(b, '-')
		magnitude = -magnitude
	}
	exponent := a.Currency.Exponent()
	scale := uint64(pow10(exponent))
	b = appendWhole(b, magnitude/scale, grouped)
	if exponent == 0 {
		return b
	}
	var digits [20]byte
	fraction := strconv.AppendUint(digits[:0], magnitude%scale, 10)
	b = append(b, '.')
	for range exponent - len(fraction) {
		b = append(b, '0')
	}
	return append(b, fraction...)
}

func appendWhole(b []byte, whole uint64, grouped bool) []byte {
	if !grouped || whole < 1000 {
		return strconv.AppendUint(b, whole, 10)
	}
	var digits [20]byte
	for i, d := range strconv.AppendUint(digits[:0], whole, 10) {
		if n := digitsOf(whole) - i; i > 0 && n%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, d)
	}
	return b
}

func digitsOf(n uint64) int {
	count := 1
	for ; n >= 10; n /= 10 {
		count++
	}
	return count
}

// Number is an amount as a caller wrote it, before its currency is known: the
// text of a JSON number or of a JSON string. Parse judges it.
type Number string

// UnmarshalJSON keeps the literal. A value that is neither a number nor a
// string is kept too, so that Parse refuses it where its field is known.
func (n *Number) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if strings.HasPrefix(text, `"`) {
		unquoted, ok := unquote(raw)
		if !ok {
			unquoted = text
		}
		text = unquoted
	}
	*n = Number(text)
	return nil
}

// MarshalJSON writes the literal back: as a number where it is one, else as a
// string.
func (n Number) MarshalJSON() ([]byte, error) {
	if _, ok := scan(string(n)); ok {
		return []byte(n), nil
	}
	return quote(string(n)), nil
}
