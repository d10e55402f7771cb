package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// bench is one run.
type bench struct {
	settings
	cluster *cluster
	floor   *floor
	servers []*server // ES256 first
	cells   []*cell
	// syncs is the time of an fdatasync in each round, in milliseconds.
	syncs []float64
	// dropped are the rounds in which the disk was not itself.
	dropped map[int]bool
	shape   machine
	// highest is what the main server's memory came to, in MiB.
	highest float64
}

func (b *bench) main() *server { return b.servers[0] }

// cell is one case at one number of connections.
type cell struct {
	// Case names it, Algorithm what the server signs with ("" beside it).
	Case        string `json:"case"`
	Algorithm   string `json:"algorithm,omitempty"`
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
)

// prepare starts and fills everything, and warms it up.
func (b *bench) prepare(ctx context.Context) (err error) {
	say("PostgreSQL %s in %s: fsync=%s synchronous_commit=%s full_page_writes=%s", b.cluster.version, b.cluster.dir,
		b.cluster.durability["fsync"], b.cluster.durability["synchronous_commit"], b.cluster.durability["full_page_writes"])
	binary, err := build(ctx, b.cluster.dir)
	if err != nil {
		return err
	}
	if b.floor, err = newFloor(ctx, b.cluster, b.Agents); err != nil {
		return err
	}
	wanted := []string{es, rs}
	if b.Profile != nil {
		wanted = wanted[:1]
	}
	for _, algorithm := range wanted {
		s := &server{algorithm: algorithm, binary: binary, dir: b.cluster.dir + "/" + algorithm}
		if s.ownerURL, s.dbURL, err = b.cluster.database(ctx, "purser_"+algorithm); err != nil {
			return err
		}
		b.servers = append(b.servers, s)
		if err := s.start(ctx); err != nil {
			return err
		}
		if err := s.furnish(ctx, b.Agents); err != nil {
			return err
		}
		if err := b.warmUp(ctx, s); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	if b.Profile == nil {
		b.plan()
	}
	return nil
}

// warmUp asks once for every agent, makes the answers that are replayed, and
// gives PostgreSQL's planner its numbers.
func (b *bench) warmUp(ctx context.Context, s *server) error {
	say("warming up %s", s.algorithm)
	agents := b.Agents
	if s != b.main() {
		agents = min(agents, 200) // its cases need no more
	}
	for _, step := range []struct {
		n    int
		does func(*atomic.Int64) maker
	}{
		{agents, func(next *atomic.Int64) maker { return s.touching(s.careful, next) }},
		{agents, func(next *atomic.Int64) maker { return s.touching(s.quick, next) }},
		{min(remembered, b.Agents), func(next *atomic.Int64) maker { return s.remember(s.careful, next) }},
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

// plan lists the cases in the order of a round: what is compared stands beside
// each other.
func (b *bench) plan() {
	b.add(&cell{Case: diskSync})
	b.sign(es)
	b.sign("EdDSA")
	s, all := b.main(), spread(b.Agents)
	for _, n := range b.Connections {
		b.beside(pgbenchHot, n, "hot")
		b.serve(oneAgent, s, n, s.authorizing(s.careful, hot))
		b.beside(pgbenchSpread, n, "spread")
		b.serve(manyAgents, s, n, s.authorizing(s.careful, all))
	}
	n := b.busiest()
	b.serve(withConfirm, s, n, s.pairing(s.careful, all))
	b.serve(denials, s, n, s.overreaching(s.careful, all))
	b.serve(replays, s, n, s.replaying(s.careful, min(remembered, b.Agents)))
	b.serve(readings, s, n, s.looking(s.careful, all))
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
	r := b.servers[1]
	b.sign(rs) // beside what it bounds
	for _, n := range b.Connections {
		if n == 1 || n == b.busiest() {
			b.serve(oneAgent, r, n, r.authorizing(r.careful, hot))
		}
	}
}

// openClients is how many requests of an open loop can be under way.
const openClients = 256

func (b *bench) add(c *cell) { b.cells = append(b.cells, c) }

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

// rounds runs every cell once a round, with the disk's floor around them.
func (b *bench) rounds(ctx context.Context) error {
	for round := range b.Rounds {
		began := time.Now()
		first, err := b.disk()
		if err != nil {
			return err
		}
		for _, c := range b.cells {
			if c.run == nil {
				continue // the disk's, which was measured already
			}
			s, err := c.run(ctx)
			if err != nil {
				return fmt.Errorf("%s, %d connections: %w", c.Case, c.Connections, err)
			}
			s.Round = round
			c.Samples = append(c.Samples, s)
			say("  %-40s %-6s %4d  %9.0f/s  p50 %7.2f  p99 %7.2f ms  settled after %.1f s", c.Case, c.Algorithm, c.Connections, s.Rate, s.P50, s.P99, s.Settled)
		}
		last, err := syncing(b.cluster.dir, b.length()/4)
		if err != nil {
			return err
		}
		b.syncs = append(b.syncs, (first+newSample(last).P50)/2)
		say("round %d of %d took %.0f s, an fdatasync %.3f ms", round+1, b.Rounds, time.Since(began).Seconds(), b.syncs[round])
	}
	b.drop()
	return nil
}

// disk gives the time of an fdatasync in milliseconds.
func (b *bench) disk() (float64, error) {
	l, err := syncing(b.cluster.dir, max(b.length()/4, 300*time.Millisecond))
	if err != nil {
		return 0, err
	}
	s := newSample(l)
	s.Round = len(b.syncs)
	disk := results{cells: b.cells}.cell(diskSync, "", 0, 0)
	disk.Samples = append(disk.Samples, s)
	return s.P50, nil
}

func (b *bench) sign(algorithm string) {
	b.add(&cell{Case: rawSigning, Algorithm: algorithm, run: func(context.Context) (sample, error) {
		rate, err := signing(algorithm, max(b.length()/2, 300*time.Millisecond))
		return sample{Rate: rate}, err
	}})
}

// drop leaves out the rounds in which the disk took twice its usual time.
func (b *bench) drop() {
	usual := median(b.syncs)
	b.dropped = map[int]bool{}
	for round, took := range b.syncs {
		if took > 2*usual {
			b.dropped[round] = true
		}
	}
}

// finish has the servers check their own books.
func (b *bench) finish(ctx context.Context) error {
	_, b.highest = residentOf(b.main().command.Process.Pid)
	var errs []error
	for _, s := range b.servers {
		errs = append(errs, s.reconcile(ctx))
	}
	return errors.Join(errs...)
}

func (b *bench) stopServers() {
	for _, s := range b.servers {
		s.stop()
	}
	if b.floor != nil && b.floor.db != nil {
		_ = b.floor.db.Close(context.Background()) // the cluster ends next
	}
}
