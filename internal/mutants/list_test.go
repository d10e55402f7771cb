package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestListFitsTheSource: each fault can still be put where it says.
func TestListFitsTheSource(t *testing.T) {
	names := map[string]bool{}
	for _, m := range All() {
		source, err := os.ReadFile(filepath.Join("..", "..", m.File))
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		text, err := m.apply(string(source))
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.File, text, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if m.Old == m.New || m.Harm == "" || names[m.Name] || len(runsFor(m.File)) == 0 {
			t.Errorf("%s: it says too little, or twice the same", m.Name)
		}
		names[m.Name] = true
	}
	if len(names) < 45 {
		t.Errorf("only %d mutants", len(names))
	}
}

func TestWhatARunSays(t *testing.T) {
	for _, c := range []struct{ said, by, fault string }{
		{"--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/b (0.0s)\nFAIL", "TestA", ""},
		{"FAIL\tx [build failed]", "", "does not compile"},
		{"panic: test timed out after 1s", "a test that never ends", ""},
		{"panic: runtime error", "a panic", ""},
		{"    fixture.go:1: pgtest: reach the test cluster: no\n--- FAIL: TestA (0.1s)", "", "no database"},
		{"FAIL", "", "no test says so"},
	} {
		by, err := noticed([]byte(c.said))
		if by != c.by || (err != nil) != (c.fault != "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%q: %q %v", c.said, by, err)
		}
	}
	if _, err := (Mutant{Old: "a", New: "b"}).apply("aa"); err == nil {
		t.Error("an old text that is there twice was replaced")
	}
}

func TestChoose(t *testing.T) {
	all := []Mutant{{Name: "a: one"}, {Name: "b: two"}, {Name: "b: three"}}
	if some, err := choose(all, "b:", ""); err != nil || len(some) != 2 {
		t.Errorf("%v %v", some, err)
	}
	if some, err := choose(all, "", "2"); err != nil || len(some) != 2 {
		t.Errorf("%v %v", some, err)
	}
	for _, c := range [][2]string{{"c", ""}, {"", "0"}, {"", "x"}} {
		if _, err := choose(all, c[0], c[1]); err == nil {
			t.Errorf("%v was taken", c)
		}
	}
}
