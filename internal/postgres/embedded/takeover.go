//go:build unix

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// nobodysPid is above every limit on process ids, so no process has it.
const nobodysPid = 2147483646

// takeOver deals with what a killed run left in the cluster's directory. We
// hold the lock on the data directory, so a postmaster that still runs there is
// an orphan: it is shut down, and its data is ours. A pid file whose process is
// something else is disarmed, but not removed: postgres needs its other lines
// to find out whether processes of the dead cluster still use the memory.
func takeOver(ctx context.Context, dir string, log *slog.Logger) error {
	pid, _ := readPidFile(dir)
	if pid == 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil // postgres itself clears a stale file
	}
	if !isPostmaster(pid, dir) {
		return disarm(dir)
	}
	log.Warn("shutting down a PostgreSQL that an earlier run left behind", "pid", pid)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("a PostgreSQL (pid %d) runs on %s and may not be stopped by this user: %w", pid, dir, err)
		}
		if gone(ctx, pid, dir) {
			return nil
		}
	}
	return fmt.Errorf("a PostgreSQL (pid %d) runs on %s and does not stop", pid, dir)
}

// gone waits for a postmaster to end.
func gone(ctx context.Context, pid int, dir string) bool {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	for isPostmaster(pid, dir) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(poll):
		}
	}
	return true
}

// isPostmaster reports whether the process is the postmaster of this cluster,
// and not one that came by the number later: we always start it with -D dir.
func isPostmaster(pid int, dir string) bool {
	args := commandLine(pid)
	return len(args) >= 3 && strings.Contains(filepath.Base(args[0]), "postgres") && args[1] == "-D" && args[2] == dir
}

// commandLine gives the arguments of a process, or nothing if there is none (a
// zombie has none either).
func commandLine(pid int) []string {
	if raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return strings.Split(string(bytes.TrimRight(raw, "\x00")), "\x00")
	}
	out, err := exec.Command("ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}

// readPidFile gives the postmaster's pid and state from its file; zero when
// there is none.
func readPidFile(dir string) (pid int, status string) {
	raw, err := os.ReadFile(pidFile(dir))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(raw), "\n")
	pid, _ = strconv.Atoi(strings.TrimSpace(lines[0])) // zero when it is not written yet
	if len(lines) > 7 {
		status = strings.TrimSpace(lines[7])
	}
	return max(pid, 0), status
}

// disarm writes a pid that no process has.
func disarm(dir string) error {
	raw, err := os.ReadFile(pidFile(dir))
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(raw), "\n")
	return os.WriteFile(pidFile(dir), []byte(strconv.Itoa(nobodysPid)+"\n"+rest), 0o600)
}

func pidFile(dir string) string { return filepath.Join(dir, "postmaster.pid") }
