package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/reconcile"
)

// The lines of a verdict. Each must be zero.
const (
	twoEffects   = "keys with two effects"
	twoAnswers   = "keys answered two ways"
	lostEffects  = "answered effects lost"
	strayEffects = "effects of no answered key"
	badBudgets   = "budgets that differ from their authorizations"
	overspent    = "budgets spent above their limit"
	badLog       = "differences of the audit log"
	otherBooks   = "other differences of the books"
	refusals     = "repeats refused with a 4xx"
	silences     = "keys never answered"
	bareAnswers  = "503 without Retry-After or problem+json"
)

var lines = []string{twoEffects, twoAnswers, lostEffects, strayEffects, badBudgets, overspent, badLog, otherBooks, refusals, silences, bareAnswers}

// verdict compares what a load was answered with what the database holds, once
// everything is up again and the load has ended.
type verdict struct {
	answered, stored, confirmed, unknown int
	faults                               map[string][]string
}

func (v *verdict) blame(line, format string, args ...any) {
	v.faults[line] = append(v.faults[line], fmt.Sprintf(format, args...))
}

// judge reads the database by itself; the server is not asked. The address is
// the server's.
func judge(t testing.TB, l *load, database string) *verdict {
	t.Helper()
	pool, err := postgres.Open(context.Background(), postgres.Config{URL: database, Role: postgres.AppRole, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	v := &verdict{answered: len(l.answers), unknown: l.unknown, faults: map[string][]string{
		twoAnswers: l.twice, refusals: l.refused, silences: l.silent, bareAnswers: l.bare}}
	if err := v.effects(pool, l); err != nil {
		t.Fatal(err)
	}
	reports, err := reconcile.Sources{Pool: pool, Log: audit.New(pool, nil, slog.New(slog.DiscardHandler))}.All(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	v.books(reports)
	return v
}

// effects holds what is stored against what was answered.
func (v *verdict) effects(pool *postgres.Pool, l *load) error {
	rows, err := pool.Query(context.Background(), `SELECT a.authorization_id, a.purpose, a.status, g.handle, a.amount
		FROM authorizations a JOIN agents g USING (company_id, live, agent_id)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	status, byKey, used := map[string]string{}, map[string]int{}, map[string]int64{}
	for rows.Next() {
		var id uuid.UUID
		var key, state, agent string
		var minor int64
		if err := rows.Scan(&id, &key, &state, &agent, &minor); err != nil {
			return err
		}
		if key == "" {
			continue // not the load's
		}
		v.stored++
		status[ident.Format(ident.Authorization, id)] = state
		if state == "confirmed" || state == "pending" || state == "held" {
			used[agent] += minor
		}
		if byKey[key]++; byKey[key] == 2 {
			v.blame(twoEffects, "%s", key)
		}
		if _, known := l.answers[key]; !known {
			v.blame(strayEffects, "%s", key)
		}
	}
	if over := used["tight"] - tight*100; over > 0 {
		v.blame(overspent, "%d cents too many", over)
	}
	for key, a := range l.answers {
		if a.confirmed {
			v.confirmed++
		}
		if got, ok := status[a.id]; !ok || a.confirmed && got != "confirmed" {
			v.blame(lostEffects, "%s: %s is %q", key, a.id, got)
		}
	}
	return rows.Err()
}

// books sorts what the server's own check finds.
func (v *verdict) books(reports []reconcile.Report) {
	for _, r := range reports {
		for _, d := range r.Differences {
			line := otherBooks
			switch d.Check {
			case reconcile.Meters, reconcile.Sums:
				line = badBudgets
			case reconcile.Events, reconcile.Seal:
				line = badLog
			}
			v.blame(line, "%s: %s: %s", d.Check, d.Subject, d.Text)
		}
	}
}

// String is the table that a run ends in.
func (v *verdict) String() string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "keys answered\t%d\nauthorizations stored\t%d\nconfirms answered\t%d\nanswers 503 or 429, repeated\t%d\n",
		v.answered, v.stored, v.confirmed, v.unknown)
	for _, line := range lines {
		fmt.Fprintf(table, "%s\t%d\n", line, len(v.faults[line]))
	}
	_ = table.Flush() // into memory
	return out.String()
}

// mustBeClean prints the table and fails unless it ends in zeros.
func (v *verdict) mustBeClean(t testing.TB, title string, least int) {
	t.Helper()
	t.Logf("%s\n%s", title, v)
	for _, line := range lines {
		if found := v.faults[line]; len(found) > 0 {
			t.Errorf("%s: %d, the first: %s", line, len(found), strings.Join(found[:min(len(found), 3)], "; "))
		}
	}
	if v.answered < least {
		t.Errorf("only %d keys were answered: that shows nothing", v.answered)
	}
}

// mustBlame fails unless the planted fault was found.
func (v *verdict) mustBlame(t testing.TB, wanted ...string) {
	t.Helper()
	for _, line := range wanted {
		if len(v.faults[line]) == 0 {
			t.Errorf("the planted fault was not found as %q:\n%s", line, v)
		}
	}
}
