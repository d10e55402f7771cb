package views

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/policy"
)

var berlin = Words{Zone: "Europe/Berlin", People: map[string]string{
	"mem_01jd3v7m4sfx1r5k0m7z2w8y9a": "ada@example.com", "mem_01jd3v7m4sfx1r5k0m7z2w8y9b": "ben@example.com"}}

func content(t *testing.T, rules ...string) policy.Content {
	t.Helper()
	list, err := policy.DecodeRules([]byte("[" + strings.Join(rules, ",") + "]"))
	if err != nil {
		t.Fatal(err)
	}
	return policy.Content{Name: "Buying", Status: policy.Active, Rules: list}
}

func TestDifferencesAreWhatChanged(t *testing.T) {
	limit := func(n int) string {
		return fmt.Sprintf(`{"type":"transaction_limit","amount":%d,"currency":"usd"}`, n)
	}
	const pace, block = `{"type":"velocity","window":"1h","count":10}`, `{"type":"country","mode":"block","values":["KP"]}`
	const blockLower = `{"type":"country","mode":"block","values":["kp"]}`
	for _, c := range []struct {
		name          string
		before, after policy.Content
		want          string
	}{
		{"nothing", content(t, limit(1), pace), content(t, limit(1), pace), ""},
		{"one added at the top", content(t, limit(1), pace), content(t, block, limit(1), pace), "added"},
		{"one removed in the middle", content(t, limit(1), block, pace), content(t, limit(1), pace), "removed"},
		{"one changed", content(t, limit(1), pace), content(t, limit(2), pace), "changed"},
		{"one for another", content(t, limit(1), pace), content(t, limit(1), block), "removed added"},
		{"two exchanged", content(t, limit(1), pace), content(t, pace, limit(1)), "removed added"},
		{"a country in small letters", content(t, block), content(t, blockLower), ""},
	} {
		var kinds []string
		for _, d := range (Comparer{Words: berlin}).Differences(c.before, c.after) {
			kinds = append(kinds, string(d.Kind))
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: %q, wanted %q", c.name, got, c.want)
		}
	}
}

// Every rule of either side is told once, whatever the two lists are.
func TestComparisonTellsEveryRule(t *testing.T) {
	rules := []string{`{"type":"velocity","window":"1h","count":1}`, `{"type":"velocity","window":"1h","count":2}`,
		`{"type":"new_merchant","effect":"deny"}`, `{"type":"country","mode":"block","values":["KP"]}`}
	pick := func(mask int) (list []string) {
		for i, r := range rules {
			if mask&(1<<i) != 0 {
				list = append(list, r)
			}
		}
		return list
	}
	for a := 1; a < 16; a++ {
		for b := 1; b < 16; b++ {
			before, after := content(t, pick(a)...), content(t, pick(b)...)
			told := (Comparer{Words: berlin}).rules(before.Rules, after.Rules)
			var x, y int
			for _, c := range told {
				if c.Kind != Added {
					x++
				}
				if c.Kind != Removed {
					y++
				}
			}
			if x != len(before.Rules) || y != len(after.Rules) {
				t.Errorf("%v and %v: %v", pick(a), pick(b), told)
			}
		}
	}
}

func TestPlaceOfAFault(t *testing.T) {
	for _, c := range []struct {
		text                 string
		line, column         int
		before, there, after string
	}{
		{"amount >", 1, 9, "amount >", " ", ""},
		{"a\nübel x", 2, 6, "übel ", "x", ""},
		{"abc", 1, 1, "", "a", "bc"},
		{"abc", 7, 1, "abc", " ", ""},
	} {
		before, there, after := markedLine(c.text, policy.ExpressionFault{Line: c.line, Column: c.column})
		if before != c.before || there != c.there || after != c.after {
			t.Errorf("%q %d:%d: %q %q %q", c.text, c.line, c.column, before, there, after)
		}
	}
}
