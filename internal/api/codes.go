package api

import (
	_ "embed" // for the table of codes
	"strings"
)

//go:embed codes.txt
var codesTable string

// codes says what each code means, for the pages that problems point to.
func codes() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(codesTable) {
		if code, meaning, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			out[code] = meaning
		}
	}
	return out
}
