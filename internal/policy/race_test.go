//go:build race

package policy

// slower is about how much the race detector costs.
const slower = 10
