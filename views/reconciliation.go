package views

import (
	"slices"
	"strings"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/reconcile"
)

// ReconciliationPage is one run, and those before it.
type ReconciliationPage struct {
	// Run is the one that is shown; nil before there was any.
	Run *reconcile.Run
	// By is who asked for it.
	By string
	// Alone says that the page is of this run only, without those before.
	Alone   bool
	Earlier []reconcile.Run
	// Next leads to older runs; empty on the last page.
	Next string
}

// differing are the differences of one check.
type differing struct {
	check reconcile.Check
	found []reconcile.Difference
}

// byCheck puts the differences of each check together, in the order they came.
func (p ReconciliationPage) byCheck() (out []differing) {
	for _, d := range p.Run.Differences {
		i := slices.IndexFunc(out, func(g differing) bool { return g.check == d.Check })
		if i < 0 {
			i, out = len(out), append(out, differing{check: d.Check})
		}
		out[i].found = append(out[i].found, d)
	}
	return out
}

// checkName says what a check compares.
func checkName(c reconcile.Check) string {
	if name := map[reconcile.Check]string{
		reconcile.Meters: "Limits: meters and authorizations", reconcile.Sums: "Limits: totals and today", reconcile.Approvals: "Authorizations and approvals",
		reconcile.Merchants: "Known merchants", reconcile.Events: "Authorizations and the audit log", reconcile.Ledger: "The ledger in itself",
		reconcile.Cards: "Cards, authorizations and the ledger", reconcile.Holds: "Authorizations and what is set aside",
		reconcile.Statement: "The books and the providers' statements", reconcile.Seal: "The audit log and its seal",
	}[c]; name != "" {
		return name
	}
	return accountName(ledger.Kind(c))
}

// looked says how much was looked at.
func looked(r reconcile.Run) string {
	parts := []string{counted(r.Authorizations, "authorization"), counted(r.Events, "event")}
	if r.Cards > 0 {
		parts = append(parts, counted(r.Cards, "card"))
	}
	if r.Lines > 0 {
		parts = append(parts, counted(r.Lines, "line")+" of providers' statements")
	}
	return "Looked at " + listed(parts, "and") + "."
}

func runPath(r reconcile.Run) string {
	return "/reconciliation/" + ident.Format(ident.Comparison, r.ID)
}

// runState is how a run ended, in a word, and how that is to be taken.
func runState(r reconcile.Run) (Tone, string) {
	switch {
	case r.Open():
		return News, "Running"
	case r.Trouble != "":
		return Attention, "Failed"
	case r.Found > 0:
		return Bad, counted(r.Found, "difference")
	}
	return Good, "No difference"
}

// asker names who asked for a run.
func asker(by string) string {
	if by == "" || strings.EqualFold(by, "system") {
		return "by schedule"
	}
	return "by " + by
}
