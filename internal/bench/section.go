package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A section is a part of the run with servers of its own, whose cases take turns
// in rounds of their own.
type section struct {
	name string
	// start starts the servers and adds the cells.
	start func(context.Context) error
	// rounds is how often its cells are run.
	rounds int
	// books says that the server's own check of its books can be run at the end.
	books bool
}

func (b *bench) sections() []section {
	return []section{
		{"gate", b.gate, b.Rounds, true},
		{"replicas", b.replicas, b.Rounds, true},
		{"overload", b.overload, b.Rounds, true},
		{"growth", b.growth, b.Rounds, false},
		{"memory", b.memory, 1, true},
		{"cards", b.cards, b.Rounds, true},
	}
}

// runSections runs those that are wanted.
func (b *bench) runSections(ctx context.Context) error {
	b.add(&cell{Case: diskSync})
	for _, s := range b.sections() {
		if !slices.Contains(b.Sections, s.name) {
			continue
		}
		if err := b.runSection(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	b.drop()
	return nil
}

func (b *bench) runSection(ctx context.Context, s section) error {
	say("section %s", s.name)
	defer b.stopServers()
	first := len(b.cells)
	b.section = s.name
	if err := s.start(ctx); err != nil {
		return err
	}
	for round := range s.rounds {
		began := time.Now()
		if err := b.round(ctx, b.cells[first:]); err != nil {
			return err
		}
		say("round %d of %d took %.0f s, an fdatasync %.3f ms", round+1, s.rounds, time.Since(began).Seconds(), b.syncs[len(b.syncs)-1])
	}
	return b.finish(ctx, s)
}

// round runs every cell once, with the disk's floor around them. Rounds are
// numbered through all sections.
func (b *bench) round(ctx context.Context, cells []*cell) error {
	number := len(b.syncs)
	first, err := b.disk()
	if err != nil {
		return err
	}
	for _, c := range cells {
		s, err := c.run(ctx)
		if err != nil {
			return fmt.Errorf("%s, %d connections: %w", c.Case, c.Connections, err)
		}
		s.Round = number
		c.Samples = append(c.Samples, s)
		say("  %-44s %-6s %4d  %9.0f/s  p50 %7.2f  p99 %7.2f ms  settled after %.1f s", c.Case, c.Algorithm, c.Connections, s.Rate, s.P50, s.P99, s.Settled)
	}
	last, err := syncing(b.cluster.dir, b.length()/4)
	if err != nil {
		return err
	}
	b.syncs = append(b.syncs, (first+newSample(last).P50)/2)
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
		rate, each, err := signing(algorithm, max(b.length()/2, 300*time.Millisecond))
		return sample{Rate: rate, P50: each}, err
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
func (b *bench) finish(ctx context.Context, s section) error {
	if s.name == "gate" {
		_, b.highest = residentOf(b.main().command.Process.Pid)
	}
	var errs []error
	checked := map[string]bool{}
	for _, server := range b.servers {
		if s.books && !checked[server.dbURL] {
			checked[server.dbURL] = true
			errs = append(errs, server.reconcile(ctx))
		}
		if server.madeUp {
			errs = append(errs, server.audit(ctx))
		}
		errs = append(errs, server.deadlocks(ctx))
	}
	return errors.Join(errs...)
}

// deadlocks says whether PostgreSQL ever had to end one.
func (s *server) deadlocks(ctx context.Context) error {
	var n int64
	if _, err := s.db.Exec(ctx, "SELECT pg_stat_clear_snapshot()"); err != nil {
		return err
	}
	err := s.db.QueryRow(ctx, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n)
	if err == nil && n != 0 {
		err = fmt.Errorf("%d deadlocks", n)
	}
	return err
}

func (b *bench) stopServers() {
	for _, s := range b.servers {
		s.stop()
	}
	b.servers = nil
}

func (b *bench) close() {
	b.stopServers()
	if b.floor != nil && b.floor.db != nil {
		_ = b.floor.db.Close(context.Background()) // the cluster ends next
	}
}
