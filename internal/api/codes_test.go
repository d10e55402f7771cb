package api

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// codePatterns are how the sources write the codes of errors.
var codePatterns = []*regexp.Regexp{
	regexp.MustCompile(`fault\.New\(fault\.\w+,\s*"([a-z_]+)"`),
	regexp.MustCompile(`fault\.BadField\([^,]+,\s*"([a-z_]+)"`),
	regexp.MustCompile(`[^.\w]bad\("([a-z_]+)"`),
	regexp.MustCompile(`\.bad\((?:"[a-z_]*"|\w+|item\("\w+", \w+\)),\s*"([a-z_]+)"`),
	regexp.MustCompile(`(?m)^\s*Code\w+\s*=\s*"([a-z_]+)"`),
}

func TestEveryCodeHasAPage(t *testing.T) {
	t.Parallel()
	known := codes()
	seen := 0
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || !strings.Contains("/"+path, "/internal/") && !strings.HasPrefix(path, "cmd/web/") {
			return err
		}
		source, err := os.ReadFile("../../" + path)
		for _, p := range codePatterns {
			for _, found := range p.FindAllSubmatch(source, -1) {
				seen++
				if code := string(found[1]); known[code] == "" && !strings.HasSuffix(code, "_") {
					t.Errorf("%s gives the code %s, which /problems/%s does not explain", path, code, code)
				}
			}
		}
		return err
	})
	if err != nil || seen < 100 {
		t.Errorf("%d codes read: %v", seen, err)
	}
}
