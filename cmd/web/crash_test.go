package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// rounds is how often something is broken: a few times in every test run, as
// often as the variable says in a long one.
func rounds(t testing.TB, variable string, short int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// TestKillsAtAnyMoment kills the server and its PostgreSQL again and again under
// load, and in quiet moments too. At the end no key has two effects, no answered
// effect is lost, and every budget equals its authorizations.
func TestKillsAtAnyMoment(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.start()
	l := newLoad(t, p.url(), 8)
	cycles := rounds(t, "PURSER_CRASH_CYCLES", 4)
	for i := range cycles {
		time.Sleep(300*time.Millisecond + time.Duration(i%7)*67*time.Millisecond)
		switch {
		case i%2 == 0:
			p.kill()
			p.start()
		case i%4 == 1:
			p.killPostgres()
		default:
			l.quiet(p.killPostgres)
		}
	}
	time.Sleep(500 * time.Millisecond)
	l.end()
	server, _ := p.databases()
	judge(t, l, server).mustBeClean(t, fmt.Sprintf("%d kills of the server and of PostgreSQL", cycles), 20)
	p.stop()
	check := exec.Command(p.binary(), "reconcile")
	check.Env = p.environ
	out, err := check.CombinedOutput()
	if err != nil || !strings.Contains(string(out), " 0 differences") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestCrashFaultsAreFound plants faults below a server that has none, and
// demands that the harness reports them.
func TestCrashFaultsAreFound(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]struct {
		sql   []string
		kills int
		stall bool // the process that writes the log ahead
		want  []string
	}{
		"a dropped fsync": {sql: []string{"ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()"}, kills: 1, stall: true,
			want: []string{lostEffects}},
		"a key outside the transaction": {sql: []string{"ALTER TABLE idempotency_keys SET UNLOGGED"}, kills: 1,
			want: []string{twoEffects, twoAnswers}},
		"a counter outside the transaction": {sql: []string{"ALTER TABLE meters SET UNLOGGED"}, kills: 1,
			want: []string{badBudgets, overspent}},
		"a check after the fact": {sql: []string{`CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN NEW.month_reserved = 0; NEW.month_spent = 0; RETURN NEW; END'`,
			"CREATE TRIGGER late BEFORE INSERT OR UPDATE ON meters FOR EACH ROW EXECUTE FUNCTION late()"},
			want: []string{badBudgets, overspent}},
		"an event outside the transaction": {sql: []string{`CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN IF random() < 0.2 THEN RETURN NULL; END IF; RETURN NEW; END'`,
			"CREATE TRIGGER forget BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION forget()"},
			want: []string{badLog}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t)
			p.start()
			_, owner := p.databases()
			execute(t, owner, plant.sql...)
			if plant.stall {
				time.Sleep(100 * time.Millisecond) // for the setting to reach every process
				if err := pgtest.SignalWriter(p.postmaster(), syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			l := newLoad(t, p.url(), 4)
			for range plant.kills {
				l.await(60)
				l.quiet(p.killPostgres)
			}
			l.await(60)
			l.end()
			p.awaitReady()
			server, _ := p.databases()
			judge(t, l, server).mustBlame(t, plant.want...)
		})
	}
}

// execute runs statements over a connection of its own.
func execute(t testing.TB, address string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}
