package policy

import (
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
)

func spend(minor int64, c money.Currency) *Request {
	return &Request{Handle: "bot", Amount: money.Of(minor, c), Purpose: "GPU hours", Rail: "api",
		Merchant: Merchant{Name: "AWS", MCC: "7372", Country: "US"}, Metadata: map[string]string{"po": "4711", "max": "12.50"}}
}

func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		text  string
		minor int64
		want  bool
	}{
		{"amount > 100.0", 10000, false},
		{"amount > 100.0", 10001, true},
		{"amount >= 100", 10000, true},
		{"amount == 0.1", 10, true},
		{"amount == 0.10", 10, true},
		{"amount == 1e-1", 10, true},
		{"0.1 == amount", 10, true},
		{"100 < amount", 10001, true},
		{"amount != 0.3", 30, false},
		{"amount == 0.1 + 0.2", 30, true}, // not as doubles
		{"amount > 999999999999.98", 99999999999998, false},
		{"amount > 999999999999.98", 99999999999999, true},
		{"amount == 9007199254.740993", 900719925474099, false},
		{"amount * 2 > 100.0", 5001, true},
		{"amount + 0.01 == 0.11", 10, true},
		{"amount - 5 < 0.0", 499, true},
		{"amount > -5.5 && amount > - 5.5", 1, true},
		{"amount in [10, 20.5]", 2050, true},
		{"amount in [10, 20.5]", 2051, false},
		{"[10.0, 20.0].exists(x, amount == x)", 2000, true},
		{"[10, 20].exists(x, x == amount)", 2000, true},
		{"(currency == 'usd' ? amount : 0.0) > 1.0", 101, true},
		{"amount > decimal(metadata.max)", 1251, true},
		{"amount > 100.0 && merchant.country != 'US'", 10001, false},
		{"merchant.name == 'AWS' && merchant.mcc == '7372'", 1, true},
		{"merchant.domain == ''", 1, true},
		{"has(merchant.domain)", 1, false},
		{"has(merchant.mcc) && has(metadata.po) && !has(metadata.none)", 1, true},
		{"metadata.po == '4711'", 1, true},
		{"metadata.none == ''", 1, true},
		{"metadata['none'] == ''", 1, true},
		{"'none' in metadata", 1, false},
		{"'po' in metadata", 1, true},
		{"metadata.exists(k, k == 'po')", 1, true},
		{"agent == 'bot' && rail in ['api', 'card']", 1, true},
		{"purpose.matches('^GPU') && size(purpose) < 100", 1, true},
		{"purpose.startsWith('CPU')", 1, false},
		{"// a remark\n  amount > 1.0", 101, true},
		{"'ümlaut' != '' && amount == 1.5", 150, true}, // offsets count characters
	} {
		p, err := compileExpression(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got, ok := run(p, spend(c.minor, "usd")); !ok || got != c.want {
			t.Errorf("%s of %d: %v %v", c.text, c.minor, got, ok)
		}
	}
}

func TestExpressionRuntimeErrors(t *testing.T) {
	for _, text := range []string{"decimal(purpose) > 1.0", "int(purpose) > 3", "1 / (size(currency) - 3) > 0"} {
		p, err := compileExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, ok := run(p, spend(1, "usd")); ok {
			t.Errorf("%s gave an answer", text)
		}
	}
}

func TestExpressionCostIsBounded(t *testing.T) {
	p, err := compileExpression("purpose.matches('^(x+)+$') && purpose.matches('x*x*x*y')")
	if err != nil {
		t.Fatal(err)
	}
	r := spend(1, "usd")
	r.Purpose = strings.Repeat("x", 1<<20)
	if _, ok := run(p, r); ok {
		t.Error("a megabyte was matched")
	}
}

func TestExpressionsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"amount > ":                 "line 1, column 10",
		"amount >\n foo":            "line 2, column 2: undeclared reference to 'foo'",
		"merchant.nmae == 'x'":      "undeclared reference",
		"amount":                    "true or false",
		"metadata":                  "true or false",
		"'yes'":                     "true or false",
		"amount == 'x'":             "'_==_' applied to '(decimal, string)'",
		"amount > '100'":            "'_>_' applied to '(decimal, string)'",
		"purpose > 1":               "no matching overload",
		"double(purpose) > 1.0":     "no matching overload",
		"amount > 1e400":            "",
		"amount > 1e99999999999":    "",
		"amount == 0." + digits(80): "too many digits",
		"purpose.matches('(')":      "",
		"[[1]].all(x, x.all(y, [1].all(z, z == y)))":                 "",
		strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300): "",
		strings.Repeat("true && ", 1000) + "true":                    "",
		strings.Repeat("a", 5000):                                    "",
	} {
		_, err := compileExpression(text)
		f := fault.From(err)
		if err == nil || f.Code != "expression_invalid" || !strings.Contains(f.Text, want) || !strings.Contains(f.Text, "line ") {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func digits(n int) string { return strings.Repeat("1", n) }

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"amount > 100.0", "amount in [1, 2.5]", "has(metadata.x)", "amount == 1e-2", "[1.5].exists(x, x > amount)", "- 5.5 < amount"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := compileExpression(text)
		if err != nil {
			if f := fault.From(err); f.Code != "expression_invalid" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		run(p, spend(12345, "kwd"))
	})
}
