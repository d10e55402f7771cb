package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMatchKeepsToTheData(t *testing.T) {
	t.Parallel()
	have := []binaries{{dir: "/a", major: 17}, {dir: "/b", major: 15}}
	if b, err := match(have, []int{15}, "/d"); err != nil || b.dir != "/b" {
		t.Errorf("data of 15 was given %v, %v", b, err)
	}
	if _, err := match(have, []int{16}, "/d"); err == nil || !strings.Contains(err.Error(), "PostgreSQL 16") {
		t.Errorf("data of 16 without its programs: %v", err)
	}
	if b := newest(have); b.major != 17 {
		t.Errorf("the newest is said to be %d", b.major)
	}
}

func TestBadPGBin(t *testing.T) {
	t.Setenv("PG_BIN", t.TempDir())
	_, err := Start(t.Context(), Options{DataDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "PG_BIN=") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %v", err)
	}
}

func TestNothingToStart(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := fetch(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Fatalf("without npm: %v", err)
	}
}

func TestLinkLibraries(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	lib := filepath.Join(root, "native", "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"native/lib/libx.so.1.2":  "the library",
		"native/pg-symlinks.json": `[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so.1"}]`,
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a second time changes nothing
		if err := linkLibraries(filepath.Join(root, "native")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(lib, "libx.so.1"))
	if err != nil || string(got) != "the library" {
		t.Fatalf("%q %v", got, err)
	}
}
