//go:build unix && !linux

package main

import (
	"os"
	"syscall"
	"time"
)

func attributes() *syscall.SysProcAttr { return nil }

func datasync(f *os.File) error { return f.Sync() }

func pause(d time.Duration) { time.Sleep(d) }
