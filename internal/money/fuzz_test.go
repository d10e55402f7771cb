package money

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzParseCurrency holds that a code has one form and that case is all that
// is taken away.
func FuzzParseCurrency(f *testing.F) {
	for _, s := range []string{"usd", "USD", "ﬀ", "ıdr", "xxx", "us", " usd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCurrency(s)
		if err != nil {
			return
		}
		if again, err := ParseCurrency(string(c)); err != nil || again != c || len(c) != 3 || !strings.EqualFold(s, string(c)) || len(s) != 3 {
			t.Fatalf("%q became %q, then %q: %v", s, c, again, err)
		}
		if c.Exponent() < 0 || c.Exponent() > 4 {
			t.Fatalf("%q has %d decimals", c, c.Exponent())
		}
	})
}

// FuzzNumber holds that an amount survives JSON to the letter, and that writing
// an amount and reading it again is the same amount.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", `"1"`, "null", `"1e2"`, `"\u0031"`, "-0", "1E+2", `""`, "true", `{"a":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var n Number
		if json.Unmarshal(raw, &n) != nil {
			return
		}
		for _, c := range []Currency{"jpy", "usd", "kwd"} {
			a, err := Parse(string(n), c)
			if err != nil {
				continue
			}
			if again, err := Parse(a.Decimal(), c); err != nil || again != a || a.Minor <= 0 || a.Minor > c.MaxMinor() {
				t.Fatalf("%s is %v, and again %v: %v", raw, a, again, err)
			}
		}
	})
}
