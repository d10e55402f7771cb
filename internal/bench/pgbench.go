package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// floorTables are what a minimal authorization needs: a counter, what was
// reserved, and an event.
const floorTables = `
CREATE TABLE counters (id int PRIMARY KEY, reserved bigint NOT NULL, bound bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE holds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, agent int NOT NULL, amount bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, hold bigint NOT NULL, kind text NOT NULL);
INSERT INTO counters SELECT i, 0, 1000000000000 FROM generate_series(0, %d) i;
VACUUM ANALYZE;`

// floorScript is one prepared statement whose inserts depend on the guard.
const floorScript = `\set agent random(%d, %d)
WITH guard AS (UPDATE counters SET reserved = reserved + 125 WHERE id = :agent AND reserved + 125 <= bound RETURNING id),
hold AS (INSERT INTO holds (agent, amount) SELECT id, 125 FROM guard RETURNING id)
INSERT INTO events (hold, kind) SELECT id, 'authorized' FROM hold;
`

// floor is pgbench on the same PostgreSQL, in a database of its own.
type floor struct {
	program, dir string
	environ      []string
	db           *pgx.Conn
	done         int64 // transactions that pgbench has counted in all
}

func newFloor(ctx context.Context, c *cluster, agents int) (*floor, error) {
	f := &floor{program: filepath.Join(c.server.BinDir(), "pgbench"), dir: c.dir}
	if _, err := os.Stat(f.program); err != nil {
		found, lookErr := exec.LookPath("pgbench")
		if lookErr != nil {
			return nil, errors.New("pgbench is neither beside postgres nor on the PATH: install postgresql-contrib")
		}
		f.program = found
	}
	owner, _, err := c.database(ctx, "floor")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(owner)
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	f.environ = []string{"PGHOST=" + u.Hostname(), "PGPORT=" + u.Port(), "PGUSER=" + u.User.Username(), "PGPASSWORD=" + password,
		"PGDATABASE=floor", "PGSSLMODE=disable"}
	if f.db, err = pgx.Connect(ctx, owner); err != nil {
		return nil, err
	}
	for _, statement := range strings.Split(fmt.Sprintf(floorTables, agents), ";") {
		if _, err := f.db.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return f, errors.Join(f.script("hot", 0, 0), f.script("spread", 1, agents))
}

func (f *floor) script(name string, from, to int) error {
	return os.WriteFile(filepath.Join(f.dir, name+".sql"), fmt.Appendf(nil, floorScript, from, to), 0o600)
}

// errNothing says that pgbench's time was over before its clients had logged in.
var errNothing = errors.New("pgbench counted nothing")

// pgbench runs one of the scripts with n clients. Its time begins with the
// logging in, which its rate leaves out and which a busy machine makes long:
// then it gets more time.
func (f *floor) pgbench(ctx context.Context, script string, n int, length time.Duration) (l load, err error) {
	seconds, more := int(length.Seconds()+0.5), 1+n/main64
	for range 5 {
		if l, err = f.once(ctx, script, n, seconds+more); !errors.Is(err, errNothing) {
			break
		}
		more *= 2
	}
	if err != nil {
		return l, err
	}
	return l, f.check(ctx)
}

// once runs pgbench; a quarter of its transactions are logged with their time.
func (f *floor) once(ctx context.Context, script string, n, seconds int) (load, error) {
	prefix := filepath.Join(f.dir, "pgbench-"+script)
	cmd := exec.CommandContext(ctx, f.program, "-n", "-M", "prepared", "-c", strconv.Itoa(n), "-j", strconv.Itoa(min(n, runtime.NumCPU())),
		"-T", strconv.Itoa(seconds), "-f", filepath.Join(f.dir, script+".sql"), "-l", "--log-prefix="+prefix, "--sampling-rate=0.25")
	cmd.Env = f.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	l := load{latency: newHistogram()}
	logs, err := filepath.Glob(prefix + ".*")
	for _, name := range logs {
		err = errors.Join(err, readLatencies(name, l), os.Remove(name))
	}
	if err != nil {
		return l, err
	}
	var rate float64
	if l.done, rate, err = readPgbench(string(out)); err != nil {
		return l, err
	}
	f.done += l.done
	l.length = time.Duration(float64(l.done) / rate * float64(time.Second))
	return l, nil
}

// readPgbench finds the counts in what pgbench prints.
func readPgbench(out string) (counted int64, rate float64, err error) {
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "number of transactions actually processed: "); ok {
			rest, _, _ = strings.Cut(strings.TrimSpace(rest), "/")
			counted, err = strconv.ParseInt(rest, 10, 64)
		}
		if rest, ok := strings.CutPrefix(line, "tps = "); ok && err == nil {
			rest, _, _ = strings.Cut(rest, " ")
			rate, err = strconv.ParseFloat(rest, 64)
		}
		if strings.Contains(line, "number of failed transactions") && !strings.Contains(line, ": 0 ") {
			return 0, 0, fmt.Errorf("pgbench: %s", strings.TrimSpace(line))
		}
	}
	if err == nil && (counted == 0 || rate == 0) {
		err = fmt.Errorf("%w:\n%s", errNothing, out)
	}
	return counted, rate, err
}

// readLatencies reads the third column, microseconds.
func readLatencies(name string, l load) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			continue // cut off at the end
		}
		us, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return err
		}
		if err := record(l.latency, time.Duration(us)*time.Microsecond); err != nil {
			return err
		}
	}
	return nil
}

// check sees that pgbench did what it counted.
func (f *floor) check(ctx context.Context) error {
	var holds, events, reserved int64
	err := f.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM holds), (SELECT count(*) FROM events), (SELECT sum(reserved) FROM counters) / 125`).
		Scan(&holds, &events, &reserved)
	if err == nil && (holds != f.done || events != f.done || reserved != f.done) {
		err = fmt.Errorf("pgbench counted %d transactions, but there are %d holds, %d events and %d reserved", f.done, holds, events, reserved)
	}
	return err
}
