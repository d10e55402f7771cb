package main

import (
	"context"
	"fmt"
	"sync/atomic"
)

// bench is one run.
type bench struct {
	settings
	cluster *cluster
	floor   *floor
	binary  string
	// servers are those of the section under way, the measured one first.
	servers []*server
	// section is the one under way; its cells are the last ones.
	section string
	cells   []*cell
	// syncs is the time of an fdatasync in each round, in milliseconds.
	syncs []float64
	// dropped are the rounds in which the disk was not itself.
	dropped map[int]bool
	shape   machine
	// highest is what the memory of the gate section's server came to, in MiB.
	highest float64
	// grown is what the section of that name stored, and what that takes.
	grown growth
}

func (b *bench) main() *server { return b.servers[0] }

// cell is one case at one number of connections.
type cell struct {
	// Case names it, Algorithm what the server signs with ("" beside it).
	Case      string `json:"case"`
	Algorithm string `json:"algorithm,omitempty"`
	// Section is the part of the run that it belongs to.
	Section     string `json:"section"`
	Connections int    `json:"connections"`
	// Rate is set for an open loop, in requests a second.
	Rate    int      `json:"arrivals,omitempty"`
	Samples []sample `json:"samples"`
	run     func(context.Context) (sample, error)
}

// The names of the cases, which the goals refer to.
const (
	pgbenchHot    = "pgbench, one row"
	pgbenchSpread = "pgbench, many rows"
	oneAgent      = "authorize, one agent"
	manyAgents    = "authorize, many agents"
	withVelocity  = "authorize, many agents, velocity rule"
	withConfirm   = "authorize + confirm, many agents"
	denials       = "denied, many agents"
	replays       = "replayed"
	readings      = "budget, many agents"
	fixedRate     = "authorize, fixed rate"
	bareHTTP      = "bare GET /healthz"
	diskSync      = "8 kB fdatasync"
	rawSigning    = "raw signing, all cores"
	confirms      = "confirm, many agents"
	voids         = "void, many agents"
	readOne       = "read of one authorization"
)

// prepare makes what every section needs.
func (b *bench) prepare(ctx context.Context) (err error) {
	say("PostgreSQL %s in %s: fsync=%s synchronous_commit=%s full_page_writes=%s", b.cluster.version, b.cluster.dir,
		b.cluster.durability["fsync"], b.cluster.durability["synchronous_commit"], b.cluster.durability["full_page_writes"])
	if b.binary, err = build(ctx, b.cluster.dir); err != nil {
		return err
	}
	b.floor, err = newFloor(ctx, b.cluster, b.Agents)
	return err
}

// serveOn starts a server on a database of its own, filled and warmed up.
func (b *bench) serveOn(ctx context.Context, name, algorithm string, agents int) (*server, error) {
	s := &server{algorithm: algorithm, binary: b.binary, dir: b.cluster.dir + "/" + name}
	var err error
	if s.ownerURL, s.dbURL, err = b.cluster.database(ctx, "purser_"+name); err != nil {
		return nil, err
	}
	b.servers = append(b.servers, s)
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	if err := s.furnish(ctx, agents); err != nil {
		return nil, err
	}
	if err := b.warmUp(ctx, s, agents); err != nil {
		return nil, fmt.Errorf("warm up %s: %w", name, err)
	}
	return s, nil
}

