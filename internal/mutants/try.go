package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// patience is how long the tests of one package may take. A mutant that makes
// them hang is noticed.
const patience = "150s"

// verdict is what the tests said to a mutant.
type verdict struct {
	by   string // the test that noticed, "" if none did
	took time.Duration
}

// try runs the tests that must notice the mutant until one does. An error means
// that nothing can be said: the mutant does not fit or does not compile.
func try(ctx context.Context, m Mutant) (verdict, error) {
	started := time.Now()
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return verdict{}, err
	}
	defer os.RemoveAll(dir)
	overlay, err := write(m, dir)
	if err != nil {
		return verdict{}, err
	}
	for _, r := range runsFor(m.File) {
		cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-overlay=" + overlay, "-vet=off", "-count=1", "-failfast", "-timeout=" + patience}, r...)...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		said, err := cmd.CombinedOutput()
		if ctx.Err() != nil {
			return verdict{}, ctx.Err()
		}
		if err == nil {
			continue
		}
		by, err := noticed(said)
		return verdict{by, time.Since(started)}, err
	}
	return verdict{took: time.Since(started)}, nil
}

// write puts the mutated file into dir, and beside it the overlay that makes
// the compiler read it.
func write(m Mutant, dir string) (string, error) {
	path, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text, err := m.apply(string(source))
	if err != nil {
		return "", err
	}
	mutated, overlay := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// apply gives the source with the fault in it.
func (m Mutant) apply(source string) (string, error) {
	if n := strings.Count(source, m.Old); n != 1 {
		return "", fmt.Errorf("%s has %q %d times, not once: the list is stale", m.File, m.Old, n)
	}
	return strings.Replace(source, m.Old, m.New, 1), nil
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// noticed reads from a failed run which test failed first.
func noticed(said []byte) (string, error) {
	switch {
	case bytes.Contains(said, []byte("[build failed]")), bytes.Contains(said, []byte("[setup failed]")):
		return "", fmt.Errorf("it does not compile:\n%s", said)
	case bytes.Contains(said, []byte("panic: test timed out")):
		return "a test that never ends", nil
	case bytes.Contains(said, []byte("reach the test cluster")):
		return "", fmt.Errorf("there is no database to test on:\n%s", said)
	}
	if test := failed.FindSubmatch(said); test != nil {
		return string(test[1]), nil
	}
	if bytes.Contains(said, []byte("panic:")) || bytes.Contains(said, []byte("fatal error:")) {
		return "a panic", nil
	}
	return "", errors.New("the tests failed and no test says so:\n" + string(said))
}
