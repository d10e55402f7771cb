package main

import "slices"

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

// testsOf are the packages whose tests must notice a fault in a file, the
// quickest first.
func testsOf(file string) []string {
	const meter, once, policy, spend = "./internal/meter", "./internal/once", "./internal/policy", "./internal/spend"
	for _, area := range []struct {
		prefix string
		tests  []string
	}{
		{"internal/meter/", []string{meter, spend}},
		{"internal/once/", []string{once, spend}},
		{"internal/policy/", []string{policy, spend}},
		{"internal/spend/", []string{spend}},
		{"internal/money/", []string{"./internal/money", meter, spend}},
		{"internal/db/once", []string{once, spend}},
		{"internal/db/modes", []string{policy, spend}},
		{"internal/db/", []string{spend}},
	} {
		if len(file) > len(area.prefix) && file[:len(area.prefix)] == area.prefix {
			return area.tests
		}
	}
	return nil
}
