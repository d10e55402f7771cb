//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Running is the server's address of the cluster that another process keeps up
// on the data directory, or "" when none does. It changes nothing there.
func Running(dataDir string) (string, error) {
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", err
	}
	lock, err := os.Open(filepath.Join(dataDir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at the data directory: %w", err)
	}
	held, err := isLocked(lock)
	if err := errors.Join(err, lock.Close()); err != nil || !held {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(dataDir, "pg-*", "postmaster.pid"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		s := Server{opts: Options{DataDir: dataDir}, dir: filepath.Dir(file)}
		pid, status := readPidFile(s.dir)
		if status != "ready" || !isPostmaster(pid, s.dir) {
			continue
		}
		if s.port, err = portOf(file); err != nil {
			return "", err
		}
		if s.password, err = password(dataDir); err != nil {
			return "", err
		}
		return s.URL(), nil
	}
	return "", fmt.Errorf("%s is in use by a server whose PostgreSQL is not up; try again in a moment", dataDir)
}

// portOf reads the fourth line of a postmaster's file.
func portOf(file string) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	lines := strings.Split(string(raw), "\n")
	if len(lines) < 4 {
		return 0, fmt.Errorf("%s is not complete", file)
	}
	return strconv.Atoi(strings.TrimSpace(lines[3]))
}

// isLocked reports whether another process holds the lock of lockDir.
func isLocked(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err // closing the file gives the lock back
}
