package main

// goal is a bound that the gate is to keep, and where it is.
type goal struct {
	Name   string  `json:"name"`
	Bound  float64 `json:"bound"`
	AtMost bool    `json:"at_most"`
	Unit   string  `json:"unit"`
	Value  figure  `json:"value"`
	Met    bool    `json:"met"`
}

// goals lists those that this run can tell. Ratios come from within a round.
func (r results) goals() []goal {
	var list goals
	at := func(name, algorithm string, n int) *cell { return r.cell(name, algorithm, n, 0) }
	hot64, many64 := at(oneAgent, es, main64), at(manyAgents, es, main64)
	one := at(manyAgents, es, 1)
	list.ratio(r, "one agent, 64 connections ÷ pgbench's one row", hot64, at(pgbenchHot, "", main64), rate, 5)
	list.most(r, "one agent, 64 connections, p99", hot64, p99, 10, "ms")
	list.ratio(r, "many agents, 64 connections ÷ pgbench's many rows", many64, at(pgbenchSpread, "", main64), rate, 0.6)
	list.most(r, "many agents, 64 connections, p99", many64, p99, 12, "ms")
	list.ratio(r, "one agent ÷ many agents, 64 connections", hot64, many64, rate, 0.9)
	list.share(r, "RS256, one agent, 64 connections ÷ raw signing of all cores", at(oneAgent, rs, main64), at(rawSigning, rs, 0), rate, 0.9)
	list.bounded(r, "one connection, p50 ÷ pgbench's p50", one, at(pgbenchSpread, "", 1), p50, 4)
	list.most(r, "one connection, p99", one, p99, 2, "ms")
	list.most(r, "fixed 1,000/s, p99", r.cell(fixedRate, es, openClients, 1000), p99, 4, "ms")
	list.most(r, "fixed 5,000/s, p99", r.cell(fixedRate, es, openClients, 5000), p99, 12, "ms")
	edwards := at(manyAgents, ed, main64)
	list.ratio(r, "confirm ÷ authorize signed with EdDSA", at(confirms, ed, main64), edwards, rate, 1)
	list.ratio(r, "void ÷ authorize signed with EdDSA", at(voids, ed, main64), edwards, rate, 1)
	list.ratio(r, "authorize + confirm ÷ authorize", at(withConfirm, es, main64), many64, rate, 0.45)
	list.ratio(r, "denied ÷ approved", at(denials, es, main64), many64, rate, 1)
	list.ratio(r, "replayed ÷ approved", at(replays, es, main64), many64, rate, 1)
	list.ratio(r, "budget reads ÷ approved", at(readings, es, main64), many64, rate, 1)
	list.most(r, "an authorization on disk, with event, trace and indexes", many64, func(s sample) float64 { return s.Stored }, 1024, "bytes")
	list.most(r, "memory of the server at 256 connections", at(manyAgents, es, 256), func(s sample) float64 { return s.Resident }, 100, "MiB")
	list.beyond(r)
	return list
}

// beyond are the goals of the sections beside the gate's.
func (l *goals) beyond(r results) {
	at := func(name string) *cell { return r.cell(name, es, main64, 0) }
	for _, name := range []string{oneAgent, manyAgents} {
		for _, n := range []int{2, mostReplicas} {
			l.ratio(r, on(name, n)+" ÷ one", at(on(name, n)), at(on(name, 1)), rate, 0.95)
		}
	}
	flood := r.cell(twicePeak, es, sockets, 0)
	l.least(r, "twice the peak: approved ÷ the peak", flood, func(s sample) float64 { return s.Refused.Goodput }, 0.9, "×")
	l.most(r, "twice the peak: without an answer after 2 s, or cut off", flood, func(s sample) float64 { return float64(s.Refused.TimedOut + s.Refused.Broken) }, 0, "requests")
	l.most(r, "twice the peak: refused after, p99", flood, func(s sample) float64 { return s.Refused.P99 }, 500, "ms")
	for _, c := range r.cells {
		if name, full := grownName(c); c.Section == "growth" && full {
			l.ratio(r, name+": full ÷ empty", c, r.cell(onEmpty+name, es, c.Connections, 0), rate, 0.85)
		}
	}
	l.most(r, "memory with every agent's key and rules cached", at(touchAll), func(s sample) float64 { return s.Resident }, 200, "MiB")
}

const es, rs, ed = "ES256", "RS256", "EdDSA"

type goals []goal

// ratio wants one cell to do at least so many times what another does.
func (l *goals) ratio(r results, name string, over, under *cell, number func(sample) float64, bound float64) {
	if value, ok := r.ratio(over, under, number); ok {
		*l = append(*l, goal{Name: name, Bound: bound, Unit: "×", Value: value, Met: value.Median >= bound})
	}
}

// least wants a number of a cell to be at least that.
func (l *goals) least(r results, name string, c *cell, number func(sample) float64, bound float64, unit string) {
	if len(r.kept(c)) > 0 {
		value := r.of(c, number)
		*l = append(*l, goal{Name: name, Bound: bound, Unit: unit, Value: value, Met: value.Median >= bound})
	}
}

// share is a ratio to a ceiling. Where a round went clearly above it, the
// ceiling was measured on a busier machine, and nothing is known.
func (l *goals) share(r results, name string, over, under *cell, number func(sample) float64, bound float64) {
	before := len(*l)
	l.ratio(r, name, over, under, number, bound)
	if len(*l) > before && (*l)[before].Value.Max > 1.1 {
		(*l)[before].Met = false
		(*l)[before].Name += " (disturbed: above what is possible)"
	}
}

// bounded wants at most that.
func (l *goals) bounded(r results, name string, over, under *cell, number func(sample) float64, bound float64) {
	if value, ok := r.ratio(over, under, number); ok {
		*l = append(*l, goal{Name: name, Bound: bound, AtMost: true, Unit: "×", Value: value, Met: value.Median <= bound})
	}
}

// most wants a number of a cell to be at most that.
func (l *goals) most(r results, name string, c *cell, number func(sample) float64, bound float64, unit string) {
	if len(r.kept(c)) == 0 {
		return
	}
	value := r.of(c, number)
	*l = append(*l, goal{Name: name, Bound: bound, AtMost: true, Unit: unit, Value: value, Met: value.Median <= bound})
}
