package main

import (
	"slices"
	"strings"
)

// Mutant is one fault that is put into the money core on purpose.
type Mutant struct {
	// Name is the package and what is wrong, in a few words.
	Name string
	// File is the path from the root of the module.
	File string
	// Old is text that the file has exactly once, New what stands there instead.
	Old, New string
	// Harm is what would happen to somebody's money.
	Harm string
}

// All is every mutant of the money core. What no test could ever notice, since
// it changes nothing that can be seen, is not in it.
func All() []Mutant {
	return slices.Concat(spendMutants, moveMutants, voteMutants, meterMutants, onceMutants, policyMutants, queryMutants)
}

// run is the arguments of one go test.
type run []string

// long are tests of the gate that take their time: what others notice sooner is
// not tried on them.
const long = "^(TestGateAgainstModel|TestNoOverspend|TestAnswersAreLinearizable|TestLimitCountsWhatWasBefore)$"

// runsFor are the tests that must notice a fault in a file, the quickest first.
func runsFor(file string) []run {
	meter, once, policy := run{"./internal/meter"}, run{"./internal/once"}, run{"./internal/policy"}
	spend := []run{{"-parallel=6", "-skip=" + long, "./internal/spend"}, {"-parallel=6", "-run=" + long, "./internal/spend"}}
	for _, area := range []struct {
		prefix string
		first  []run
	}{
		{"internal/meter/", []run{meter}},
		{"internal/once/", []run{once}},
		{"internal/policy/", []run{policy}},
		{"internal/spend/", nil},
		{"internal/money/", []run{{"./internal/money"}, meter}},
		{"internal/db/once", []run{once}},
		{"internal/db/modes", []run{policy}},
		{"internal/db/", nil},
	} {
		if strings.HasPrefix(file, area.prefix) {
			return append(area.first, spend...)
		}
	}
	return nil
}