// warmUp asks once for every agent, makes the answers that are replayed, and
// gives PostgreSQL's planner its numbers.
func (b *bench) warmUp(ctx context.Context, s *server, agents int) error {
	say("warming up %s", s.dir)
	for _, step := range []struct {
		n    int
		does func(*atomic.Int64) maker
	}{
		{agents, func(next *atomic.Int64) maker { return s.touching(s.careful, next) }},
		{agents, func(next *atomic.Int64) maker { return s.touching(s.quick, next) }},
		{min(remembered, agents), func(next *atomic.Int64) maker { return s.remember(s.careful, next) }},
	} {
		if err := times(s.address, min(main64, step.n), step.n, step.does(new(atomic.Int64))); err != nil {
			return err
		}
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	_, err := b.closed(ctx, s, b.busiest(), s.authorizing(s.careful, spread(agents)))
	return err
}

// gate is the section of the decisions themselves.
func (b *bench) gate(ctx context.Context) error {
	for _, algorithm := range []string{es, ed, rs} {
		agents := b.Agents
		if algorithm == rs {
			agents = min(agents, 200) // its cases need no more
		}
		if _, err := b.serveOn(ctx, algorithm, algorithm, agents); err != nil {
			return err
		}
	}
	b.planFloor()
	b.planOthers()
	b.planEdwards(b.servers[1])
	r := b.servers[2]
	b.sign(rs) // beside what it bounds
	for _, n := range b.Connections {
		if n == 1 || n == b.busiest() {
			b.serve(oneAgent, r, n, r.authorizing(r.careful, hot))
		}
	}
	return nil
}

// planFloor lists the cases that are compared with pgbench, beside it.
func (b *bench) planFloor() {
	b.sign(es)
	s, all := b.main(), spread(b.Agents)
	for _, n := range b.Connections {
		b.beside(pgbenchHot, n, "hot")
		b.serve(oneAgent, s, n, s.authorizing(s.careful, hot))
		b.beside(pgbenchSpread, n, "spread")
		b.serve(manyAgents, s, n, s.authorizing(s.careful, all))
	}
}

// planOthers lists everything else that the main server is asked.
func (b *bench) planOthers() {
	s, all, n := b.main(), spread(b.Agents), b.busiest()
	b.serve(withConfirm, s, n, s.pairing(s.careful, all))
	b.serve(denials, s, n, s.overreaching(s.careful, all))
	b.serve(replays, s, n, s.replaying(s.careful, min(remembered, b.Agents)))
	b.serve(readings, s, n, s.looking(s.careful, all))
	b.serve(readOne, s, n, s.recalling(s.careful))
	b.serve(withVelocity, s, n, s.authorizing(s.quick, all))
	b.serve(bareHTTP, s, 1, greeting)
	b.serve(bareHTTP, s, n, greeting)
	for _, rate := range b.Rates {
		b.add(&cell{Case: fixedRate, Algorithm: s.algorithm, Connections: openClients, Rate: rate, run: func(ctx context.Context) (sample, error) {
			return b.measure(ctx, s, func() (load, error) {
				return opened(ctx, s.address, openClients, rate, b.length(), s.authorizing(s.careful, all))
			})
		}})
	}
}

// planEdwards lists the cases of the cheapest signature: what is signed so is
// the nearest to what is not signed at all, as confirms and voids are.
func (b *bench) planEdwards(s *server) {
	n, all := b.busiest(), spread(b.Agents)
	b.sign(ed)
	for _, n := range b.Connections {
		if n == 1 || n == b.busiest() {
			b.serve(oneAgent, s, n, s.authorizing(s.careful, hot))
		}
	}
	b.serve(manyAgents, s, n, s.authorizing(s.careful, all))
	b.add(&cell{Case: confirms, Algorithm: s.algorithm, Connections: n, run: func(ctx context.Context) (sample, error) {
		return b.ending(ctx, s, n, "confirm", sayClosed, &s.tally.confirmed)
	}})
	b.add(&cell{Case: voids, Algorithm: s.algorithm, Connections: n, run: func(ctx context.Context) (sample, error) {
		return b.ending(ctx, s, n, "void", sayVoided, &s.tally.voided)
	}})
}

// openClients is how many requests of an open loop can be under way.
const openClients = 256

func (b *bench) add(c *cell) {
	c.Section = b.section
	b.cells = append(b.cells, c)
}

func (b *bench) serve(name string, s *server, n int, does maker) {
	b.add(&cell{Case: name, Algorithm: s.algorithm, Connections: n, run: func(ctx context.Context) (sample, error) {
		return b.closed(ctx, s, n, does)
	}})
}

func (b *bench) closed(ctx context.Context, s *server, n int, does maker) (sample, error) {
	return b.measure(ctx, s, func() (load, error) { return closed(ctx, s.address, n, b.length(), does) })
}

func (b *bench) beside(name string, n int, script string) {
	b.add(&cell{Case: name, Connections: n, run: func(ctx context.Context) (sample, error) {
		return b.measure(ctx, nil, func() (load, error) { return b.floor.pgbench(ctx, script, n, b.length()) })
	}})
}
