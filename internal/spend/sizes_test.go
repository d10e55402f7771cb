package spend_test

import (
	"os"
	"strconv"
	"testing"
)

// number is the size of a test, from the environment or its short form.
func number(t *testing.T, variable string, short int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is a number from 1 on, not %q", variable, text)
	}
	return n
}
