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
	found, err := Axe(w.ctx, rules...)
	if err != nil {
		w.t.Errorf("axe-core: %v\n%s", err, w.state())
	}
	return found
}

// Axe is Window.Axe for a browser of somebody else's, in a chromedp context.
func Axe(ctx context.Context, rules ...string) ([]Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, axePatience)
	defer cancel()
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean(window.axe)"))
	if err == nil && !there {
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](axeCore+"\n;true"))
	}
	if err != nil {
		return nil, err
	}
	only := ""
	if len(rules) > 0 {
		only = `, runOnly: ["` + strings.Join(rules, `", "`) + `"]`
	}
	return chromedp.Run(ctx, chromedp.Evaluate[[]Finding](`axe.run(document, {resultTypes: ["violations"]`+only+`}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 300) + " " + (n.any[0]?.message ?? n.all[0]?.message ?? ""))})))`,
		chromedp.EvalAwaitPromise))
}
