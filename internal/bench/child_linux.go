package main

import (
	"os"
	"syscall"
	"time"
)

// attributes let no server outlive a run that was killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }

// datasync brings a file's content to the disk, as PostgreSQL does at a commit.
func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// pause sleeps in the kernel: the timers of an idle Go process are a
// millisecond late, as much as what is measured.
func pause(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // one that is interrupted is asked for again
}
