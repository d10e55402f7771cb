package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheScript walks from sign-up to money spent with the program as a shell
// finds it: testdata/journey.sh.
func TestTheScript(t *testing.T) {
	t.Parallel()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	programs, work := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(programs, "purser"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mailbox := "#!/bin/sh\nexec '" + os.Args[0] + "' as-mailbox \"$@\"\n"
	if err := os.WriteFile(filepath.Join(programs, "mailbox"), []byte(mailbox), 0o700); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/journey.sh")
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", script)
	shell.Dir = work
	shell.Env = []string{"PATH=" + programs + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + work, "PURSER_SERVER=" + s.address}
	out, err := shell.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "\ndone\n") {
		t.Fatalf("%v:\n%s", err, out)
	}
}
