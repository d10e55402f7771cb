package money

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/fault"
)

func TestParse(t *testing.T) {
	cases := []struct {
		text     string
		currency Currency
		minor    int64
		code     string
	}{
		{"249.99", "usd", 24999, ""},
		{"0.1", "usd", 10, ""},
		{"200", "usd", 20000, ""},
		{"200.00", "usd", 20000, ""},
		{"1e2", "usd", 10000, ""},
		{"1E+2", "jpy", 100, ""},
		{"1.05e1", "eur", 1050, ""},
		{"1050e-2", "eur", 1050, ""},
		{"0.00001e5", "jpy", 1, ""},
		{"200", "jpy", 200, ""},
		{"0.001", "kwd", 1, ""},
		{"0.0001", "clf", 1, ""},
		{"1000000000000", "usd", 100_000_000_000_000, ""},
		{"1000000000000.0000", "clf", 10_000_000_000_000_000, ""},
		{"1e12", "clf", 10_000_000_000_000_000, ""},
		{"1000000000000.01", "usd", 0, "amount_too_large"},
		{"1000000000000.0001", "clf", 0, "amount_too_large"},
		{"9999999999999", "usd", 0, "amount_too_large"},
		{"10000000000000", "usd", 0, "amount_too_large"},
		{"1e400", "usd", 0, "amount_too_large"},
		{"1e99999999999999999999", "usd", 0, "amount_too_large"},
		{"1e-99999999999999999999", "usd", 0, "amount_too_precise"},
		{"1e-3", "usd", 0, "amount_too_precise"},
		{"10.500", "eur", 0, "amount_too_precise"},
		{"10.50", "jpy", 0, "amount_too_precise"},
		{"0.0001", "kwd", 0, "amount_too_precise"},
		{"-1", "usd", 0, "amount_negative"},
		{"-1e400", "usd", 0, "amount_negative"},
		{"0", "usd", 0, "amount_zero"},
		{"-0", "usd", 0, "amount_zero"},
		{"0.00", "usd", 0, "amount_zero"},
		{"0e999999999", "usd", 0, "amount_zero"},
		{"", "usd", 0, "amount_missing"},
	}
	for _, text := range []string{"12,50", "NaN", "Infinity", "-", "+1", ".5", "5.", "01", "1e", "1e+", "0x10", " 1", "1 ",
		"1_000", "1.2.3", "--1", "null", "true", "{}", "١", "1e2e3", "1f"} {
		cases = append(cases, struct {
			text     string
			currency Currency
			minor    int64
			code     string
		}{text, "usd", 0, "amount_not_a_number"})
	}
	for _, c := range cases {
		got, err := Parse(c.text, c.currency)
		if c.code == "" && (err != nil || got != Of(c.minor, c.currency)) || c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("%s %s: got %v, %v", c.text, c.currency, got, err)
		}
	}
	if z, err := ParseOrZero("0.00", "usd"); err != nil || z != Of(0, "usd") {
		t.Errorf("a zero bound: %v %v", z, err)
	}
}

func TestDecimalReadsBackAndIsTheExactValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Currency{"usd", "jpy", "kwd", "clf"}).Draw(t, "currency")
		a := Of(rapid.Int64Range(1, c.MaxMinor()).Draw(t, "minor"), c)
		got, err := Parse(a.Decimal(), c)
		if err != nil || got != a {
			t.Fatalf("%s became %v %v", a.Decimal(), got, err)
		}
		value, _ := new(big.Rat).SetString(a.Decimal())
		if value.Cmp(big.NewRat(a.Minor, pow10(c.Exponent()))) != 0 {
			t.Fatalf("%d %s is not %s", a.Minor, c, a.Decimal())
		}
		if _, fraction, _ := strings.Cut(a.Decimal(), "."); len(fraction) != c.Exponent() {
			t.Fatalf("%s has not %d decimals", a.Decimal(), c.Exponent())
		}
	})
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		a             Amount
		text, decimal string
	}{
		{Of(500000, "usd"), "5,000.00 USD", "5000.00"},
		{Of(-123456789, "usd"), "-1,234,567.89 USD", "-1234567.89"},
		{Of(5, "usd"), "0.05 USD", "0.05"},
		{Of(-5, "kwd"), "-0.005 KWD", "-0.005"},
		{Of(1000, "jpy"), "1,000 JPY", "1000"},
		{Of(99999, "usd"), "999.99 USD", "999.99"},
		{Of(math.MinInt64, "jpy"), "-9,223,372,036,854,775,808 JPY", "-9223372036854775808"},
	} {
		j, err := json.Marshal(c.a)
		if c.a.String() != c.text || c.a.Decimal() != c.decimal || err != nil || string(j) != c.decimal {
			t.Errorf("%d: %s, %s, %s, %v", c.a.Minor, c.a, c.a.Decimal(), j, err)
		}
	}
}

