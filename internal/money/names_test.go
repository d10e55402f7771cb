package money

import "testing"

func TestEveryCurrencyHasAName(t *testing.T) {
	all := Currencies()
	if len(all) < 150 {
		t.Fatalf("only %d currencies", len(all))
	}
	for _, c := range all {
		if c.Name() == c.Upper() {
			t.Errorf("%s has no name", c)
		}
	}
	for c := range readNames() {
		if _, err := ParseCurrency(string(c)); err != nil {
			t.Errorf("%s has a name and cannot be paid in", c)
		}
	}
}
