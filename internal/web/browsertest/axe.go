package browsertest

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
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

// axePatience is how long axe-core may look at one page.
const axePatience = 2 * time.Minute

// Axe has axe-core look at the page in the window and gives what is serious or
// critical. Rules, if any, are the only ones that it applies.
func (w *Window) Axe(rules ...string) []Finding {
	w.t.Helper()
	if !w.is(`window.axe`) {
		Eval[bool](w, axeCore+"\n;true")
	}
	only := ""
	if len(rules) > 0 {
		only = `, runOnly: ["` + strings.Join(rules, `", "`) + `"]`
	}
	ctx, cancel := context.WithTimeout(w.ctx, axePatience)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]Finding](`axe.run(document, {resultTypes: ["violations"]`+only+`}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 300) + " " + (n.any[0]?.message ?? n.all[0]?.message ?? ""))})))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Errorf("axe-core: %v\n%s", err, w.state())
	}
	return found
}