func TestAdd(t *testing.T) {
	if got, ok := Of(1, "usd").Add(Of(2, "usd")); !ok || got.Minor != 3 {
		t.Errorf("1+2 = %v %v", got, ok)
	}
	if _, ok := Of(1, "usd").Add(Of(2, "eur")); ok {
		t.Error("usd and eur were added")
	}
	if got, ok := AddMinor(math.MaxInt64, 1); ok || got != math.MaxInt64 {
		t.Errorf("overflow gave %d %v", got, ok)
	}
	if got, ok := AddMinor(math.MinInt64, -1); ok || got != math.MinInt64 {
		t.Errorf("underflow gave %d %v", got, ok)
	}
	if got, ok := AddMinor(math.MinInt64, math.MaxInt64); !ok || got != -1 {
		t.Errorf("got %d %v", got, ok)
	}
}

func TestNumberKeepsTheLiteral(t *testing.T) {
	for raw, want := range map[string]string{"249.990": "249.990", `"12.50"`: "12.50", "1e2": "1e2", "true": "true",
		"null": "null", `"12,50"`: "12,50", "9007199254740993.1": "9007199254740993.1", `"\u0031"`: "1"} {
		var n Number
		if err := n.UnmarshalJSON([]byte(raw)); err != nil || string(n) != want {
			t.Errorf("%s became %q %v", raw, n, err)
		}
	}
	if b, err := json.Marshal([]Number{"1.50", "a\"b"}); err != nil || string(b) != `[1.50,"a\"b"]` {
		t.Errorf("got %s %v", b, err)
	}
}

func TestCurrencies(t *testing.T) {
	for code, want := range map[string]int{"USD": 2, "jpy": 0, "Kwd": 3, "CLF": 4, "IQD": 3, "ISK": 0, "xcg": 2, "xof": 0} {
		c, err := ParseCurrency(code)
		if err != nil || c.Exponent() != want || string(c) != strings.ToLower(code) {
			t.Errorf("%s: %v %d %v", code, c, c.Exponent(), err)
		}
	}
	for _, code := range []string{"XXX", "xts", "XAU", "xag", "XDR", "XSU", "CHE", "chw", "UYI", "USN", "XBA"} {
		if _, err := ParseCurrency(code); !fault.Is(err, "currency_not_money") {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, code := range []string{"", "us", "usdt", "zzz", "$$$", "btc", "u d", "USD ", "\u212aWD", "dem"} {
		if _, err := ParseCurrency(code); !fault.Is(err, "currency_unknown") {
			t.Errorf("%q: %v", code, err)
		}
	}
}

func TestNoFloats(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") || !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		source, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "float64") || strings.Contains(string(source), "ParseFloat") {
			t.Errorf("%s uses a float", f.Name())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1", "0.10", "1e2", "-1", "1e400", "12,50", "1e-2", "1000000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s, "kwd")
		if err != nil {
			return
		}
		if !json.Valid([]byte(s)) {
			t.Fatalf("%q is no JSON number and gave %v", s, a)
		}
		if want, ok := new(big.Rat).SetString(s); ok && want.Cmp(big.NewRat(a.Minor, 1000)) != 0 {
			t.Fatalf("%q gave %v", s, a)
		}
	})
}
