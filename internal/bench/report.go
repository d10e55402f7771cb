package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is bench.json.
type report struct {
	At         time.Time         `json:"at"`
	Commit     string            `json:"commit"`
	Go         string            `json:"go"`
	PostgreSQL string            `json:"postgresql"`
	Machine    machine           `json:"machine"`
	Settings   settings          `json:"settings"`
	Database   map[string]string `json:"database"`
	// Syncs is the time of an fdatasync in each round, in milliseconds; Dropped
	// are the rounds, from 0, in which it was more than twice the median.
	Syncs   []float64 `json:"fdatasync_ms"`
	Dropped []int     `json:"dropped_rounds"`
	Goals   []goal    `json:"goals"`
	Cells   []*cell   `json:"cells"`
	// Highest is the server's memory at its highest, in MiB.
	Highest float64 `json:"resident_highest_mib"`
	// Grown is what was stored for the section of that name.
	Grown growth `json:"growth"`

	results results
}

// machine is the shape of where it ran.
type machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory float64 `json:"memory_gib"`
	System string  `json:"system"`
	// Load is how many processes wanted a CPU when it began, on the average of a
	// minute: others' work disturbs.
	Load float64 `json:"load"`
}

func newReport(b *bench) *report {
	r := &report{At: time.Now().UTC().Truncate(time.Second), Commit: commit(), Go: runtime.Version(), PostgreSQL: b.cluster.version,
		Machine: b.shape, Settings: b.settings, Database: b.cluster.durability, Syncs: b.syncs, Cells: b.cells, Dropped: []int{},
		results: results{b.cells, b.dropped}}
	for round := range b.syncs {
		if b.dropped[round] {
			r.Dropped = append(r.Dropped, round)
		}
	}
	r.Goals = r.results.goals()
	r.Highest, r.Grown = b.highest, b.grown
	return r
}

// write leaves bench.json and bench.md, whose text is given.
func (r *report) write(dir, text string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "bench.json"), append(data, '\n'), 0o600),
		os.WriteFile(filepath.Join(dir, "bench.md"), []byte(text), 0o600))
}

// readBase reads an earlier bench.json, nil without one.
func readBase(name string) (*report, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("BENCH_BASE: %w", err)
	}
	base := &report{}
	if err := json.Unmarshal(data, base); err != nil {
		return nil, fmt.Errorf("BENCH_BASE: %s: %w", name, err)
	}
	base.results = results{base.Cells, map[int]bool{}}
	for _, round := range base.Dropped {
		base.results.dropped[round] = true
	}
	return base, nil
}

func (r *report) markdown(base *report) string {
	var b strings.Builder
	r.heading(&b)
	r.goalTable(&b)
	r.caseTable(&b)
	r.replicaTable(&b)
	r.overloadTable(&b)
	r.growthTable(&b)
	r.memoryTable(&b)
	r.cardTable(&b)
	r.costTable(&b)
	if base != nil {
		r.compare(&b, base)
	}
	return b.String()
}

func (r *report) heading(b *strings.Builder) {
	m := r.Machine
	fmt.Fprintf(b, "%s, commit %s, %s, PostgreSQL %s. %d cores (%s), %.0f GiB, %s; load before it began %.1f.\n\n",
		r.At.Format(time.DateOnly), r.Commit, r.Go, r.PostgreSQL, m.Cores, m.CPU, m.Memory, m.System, m.Load)
	fmt.Fprintf(b, "Server, PostgreSQL and clients share the cores. Sections: %s. %d rounds of %g s a case, %d agents. ", strings.Join(r.Settings.Sections, ", "), r.Settings.Rounds, r.Settings.Seconds, r.Settings.Agents)
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers"} {
		fmt.Fprintf(b, "%s=%s ", name, r.Database[name])
	}
	b.WriteString(strings.Join(r.Settings.Postgres, " "))
	fmt.Fprintf(b, "\n\nAn fdatasync of 8 kB took %s ms by round; %s.\n\n", list(r.Syncs, "%.3f"), r.dropping())
}

func (r *report) dropping() string {
	if len(r.Dropped) == 0 {
		return "no round was dropped"
	}
	var rounds []float64
	for _, round := range r.Dropped {
		rounds = append(rounds, float64(round+1))
	}
	return "dropped, as the disk took more than twice its usual time: round " + list(rounds, "%.0f")
}

func list(values []float64, format string) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprintf(format, v)
	}
	return strings.Join(texts, ", ")
}

