package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
)

// settings is what a run can be told by the environment.
type settings struct {
	// Short runs one round of the most telling cases, for CI.
	Short bool `env:"BENCH_SHORT" json:"short"`
	// Rounds is how often every case is run, in turn.
	Rounds int `env:"BENCH_ROUNDS" json:"rounds"`
	// Seconds is how long a case runs in a round.
	Seconds float64 `env:"BENCH_SECONDS" json:"seconds"`
	// Connections are the numbers of clients.
	Connections []int `env:"BENCH_CONNECTIONS" json:"connections"`
	// Agents is over how many the spread cases go.
	Agents int `env:"BENCH_AGENTS" json:"agents"`
	// Rates are those of the open-loop cases, requests a second.
	Rates []int `env:"BENCH_RATES" json:"rates"`
	// Sections are the parts to run: gate, replicas, overload, growth, memory, cards.
	Sections []string `env:"BENCH_SECTIONS" json:"sections"`
	// Growth is how many authorizations are stored before the section of that
	// name measures: 10,000,000 takes up to 15 GB.
	Growth int `env:"BENCH_GROWTH" json:"growth"`
	// Cached is how many agents' keys and policies the section memory touches.
	Cached int `env:"BENCH_CACHED" json:"cached"`
	// Base is an earlier bench.json to compare with.
	Base string `env:"BENCH_BASE" json:"-"`
	// Out is where bench.md and bench.json are written.
	Out string `env:"BENCH_OUT" envDefault:"bench-out" json:"-"`
	// Dir is where the database lies while it is measured: on a real disk.
	Dir string `env:"BENCH_DIR" json:"-"`
	// Postgres are settings of PostgreSQL to try, name=value with commas between.
	// Durability is asserted all the same.
	Postgres []string `env:"BENCH_POSTGRES" json:"postgres,omitempty"`
	// Profile names cases (see profiles), or is "all": what they spend goes into
	// Out by function and by statement, and nothing else is measured.
	Profile []string `env:"BENCH_PROFILE" json:"-"`
}

var allSections = []string{"gate", "replicas", "overload", "growth", "memory", "cards"}

// main64 is the number of connections that the goals are stated for.
const main64 = 64

func readSettings() (s settings, err error) {
	if err := env.Parse(&s); err != nil {
		return s, fmt.Errorf("read the settings: %w", err)
	}
	rounds, seconds, connections, agents, growth, cached := 3, 2.0, []int{1, 16, main64, 256}, 10_000, 200_000, 5000
	if s.Short {
		rounds, seconds, connections, agents, growth, cached = 1, 0.6, []int{1, main64}, 1000, 20_000, 500
	}
	if s.Rounds == 0 {
		s.Rounds = rounds
	}
	if s.Seconds == 0 {
		s.Seconds = seconds
	}
	if s.Connections == nil {
		s.Connections = connections
	}
	if s.Agents == 0 {
		s.Agents = agents
	}
	if s.Growth == 0 {
		s.Growth = growth
	}
	if s.Cached == 0 {
		s.Cached = cached
	}
	if s.Sections == nil {
		s.Sections = allSections
	}
	if s.Rates == nil {
		s.Rates = []int{1000, 5000}
	}
	if s.Rounds < 1 || s.Seconds < 0.1 || s.Agents < 1 || s.Agents >= 100_000 {
		return s, fmt.Errorf("BENCH_ROUNDS must be 1 or more, BENCH_SECONDS 0.1 or more, BENCH_AGENTS 1 to 99,999")
	}
	for _, name := range s.Sections {
		if !slices.Contains(allSections, name) {
			return s, fmt.Errorf("BENCH_SECTIONS: there is no %q; there are %s", name, strings.Join(allSections, ", "))
		}
	}
	for _, c := range s.Connections {
		if c < 1 || c > maxClients {
			return s, fmt.Errorf("BENCH_CONNECTIONS must be from 1 to %d, not %d", maxClients, c)
		}
	}
	return s, nil
}

func (s settings) length() time.Duration { return time.Duration(s.Seconds * float64(time.Second)) }

// busiest is the number of connections for the cases that have only one.
func (s settings) busiest() int {
	best := s.Connections[0]
	for _, c := range s.Connections {
		if c == main64 {
			return c
		}
		best = max(best, c)
	}
	return best
}

// tempDir makes the directory of the run. Memory that calls itself a disk would
// make every fsync free, so it is refused.
func (s settings) tempDir() (string, error) {
	dir := s.Dir
	if dir == "" {
		if dir = os.TempDir(); inMemory(dir) {
			dir = "."
		}
	}
	if inMemory(dir) {
		return "", fmt.Errorf("%s lies in memory: set BENCH_DIR to a directory on a disk", dir)
	}
	made, err := os.MkdirTemp(dir, "purser-bench-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(made)
}

// inMemory knows tmpfs and ramfs by the numbers that Linux gives them.
func inMemory(dir string) bool {
	var fs syscall.Statfs_t
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	return syscall.Statfs(dir, &fs) == nil && (uint32(fs.Type) == tmpfs || uint32(fs.Type) == ramfs)
}
