package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// profileSeconds is for how long the server is looked into.
const profileSeconds = 8

// profiles runs the telling cases under a profiler, instead of measuring them,
// and leaves in Out for each: a CPU profile, its heaviest functions, and the
// statements on which PostgreSQL spent its time.
func (b *bench) profiles(ctx context.Context) error {
	if _, err := b.main().db.Exec(ctx, "CREATE EXTENSION pg_stat_statements"); err != nil {
		return fmt.Errorf("BENCH_PROFILE needs pg_stat_statements (Debian: postgresql-contrib): %w", err)
	}
	s, all := b.main(), spread(b.Agents)
	for _, p := range []struct {
		name string
		n    int
		does maker
	}{
		{"hot-1", 1, s.authorizing(s.careful, hot)},
		{"hot-64", main64, s.authorizing(s.careful, hot)},
		{"spread-64", main64, s.authorizing(s.careful, all)},
		{"replay-64", main64, s.replaying(s.careful, min(remembered, b.Agents))},
		{"budget-64", main64, s.looking(s.careful, all)},
	} {
		if err := b.profile(ctx, s, p.name, p.n, p.does); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) profile(ctx context.Context, s *server, name string, n int, does maker) error {
	if _, err := s.db.Exec(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return err
	}
	type fetched struct {
		data []byte
		err  error
	}
	profile := make(chan fetched, 1)
	go func() {
		data, err := fetch(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.metrics, profileSeconds))
		profile <- fetched{data, err}
	}()
	sample, err := b.measure(ctx, s, func() (load, error) {
		return closed(ctx, s.address, n, (profileSeconds+1)*time.Second, does)
	})
	got := <-profile
	if err = errors.Join(err, got.err, os.MkdirAll(b.Out, 0o755)); err != nil {
		return err
	}
	file := filepath.Join(b.Out, name+".pprof")
	if err := os.WriteFile(file, got.data, 0o644); err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %.0f/s, p50 %.2f ms, p99 %.2f ms; CPU a request: server %.0f µs, PostgreSQL %.0f µs, clients %.0f µs; %.0f allocations, %.1f kB\n\n",
		name, sample.Rate, sample.P50, sample.P99, sample.Server, sample.Postgres, sample.Clients, sample.Mallocs, sample.Bytes/1000)
	for _, order := range []string{"-cum", "-flat"} {
		top, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=60", order, file).Output()
		if err != nil {
			return err
		}
		text.Write(top)
		text.WriteString("\n")
	}
	if err := s.statements(ctx, &text); err != nil {
		return err
	}
	say("%s", text.String()[:strings.IndexByte(text.String(), '\n')])
	return os.WriteFile(filepath.Join(b.Out, name+".txt"), []byte(text.String()), 0o644)
}

// statements lists where PostgreSQL spent its time.
func (s *server) statements(ctx context.Context, text *strings.Builder) error {
	rows, err := s.db.Query(ctx, `SELECT calls, total_exec_time + total_plan_time, (total_exec_time + total_plan_time) * 1000 / calls, rows::float8 / calls,
		left(regexp_replace(query, '\s+', ' ', 'g'), 200)
		FROM pg_stat_statements WHERE calls > 0 ORDER BY 2 DESC LIMIT 30`)
	if err != nil {
		return err
	}
	defer rows.Close()
	text.WriteString("  calls  total ms  µs each  rows each  statement\n")
	for rows.Next() {
		var calls int64
		var total, each, found float64
		var query string
		if err := rows.Scan(&calls, &total, &each, &found, &query); err != nil {
			return err
		}
		fmt.Fprintf(text, "%7d %9.1f %8.1f %10.1f  %s\n", calls, total, each, found, query)
	}
	return rows.Err()
}
