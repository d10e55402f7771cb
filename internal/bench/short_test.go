package main

import (
	"strings"
	"testing"
)

// TestShortForm runs the sections beside the gate's with next to nothing in
// them: that they measure, keep their books, and come out in the report. The
// numbers mean nothing.
func TestShortForm(t *testing.T) {
	t.Parallel()
	s := settings{Short: true, Rounds: 1, Seconds: 0.2, Connections: []int{4}, Agents: 50, Growth: 3000, Cached: 20,
		Sections: []string{"replicas", "overload", "growth", "memory", "cards"}}
	c, err := newCluster(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
	b := &bench{settings: s, cluster: c}
	defer b.close()
	if err := b.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.runSections(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := b.grown; g.Authorizations != 3000 || g.Companies != 10 || g.Agents < 90 || g.Each < 200 || g.Database < 1e6 {
		t.Errorf("%+v", g)
	}
	text := newReport(b).markdown(nil)
	for _, want := range []string{"| authorize, many agents, 4 servers |", "approved ÷ peak", "| list of authorizations, deep page |", "With 3,000 authorizations, ", "After 20 agents of 2 companies", "A swipe of a card"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
