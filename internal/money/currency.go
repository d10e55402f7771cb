package money

import (
	"strings"

	iso "github.com/bojanz/currency"

	"github.com/getpurser/purser/internal/fault"
)

// Currency is a lower-case ISO 4217 code, such as "usd". Only ParseCurrency
// makes one from outside text; the zero value is no currency.
type Currency string

// exponents holds every currency that can be paid in, with its number of
// decimals. It is built once from the table that github.com/bojanz/currency
// keeps of ISO 4217's list one, and never written again. (CLDR's table, which
// golang.org/x/text uses, gives customary decimals: 0 for IQD, ISO says 3.)
var exponents = readTable()

// refused are codes of ISO 4217 that are no money that anybody can be paid in:
// precious metals, bond market units, drawing rights, testing codes, and funds
// codes. One funds code stays accepted: CLF, in which Chilean rents and
// contracts are priced to four decimals.
const refused = " XAU XAG XPT XPD XBA XBB XBC XBD XDR XSU XUA XAD XTS XXX" +
	" BOV CHE CHW COU MXV USN UYI UYW "

// later are currencies that ISO 4217 added after the kept table was made.
const later = "XCG" // Caribbean guilder, from 2025-03-31, two decimals

func readTable() map[Currency]int {
	table := map[Currency]int{Currency(strings.ToLower(later)): 2}
	for _, code := range iso.GetCurrencyCodes() {
		if digits, ok := iso.GetDigits(code); ok && !isRefused(code) {
			table[Currency(strings.ToLower(code))] = int(digits)
		}
	}
	return table
}

func isRefused(upper string) bool { return strings.Contains(refused, " "+upper+" ") }

// ParseCurrency reads an ISO 4217 code in any case. The faults are Invalid at
// "currency": currency_unknown, or currency_not_money for a code such as XXX
// that ISO lists but nobody can be paid in.
func ParseCurrency(text string) (Currency, error) {
	if len(text) != 3 {
		return "", unknownCurrency()
	}
	var lower [3]byte
	for i := range lower {
		c := text[i] | 0x20
		if c < 'a' || c > 'z' {
			return "", unknownCurrency()
		}
		lower[i] = c
	}
	c := Currency(lower[:])
	if _, ok := exponents[c]; ok {
		return c, nil
	}
	if isRefused(c.Upper()) {
		return "", fault.BadField("currency", "currency_not_money",
			"%s is a metal, fund or test code and cannot be paid in.", c.Upper())
	}
	return "", unknownCurrency()
}

func unknownCurrency() error {
	return fault.BadField("currency", "currency_unknown", "This is not a currency code of ISO 4217, such as usd.")
}

// Exponent is the number of decimals of the currency in ISO 4217: 2 for usd, 0
// for jpy, 3 for kwd. It is 2 for a code that ParseCurrency would refuse.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return e
	}
	return 2
}

// Upper is the code as people write it: "USD".
func (c Currency) Upper() string { return strings.ToUpper(string(c)) }

// MaxMinor is the largest amount of this currency in minor units: 10^12 major.
func (c Currency) MaxMinor() int64 { return maxMajor * pow10(c.Exponent()) }

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
