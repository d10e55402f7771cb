package house

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	inlineLink = regexp.MustCompile(`\]\(([^)\s]+)`)
	fencedCode = regexp.MustCompile("(?ms)^```.*?^```")
	heading    = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// deadLinks lists the links of the pages that lead to no file of the repository,
// or to no heading of one. Addresses elsewhere are not looked at.
func deadLinks(repository fs.FS, pages []string) (dead []string, seen int, err error) {
	for _, page := range pages {
		text, err := fs.ReadFile(repository, page)
		if err != nil {
			return nil, 0, err
		}
		for _, found := range inlineLink.FindAllStringSubmatch(fencedCode.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			seen++
			file, fragment, _ := strings.Cut(found[1], "#")
			target := page
			if file != "" {
				target = path.Join(path.Dir(page), file)
			}
			if _, err := fs.Stat(repository, target); err != nil || fragment != "" && !slices.Contains(slugs(repository, target), fragment) {
				dead = append(dead, page+": "+found[1])
			}
		}
	}
	return dead, seen, nil
}

// slugs are the names that a page's headings get.
func slugs(repository fs.FS, page string) (all []string) {
	text, err := fs.ReadFile(repository, page)
	if err != nil {
		return nil
	}
	for _, found := range heading.FindAllStringSubmatch(fencedCode.ReplaceAllString(string(text), ""), -1) {
		slug := notInSlugs.ReplaceAllString(strings.ToLower(found[1]), "")
		all = append(all, strings.ReplaceAll(slug, " ", "-"))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	repository := os.DirFS(root)
	pages, err := fs.Glob(repository, "docs/*.md")
	if err != nil || len(pages) < 3 {
		t.Fatal(pages, err)
	}
	dead, seen, err := deadLinks(repository, append(pages, "README.md"))
	if err != nil || seen < 3 {
		t.Fatalf("%d links: %v", seen, err)
	}
	for _, link := range dead {
		t.Error(link)
	}
}

// TestLinksObject proves that the test above can fail.
func TestLinksObject(t *testing.T) {
	t.Parallel()
	dead, seen, err := deadLinks(fstest.MapFS{
		"README.md": {Data: []byte("# A\n[1](docs/a.md) [2](docs/b.md) [3](#a) [4](#b) [5](docs/a.md#how-it-works) [6](https://example.com/x)\n```\n[7](gone)\n```\n")},
		"docs/a.md": {Data: []byte("## How it works?\n[8](../README.md) [9](README.md)\n")},
	}, []string{"README.md", "docs/a.md"})
	if got := strings.Join(dead, ", "); err != nil || seen != 7 || got != "README.md: docs/b.md, README.md: #b, docs/a.md: README.md" {
		t.Errorf("%d, %s, %v", seen, got, err)
	}
}
