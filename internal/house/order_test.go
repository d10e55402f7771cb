// Package house is nothing but tests that keep the building in order: which
// package may import which, that every query names its tenant, and that the
// schema can be cut by tenant.
package house

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/getpurser/purser/"

// floors lists every package, from the ground up. A package imports from lower
// floors only: neither its siblings nor above. One that is not here fails: it
// needs a place first.
var floors = [][]string{
	{"wire"},
	{"fault", "ident", "pack", "lookalike", "sheet", "access/clerkstand", "client", "db", "migrations", "static", "verify", "postgres/embedded", "api/apitestclient", "web/browsertest",
		"rails/cards/iso8583/acquirer"},
	{"postgres", "money", "audit/proof", "notify/mail", "notify/safedial", "linear"},
	{"postgres/pgtest"},
	{"postgres/pgtest/run"},
	{"audit", "meter", "once", "sign", "vault", "x402"},
	{"company", "ledger", "policy"},
	{"notify", "rails/cards/cardtest"},
	{"spend", "notify/webhooks", "access"},
	{"rails/*", "messages"},
	{"rails/cards/*"},
	{"demo", "reconcile"},
	{"api"},
	{"views"},
	{"web", "mcp"},
	{"cmd/*", "house", "bench", "mutants"},
}

// only says who may import a thing, where the floors alone would let more. The
// key is a package of ours, or any other import path with all below it.
var only = map[string][]string{
	// Rows stay with the features that turn them into types of their own.
	"db": {"audit", "meter", "once", "sign", "company", "ledger", "policy", "spend", "notify", "notify/webhooks", "access", "rails/*", "rails/cards/*", "messages", "demo", "reconcile"},
	// The embedded server is the composition root's, and the tests'.
	"postgres/embedded":        {"postgres", "postgres/pgtest", "postgres/pgtest/run", "cmd/*", "bench"},
	"postgres/pgtest":          {"postgres/pgtest/run"}, // and every test
	"api/apitestclient":        {},                      // tests, and nothing else
	"linear":                   {},                      // the same
	"web/browsertest":          {},                      // the same
	"rails/cards/cardtest":     {},                      // the same
	"access/clerkstand":        {},                      // the same
	"views":                    {"web"},
	"client":                   {"mcp", "cmd/*"},
	"github.com/labstack/echo": {"api", "web", "access", "cmd/web"},
	"github.com/danielgtaylor": {"api", "cmd/web"},
	"github.com/a-h/templ":     {"views", "web"},
	// One way to the database.
	"github.com/jackc/pgx/v5/pgxpool": {"postgres"},
	"github.com/jackc/pgx/v5/stdlib":  {"postgres"},
	"database/sql":                    {"postgres", "db"},
	// Jobs are stored and worked off in one way too.
	"github.com/riverqueue/river": {"postgres", "notify", "notify/*", "messages", "reconcile", "cmd/web"},
	"testing":                     {"postgres/pgtest", "web/browsertest"}, // and every test
	"github.com/chromedp":         {"web/browsertest"},                    // and tests
	// What reads an OpenAPI document, or was made of one, stays out of the server.
	"github.com/oapi-codegen": {"api/apitestclient"},
	"github.com/getkin":       {}, // tests
	"github.com/anishathalye": {"linear"},
	// What a card network says is read at its door, and played by a peer of its own.
	"github.com/moov-io": {"rails/cards/iso8583", "rails/cards/iso8583/acquirer"},
	// A provider is known to its adapter alone.
	"github.com/stripe": {"rails/cards/stripe"},
	// Card numbers are sealed in one place.
	"github.com/tink-crypto": {"vault"},
}

// few says what little of ours a package may import, where the floors would let
// it have more.
var few = map[string][]string{
	"mcp":                          {"client", "money", "ident"},
	"cmd/purser":                   {"client", "mcp", "money", "ident", "audit/proof", "verify", "x402"},
	"bench":                        {"postgres/embedded", "ident"}, // knows the server from outside
	"audit/proof":                  {},                             // runs offline, in anyone's hands
	"verify":                       {},                             // the same
	"rails/cards/iso8583/acquirer": {},                             // a peer that is not ours
	"views": {"static", "money", "ident", "audit", "audit/proof", "company", "ledger", "policy", "spend", "notify/webhooks", "access",
		"messages", "meter", "sign", "lookalike", "rails/*", "reconcile"},
}

// importing is one import of one file.
type importing struct {
	from, to string // without the module's name and internal/
	test     bool
}

// objection says why an import is against the order, or is empty.
func objection(i importing) string {
	from, ours := floorOf(i.from), strings.HasPrefix(i.to, module)
	to := short(i.to)
	if from < 0 {
		return i.from + " is on no floor"
	}
	if to == i.from {
		return "" // an external test of the package
	}
	if i.test && slices.Contains([]string{"postgres/pgtest", "api/apitestclient", "linear", "access/clerkstand", "web/browsertest", "rails/cards/cardtest", "testing"}, to) {
		return ""
	}
	if ours && floorOf(to) < 0 {
		return to + " is on no floor"
	}
	if ours && floorOf(to) >= from {
		return fmt.Sprintf("%s may not import %s, which is not below it", i.from, to)
	}
	if ours && !i.test && tooMuch(i.from, to) {
		return fmt.Sprintf("%s may import little, and %s is not part of that", i.from, to)
	}
	for what, who := range only {
		if within(to, what) && !matches(i.from, who) && !(i.test && floorOf(what) < 0) {
			return fmt.Sprintf("only %s may import %s, not %s", strings.Join(who, ", "), what, i.from)
		}
	}
	return ""
}

func tooMuch(from, to string) bool {
	allowed, limited := few[from]
	return limited && !matches(to, allowed)
}

// within reports whether an import path is the thing or below it. Packages of
// ours are only themselves.
func within(importPath, what string) bool {
	return importPath == what || floorOf(what) < 0 && strings.HasPrefix(importPath, what+"/")
}

// short names a package of ours without the module's name and internal/.
func short(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "internal/")
}

func floorOf(pkg string) int {
	return slices.IndexFunc(floors, func(floor []string) bool { return matches(pkg, floor) })
}

func matches(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, pkg)
		return ok && err == nil
	})
}

// imports reads every Go file below the root, whatever its build tags.
func imports(root fs.FS) (found []importing, err error) {
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || base == "tools") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found = append(found, importing{short(module + path.Dir(name)), to, strings.HasSuffix(name, "_test.go")})
		}
		return nil
	})
	return found, err
}
