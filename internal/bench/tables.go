package main

import (
	"fmt"
	"strings"
)

func (r *report) replicaTable(b *strings.Builder) {
	cells := r.cells("replicas")
	if len(cells) == 0 {
		return
	}
	fmt.Fprintf(b, "Several servers on one database, with %d connections in all; ÷ one is by round, a fair share is 1 (the least that a server did ÷ the most). "+
		"No budget was overspent, also not by %d servers at once that spent one too small for all of their requests, and PostgreSQL counted no deadlock.\n\n", main64, mostReplicas)
	b.WriteString("| case | per second | ÷ one | shares | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|\n")
	for _, c := range cells {
		name, _, _ := strings.Cut(c.Case, ", one server")
		for _, n := range []int{2, mostReplicas} {
			name = strings.TrimSuffix(name, fmt.Sprintf(", %d servers", n))
		}
		relative, _ := r.results.ratio(c, r.results.cell(on(name, 1), c.Algorithm, c.Connections, 0), rate)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", c.Case, r.results.of(c, rate).text(0), relative.text(2),
			r.results.of(c, fairness).text(2), r.results.of(c, p50).text(2), r.results.of(c, p99).text(2))
	}
	b.WriteString("\n")
}

// fairness is what the replica that did the least did of what the one did that
// did the most.
func fairness(s sample) float64 {
	if len(s.Shares) == 0 {
		return 0
	}
	least, most := s.Shares[0], s.Shares[0]
	for _, n := range s.Shares {
		least, most = min(least, n), max(most, n)
	}
	return float64(least) / float64(max(1, most))
}

func (r *report) overloadTable(b *strings.Builder) {
	c, peak := r.results.cell(twicePeak, es, sockets, 0), r.results.cell(atPeak, es, openClients, 0)
	if c == nil {
		return
	}
	fmt.Fprintf(b, "At twice its peak, an open loop over %d sockets: each request's time counts from when it was due.\n\n| | |\n|---|--:|\n", sockets)
	number := func(of func(*refusals) float64, decimals int) string {
		return r.results.of(c, func(s sample) float64 { return of(s.Refused) }).text(decimals)
	}
	for _, row := range []struct{ name, value string }{
		{fmt.Sprintf("peak, a closed loop of %d connections, per second", openClients), r.results.of(peak, rate).text(0)},
		{"approved, per second", r.results.of(c, rate).text(0)},
		{"approved ÷ peak", number(func(f *refusals) float64 { return f.Goodput }, 2)},
		{"approved after, p50 ms", r.results.of(c, p50).text(1)},
		{"approved after, p99 ms", r.results.of(c, p99).text(1)},
		{"refused (503 or 429 with Retry-After), share", number(func(f *refusals) float64 { return float64(f.Refused) / float64(max(1, f.Offered)) }, 2)},
		{"refused after, p50 ms", number(func(f *refusals) float64 { return f.P50 }, 1)},
		{"refused after, p99 ms", number(func(f *refusals) float64 { return f.P99 }, 1)},
		{"refused with an unknown outcome, requests", number(func(f *refusals) float64 { return float64(f.Unknown) }, 0)},
		{"without an answer after 2 s, requests", number(func(f *refusals) float64 { return float64(f.TimedOut) }, 0)},
		{"connections broken", number(func(f *refusals) float64 { return float64(f.Broken) }, 0)},
		{"the server's memory at its highest, MiB", number(func(f *refusals) float64 { return f.Highest }, 0)},
		{"and after it, MiB", r.results.of(c, func(s sample) float64 { return s.Resident }).text(0)},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", row.name, row.value)
	}
	b.WriteString("\n")
}

func (r *report) growthTable(b *strings.Builder) {
	cells := r.cells("growth")
	if len(cells) == 0 {
		return
	}
	g := r.Grown
	fmt.Fprintf(b, "With %s authorizations, %s agents and %s companies stored, beside a server with next to nothing, in turn. "+
		"Nine in ten of them were confirmed and have two events; with these and all indexes one takes %.0f bytes, and the database %.1f GB.\n\n",
		thousands(g.Authorizations), thousands(g.Agents), thousands(g.Companies), g.Each, float64(g.Database)/1e9)
	b.WriteString("| case | connections | empty, per second | full, per second | full ÷ empty | empty, p99 ms | full, p99 ms |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range cells {
		name, full := grownName(c)
		if !full {
			continue
		}
		empty := r.results.cell(onEmpty+name, c.Algorithm, c.Connections, 0)
		relative, _ := r.results.ratio(c, empty, rate)
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s | %s |\n", name, c.Connections, r.results.of(empty, rate).text(0), r.results.of(c, rate).text(0),
			relative.text(2), r.results.of(empty, p99).text(2), r.results.of(c, p99).text(2))
	}
	b.WriteString("\n")
}

// thousands writes 10000 as 10,000.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func (r *report) memoryTable(b *strings.Builder) {
	c := r.results.cell(touchAll, es, main64, 0)
	if c == nil {
		return
	}
	agents := r.Settings.Cached / perCompany * perCompany
	fmt.Fprintf(b, "After %s agents of %s companies, each with a key of its own, have authorized once (%s/s), so that their keys and their companies' rules are cached, "+
		"the server takes %s MiB.\n\n", thousands(agents), thousands(agents/perCompany), r.results.of(c, rate).text(0),
		r.results.of(c, func(s sample) float64 { return s.Resident }).text(0))
}
