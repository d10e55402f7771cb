package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc, which Linux fixes at 100 a second.
const tick = 10 * time.Millisecond

// proc is one line of /proc/<pid>/stat. Where there is no /proc, everything is
// zero and the report leaves it out.
type proc struct {
	pid, parent int
	// own is the process's time on a CPU, reaped that of its children that have
	// ended.
	own, reaped time.Duration
}

func readProc(pid int) (proc, bool) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return proc{}, false
	}
	// The name is in parentheses and may hold anything.
	text := string(content)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return proc{}, false
	}
	number := func(i int) time.Duration {
		n, _ := strconv.Atoi(fields[i]) // the kernel writes digits
		return time.Duration(n)
	}
	return proc{pid: pid, parent: int(number(1)), own: (number(11) + number(12)) * tick, reaped: (number(13) + number(14)) * tick}, true
}

func parentOf(pid int) int {
	p, _ := readProc(pid)
	return p.parent
}

// cpuOf is the CPU time of one process.
func cpuOf(pid int) time.Duration {
	p, _ := readProc(pid)
	return p.own
}

// cpuOfFamily is the CPU time of a process and its children, those that have
// ended included.
func cpuOfFamily(pid int) time.Duration {
	parent, ok := readProc(pid)
	if !ok {
		return 0
	}
	total := parent.own + parent.reaped
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProc(child); ok && p.parent == pid {
			total += p.own
		}
	}
	return total
}

// residentOf is a process's memory now and at its highest, in MiB.
func residentOf(pid int) (now, highest float64) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(line, ":")
		kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			now = kib / 1024
		case "VmHWM":
			highest = kib / 1024
		}
	}
	return now, highest
}
