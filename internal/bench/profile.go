package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// profileSeconds is for how long the server is looked into.
const profileSeconds = 8

// profiles runs the telling cases under a profiler, instead of measuring them,
// and leaves in Out for each: a CPU profile, its heaviest functions, and the
// statements on which PostgreSQL spent its time.
func (b *bench) profiles(ctx context.Context) error {
	if _, err := b.serveOn(ctx, es, es, b.Agents); err != nil {
		return err
	}
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
		{"pair-64", main64, s.pairing(s.careful, all)},
		{"confirm-64", main64, nil}, // of what is authorized before
		{"replay-64", main64, s.replaying(s.careful, min(remembered, b.Agents))},
		{"budget-64", main64, s.looking(s.careful, all)},
	} {
		if !slices.Contains(b.Profile, p.name) && !slices.Contains(b.Profile, "all") {
			continue
		}
		if p.does == nil {
			ids, err := b.toEnd(ctx, s, p.n, 2*profileSeconds*time.Second)
			if err != nil {
				return err
			}
			p.does = s.closing(s.careful, "confirm", sayClosed, &s.tally.confirmed, ids)
		}
		if err := b.profile(ctx, s, p.name, p.n, p.does); err != nil {
			return err
		}
	}
	return nil
}

// profile drives one case and writes what it took.
func (b *bench) profile(ctx context.Context, s *server, name string, n int, does maker) error {
	if _, err := s.db.Exec(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return err
	}
	kinds := []string{"profile", "allocs"}
	got, failed := make([][]byte, len(kinds)), make([]error, len(kinds)+1)
	var wait sync.WaitGroup
	for i, kind := range kinds {
		wait.Go(func() {
			got[i], failed[i] = fetch(ctx, fmt.Sprintf("%s/debug/pprof/%s?seconds=%d", s.metrics, kind, profileSeconds))
		})
	}
	var seen sample
	seen, failed[len(kinds)] = b.measure(ctx, s, func() (load, error) {
		return closed(ctx, s.address, n, (profileSeconds+1)*time.Second, does)
	})
	wait.Wait()
	if err := errors.Join(append(failed, os.MkdirAll(b.Out, 0o755))...); err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %.0f/s, p50 %.2f ms, p99 %.2f ms; CPU a request: server %.0f µs, PostgreSQL %.0f µs, clients %.0f µs; %.0f allocations, %.1f kB",
		name, seen.Rate, seen.P50, seen.P99, seen.Server, seen.Postgres, seen.Clients, seen.Mallocs, seen.Bytes/1000)
	say("%s", text.String())
	text.WriteString("\n\n")
	for i, kind := range kinds {
		file := filepath.Join(b.Out, name+"."+kind+".pprof")
		if err := os.WriteFile(file, got[i], 0o600); err != nil {
			return err
		}
		if err := heaviest(ctx, file, kind, &text); err != nil {
			return err
		}
	}
	if err := s.statements(ctx, &text); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.Out, name+".txt"), []byte(text.String()), 0o600)
}

// heaviest lists the functions with the most, what they call included and then
// without.
func heaviest(ctx context.Context, file, kind string, text *strings.Builder) error {
	for _, order := range []string{"-cum", "-flat"} {
		args := []string{"tool", "pprof", "-top", "-nodecount=60", order}
		if kind == "allocs" {
			args = append(args, "-sample_index=alloc_space")
		}
		top, err := exec.CommandContext(ctx, "go", append(args, file)...).Output()
		if err != nil {
			return fmt.Errorf("read the profile: %w", err)
		}
		text.Write(top)
		text.WriteString("\n")
	}
	return nil
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
