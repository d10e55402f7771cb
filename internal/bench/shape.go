package main

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// shapeOf reads what kind of machine this is; what cannot be read stays empty.
func shapeOf() machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), System: runtime.GOOS}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	if name := field("/etc/os-release", "PRETTY_NAME"); name != "" {
		m.System = strings.Trim(name, `"`)
	}
	kib, _ := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 64)
	m.Memory = kib / (1 << 20)
	content, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(content), " ")
	m.Load, _ = strconv.ParseFloat(first, 64)
	return m
}

// field is the value of the first line with that name.
func field(file, name string) string {
	content, _ := os.ReadFile(file) // there is none on other systems
	for line := range strings.Lines(string(content)) {
		key, value, found := strings.Cut(strings.Replace(line, "=", ":", 1), ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// commit names the source that was measured, where git knows it.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
