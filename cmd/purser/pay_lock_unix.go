//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile has a file for this process alone, until unlock or the process's
// end, however that comes. Another process that has it is an error.
func lockFile(path string) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			_ = file.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, errBusy
			}
			return nil, fmt.Errorf("%s cannot be locked: %w", path, err)
		}
		if stillThere(file, path) {
			return func() {
				_ = os.Remove(path) // while it is locked, so that nobody takes it over
				_ = file.Close()
			}, nil
		}
		_ = file.Close() // who had it before took it away
	}
}

func stillThere(file *os.File, path string) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}
