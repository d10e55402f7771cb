package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Signal sends a signal to every process of the node. SIGSTOP is a machine that
// hangs, SIGKILL one that has lost its power but kept its disk.
func (n *Node) Signal(signal syscall.Signal) {
	n.t.Helper()
	SignalAll(n.running.Process.Pid, signal)
	if signal == syscall.SIGKILL {
		<-n.ended
	}
}

// SignalAll sends a signal to a postmaster and everything that it has started.
// Those that are killed stand still before the first one goes, so that none can
// put its things in order.
func SignalAll(postmaster int, signal syscall.Signal) {
	all := append([]int{postmaster}, children(postmaster)...)
	for _, pid := range all {
		if signal == syscall.SIGKILL {
			_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
		}
	}
	for _, pid := range all {
		_ = syscall.Kill(pid, signal)
	}
}

// SignalWriter sends a signal to the process of a postmaster that writes its log
// ahead for those who do not wait for it.
func SignalWriter(postmaster int, signal syscall.Signal) error {
	for _, pid := range children(postmaster) {
		title, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have ended
		if strings.Contains(string(title), "walwriter") {
			return syscall.Kill(pid, signal)
		}
	}
	return fmt.Errorf("postmaster %d has no walwriter", postmaster)
}

// children lists what a process has started and what still runs.
func children(parent int) []int {
	var found []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		name := strings.LastIndex(string(raw), ") ")
		if fields := strings.Fields(string(raw[name+1:])); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // digits
			found = append(found, pid)
		}
	}
	return found
}
