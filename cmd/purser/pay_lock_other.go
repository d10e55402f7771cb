//go:build !unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lockFile has a file for this process alone. After a crash it is left behind,
// and a person takes it away: better than paying twice.
func lockFile(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w (if there is none, delete %s)", errBusy, path)
	}
	if err != nil {
		return nil, err
	}
	_ = file.Close() // it holds nothing
	return func() { _ = os.Remove(path) }, nil
}
