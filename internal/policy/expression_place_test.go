package policy

import "testing"

func TestExpressionFaultsHaveAPlace(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int
	}{
		{"amount >", 1, 9},
		{"amount > 1.0 &&\n  merchant.nmae == 'x'", 2, 11},
		{"'ü' == purpos", 1, 8}, // characters, not bytes
		{"", 1, 1},
		{"amount", 1, 1},
	} {
		f := CheckExpression(c.text)
		if f == nil {
			t.Errorf("%q is taken", c.text)
		} else if f.Line != c.line || f.Column != c.column || f.Message == "" {
			t.Errorf("%q: line %d, column %d: %s; want %d, %d", c.text, f.Line, f.Column, f.Message, c.line, c.column)
		}
	}
	if f := CheckExpression("amount > 100.0"); f != nil {
		t.Errorf("a good expression is refused: %+v", f)
	}
}