func (r *report) goalTable(b *strings.Builder) {
	b.WriteString("| goal | wanted | measured | |\n|---|---|---|---|\n")
	for _, g := range r.Goals {
		sign, met := "≥", "not met"
		if g.AtMost {
			sign = "≤"
		}
		if g.Met {
			met = "met"
		}
		fmt.Fprintf(b, "| %s | %s %g %s | %s | %s |\n", g.Name, sign, g.Bound, g.Unit, g.Value.text(2), met)
	}
	b.WriteString("\n")
}

// text is the median with its range, where there is one.
func (f figure) text(decimals int) string {
	if f.Min == f.Max {
		return fmt.Sprintf("%.*f", decimals, f.Median)
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", decimals, f.Median, decimals, f.Min, decimals, f.Max)
}

func (c *cell) clients() string {
	switch {
	case c.Rate != 0:
		return fmt.Sprintf("%d/s", c.Rate)
	case c.Connections == 0:
		return ""
	}
	return fmt.Sprint(c.Connections)
}

// cells are those of some sections.
func (r *report) cells(sections ...string) (list []*cell) {
	for _, c := range r.Cells {
		if slices.Contains(sections, c.Section) {
			list = append(list, c)
		}
	}
	return list
}

func (r *report) caseTable(b *strings.Builder) {
	b.WriteString("| case | signed | connections | per second | ÷ pgbench | p50 ms | p99 ms | p99.9 ms |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range r.cells("", "gate") {
		relative := ""
		if ratio, ok := r.results.ratio(c, r.results.beside(c), rate); ok {
			relative = ratio.text(2)
		}
		number := func(of func(sample) float64, decimals int) string { return r.results.of(c, of).text(decimals) }
		latency := []string{number(p50, 3), "", ""} // one signature's time on one core
		if c.Case != rawSigning {
			latency = []string{number(p50, 2), number(p99, 2), number(p999, 2)}
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", c.Case, c.Algorithm, c.clients(), number(rate, 0), relative, strings.Join(latency, " | "))
	}
	b.WriteString("\n")
}

func (r *report) costTable(b *strings.Builder) {
	if len(r.cells("gate")) == 0 {
		return
	}
	b.WriteString("What one took (medians): CPU time in µs, what follows the answers included; what the server allocated; what PostgreSQL wrote; " +
		"for how long the server still worked after the last answer; its memory then.\n\n")
	b.WriteString("| case | signed | connections | server µs | PostgreSQL µs | clients µs | allocations | kB | log B | stored B | key B | settled s | memory MiB |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range r.cells("gate") {
		if c.Connections == 0 {
			continue
		}
		of := func(number func(sample) float64) float64 { return r.results.of(c, number).Median }
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %.0f | %.0f | ", c.Case, c.Algorithm, c.clients(),
			of(func(s sample) float64 { return s.Server }), of(func(s sample) float64 { return s.Postgres }), of(func(s sample) float64 { return s.Clients }))
		if c.Algorithm == "" {
			fmt.Fprintf(b, "| | %.0f | | | | |\n", of(func(s sample) float64 { return s.WAL }))
			continue
		}
		fmt.Fprintf(b, "%.0f | %.1f | %.0f | %.0f | %.0f | %.2f | %.0f |\n",
			of(func(s sample) float64 { return s.Mallocs }), of(func(s sample) float64 { return s.Bytes })/1000,
			of(func(s sample) float64 { return s.WAL }), of(func(s sample) float64 { return s.Stored }),
			of(func(s sample) float64 { return s.Remembered }), of(func(s sample) float64 { return s.Settled }),
			of(func(s sample) float64 { return s.Resident }))
	}
	fmt.Fprintf(b, "\nThe memory of the server that signs with %s, at its highest: %.0f MiB.\n", es, r.Highest)
}

// compare sets the ratios beside those of an earlier run. Absolute numbers of
// two runs are not compared: they were not made at the same moment.
func (r *report) compare(b *strings.Builder, base *report) {
	fmt.Fprintf(b, "\nBeside commit %s of %s, by the ratios to pgbench in the same round:\n\n| case | signed | connections | then | now | change |\n|---|---|--:|--:|--:|--:|\n",
		base.Commit, base.At.Format(time.DateOnly))
	for _, c := range r.Cells {
		now, ok := r.results.ratio(c, r.results.beside(c), rate)
		old := base.results.cell(c.Case, c.Algorithm, c.Connections, c.Rate)
		if !ok || old == nil {
			continue
		}
		if then, ok := base.results.ratio(old, base.results.beside(old), rate); ok {
			fmt.Fprintf(b, "| %s | %s | %s | %.2f | %.2f | %+.0f %% |\n", c.Case, c.Algorithm, c.clients(), then.Median, now.Median, 100*(now.Median/then.Median-1))
		}
	}
}
