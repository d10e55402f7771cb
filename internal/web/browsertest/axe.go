package browsertest

import (
	_ "embed"
	"fmt"
	"strings"
)

// axeCore is axe-core 4.14.1 as npm has it; .ci/styles copies it.
//
//go:embed axe.js
var axeCore string

// Finding is one thing on a page that some people cannot use.
type Finding struct {
	ID, Impact, Help string
	Nodes            []string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s (%s): %s\n\t%s", f.ID, f.Impact, f.Help, strings.Join(f.Nodes, "\n\t"))
}

// Axe has axe-core look at the page in the window and gives what is serious or
// critical.
func (w *Window) Axe() []Finding {
	w.t.Helper()
	if !w.is(`window.axe`) {
		Eval[bool](w, axeCore+"\n;true")
	}
	return Eval[[]Finding](w, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 300) + " " + (n.any[0]?.message ?? n.all[0]?.message ?? ""))})))`)
}
