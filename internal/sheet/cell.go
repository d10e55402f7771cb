// Package sheet makes texts that other people wrote safe to open in a
// spreadsheet.
package sheet

import (
	"regexp"
	"strings"
)

// plainNumber is what may begin with a sign and still be no formula.
var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

// Cell keeps a spreadsheet from reading a cell as a formula: an apostrophe
// goes before what would start one, at the beginning of the cell, and within
// it after what some locale or import takes for the end of a cell. Plain
// numbers stay as they are.
func Cell(s string) string {
	if plainNumber.MatchString(s) {
		return s
	}
	var b strings.Builder
	start := true
	for i, r := range s {
		if start && startsFormula(s[i:]) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		start = strings.ContainsRune(";\t\r\n", r)
	}
	return b.String()
}

// startsFormula looks behind quotes and spaces, which imports strip.
func startsFormula(s string) bool {
	if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r") {
		return true
	}
	s = strings.TrimLeft(s, "\"'` \u00a0\u200b\ufeff")
	// The wide forms become the narrow ones in East Asian input.
	return s != "" && strings.ContainsRune("=+-@|\t\r＝＋－＠", []rune(s[:min(len(s), 4)])[0])
}
