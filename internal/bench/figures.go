package main

import "slices"

// figure is a number over the rounds that count.
type figure struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func newFigure(values []float64) figure {
	if len(values) == 0 {
		return figure{}
	}
	return figure{median(values), slices.Min(values), slices.Max(values)}
}

// results are the cells with the rounds that count.
type results struct {
	cells   []*cell
	dropped map[int]bool
}

// cell is the one with that name, or nil when this run left it out.
func (r results) cell(name, algorithm string, connections, rate int) *cell {
	for _, c := range r.cells {
		if c.Case == name && c.Algorithm == algorithm && c.Connections == connections && c.Rate == rate {
			return c
		}
	}
	return nil
}

// kept are a cell's samples of the rounds that count, by round.
func (r results) kept(c *cell) map[int]sample {
	kept := map[int]sample{}
	if c == nil {
		return kept
	}
	for _, s := range c.Samples {
		if !r.dropped[s.Round] {
			kept[s.Round] = s
		}
	}
	return kept
}

// of is one of a cell's numbers.
func (r results) of(c *cell, number func(sample) float64) figure {
	var values []float64
	for _, s := range r.kept(c) {
		values = append(values, number(s))
	}
	return newFigure(values)
}

// ratio divides a number of one cell by the same of another, round by round:
// what the machine did meanwhile was then done to both.
func (r results) ratio(over, under *cell, number func(sample) float64) (figure, bool) {
	var values []float64
	below := r.kept(under)
	for round, s := range r.kept(over) {
		if other, ok := below[round]; ok && number(other) > 0 {
			values = append(values, number(s)/number(other))
		}
	}
	return newFigure(values), len(values) > 0
}

func rate(s sample) float64 { return s.Rate }
func p50(s sample) float64  { return s.P50 }
func p99(s sample) float64  { return s.P99 }
func p999(s sample) float64 { return s.P999 }

// beside is pgbench's case that a case of ours is compared with: the same
// number of clients, on one row or on many.
func (r results) beside(c *cell) *cell {
	if c.Algorithm == "" || c.Rate != 0 || c.Case == bareHTTP || c.Case == rawSigning {
		return nil
	}
	name := pgbenchSpread
	if c.Case == oneAgent {
		name = pgbenchHot
	}
	return r.cell(name, "", c.Connections, 0)
}
