package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTokenExamples runs the programs of docs/verify.md, word for word, on a
// server's token. What cannot run for want of a language or of npm's registry
// is left out; .ci/outfit says so.
func TestTokenExamples(t *testing.T) {
	t.Parallel()
	r := start(t)
	token := quickstart(t, r.url)
	spoilt := token[:strings.LastIndex(token, ".")+1] + strings.Repeat("A", 342)
	for language, run := range map[string]func(*testing.T, string) *exec.Cmd{"go": goExample, "js": nodeExample, "python": pythonExample} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			program := run(t, example(t, "verify.md", language))
			if program == nil {
				return
			}
			good := exec.CommandContext(t.Context(), program.Path, append(program.Args[1:], r.url, token)...)
			good.Dir, good.Env = program.Dir, program.Env
			if out, err := good.CombinedOutput(); err != nil || string(out) != "APPROVED 249.99 usd\n" {
				t.Errorf("%v: %s", err, out)
			}
			bad := exec.CommandContext(t.Context(), program.Path, append(program.Args[1:], r.url, spoilt)...)
			bad.Dir, bad.Env = program.Dir, program.Env
			if out, err := bad.CombinedOutput(); err == nil {
				t.Errorf("it takes a token that nobody signed: %s", out)
			}
		})
	}
}

// example writes a page's program in a language to a directory of its own.
func example(t *testing.T, document, language string) (file string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("../../docs", document))
	if err != nil {
		t.Fatal(err)
	}
	_, code, begun := strings.Cut(string(page), "\n```"+language+"\n")
	code, _, ended := strings.Cut(code, "\n```\n")
	if !begun || !ended {
		t.Fatalf("docs/%s has no example in %s", document, language)
	}
	name := map[string]string{"go": "main.go", "js": "verify.mjs", "python": "verify.py"}[language]
	file = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(code+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// goExample builds the program with the modules of this repository.
func goExample(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	program := filepath.Join(filepath.Dir(file), "verify")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return exec.Command(program)
}

// nodeExample installs jose from the lock file of tools/node.
func nodeExample(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Log("LEFT OUT: there is no Node.js")
		return nil
	}
	dir := filepath.Dir(file)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("../../tools/node", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=1")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("npm: %v: %s", err, out)
		}
		t.Logf("LEFT OUT: npm cannot install jose: %v: %s", err, out)
		return nil
	}
	return exec.Command("node", file)
}

// pythonExample parses the program, and runs it where PyJWT and cryptography
// are installed.
func pythonExample(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Log("LEFT OUT: there is no Python")
		return nil
	}
	if out, err := exec.CommandContext(t.Context(), "python3", "-m", "py_compile", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if exec.CommandContext(t.Context(), "python3", "-c", "import cryptography, jwt; jwt.PyJWKClient").Run() != nil {
		t.Log("LEFT OUT: the example was parsed and not run: there is no PyJWT with cryptography")
		return nil
	}
	return exec.Command("python3", file)
}
