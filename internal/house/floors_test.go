package house

import (
	"os"
	"testing"
	"testing/fstest"
)

// root is the repository, seen from this package.
const root = "../.."

func TestFloors(t *testing.T) {
	t.Parallel()
	found, err := imports(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 50 {
		t.Fatalf("only %d imports were found: this test looks at the wrong place", len(found))
	}
	said := map[string]bool{}
	for _, i := range found {
		if why := objection(i); why != "" && !said[why] {
			said[why] = true
			t.Error(why)
		}
	}
}

// TestFloorsObject proves that the test above can fail.
func TestFloorsObject(t *testing.T) {
	t.Parallel()
	const ours = module + "internal/"
	for _, i := range []importing{
		{"fault", ours + "ident", false},           // siblings
		{"postgres", ours + "audit", false},        // up
		{"spend", ours + "notify/webhooks", false}, // siblings
		{"rails/cards", ours + "rails/ibans", false},
		{"company", ours + "spend", false},
		{"api", ours + "web", false},
		{"api", ours + "db", false}, // rows do not leave the features
		{"web", ours + "db", false},
		{"web", ours + "mcp", false},
		{"cmd/web", ours + "db", false},
		{"views", ours + "api", false},
		{"views", ours + "postgres", false},
		{"views", ours + "fault", false},
		{"api", module + "views", false},
		{"cmd/purser", ours + "spend", false},
		{"cmd/purser", ours + "postgres", false},
		{"mcp", ours + "spend", false},
		{"client", ours + "fault", false},
		{"spend", ours + "postgres/pgtest", false}, // outside a test
		{"spend", ours + "postgres/embedded", true},
		{"spend", ours + "api", true}, // a test is no excuse
		{"spend", "github.com/labstack/echo/v4", false},
		{"ledger", "github.com/labstack/echo/v4/middleware", false},
		{"spend", "github.com/jackc/pgx/v5/pgxpool", false},
		{"spend", "database/sql", false},
		{"spend", "testing", false},
		{"api", ours + "api/apitestclient", false},
		{"cmd/web", ours + "api/apitestclient", false},
		{"web", ours + "access/clerkstand", false},
		{"api", "github.com/getkin/kin-openapi/openapi3", false},
		{"client", "github.com/oapi-codegen/runtime", false},
		{"util", "fmt", false}, // on no floor
		{"spend", ours + "common", false},
		{"spend/deep", ours + "fault", false},
	} {
		if objection(i) == "" {
			t.Errorf("nobody minds that %s imports %s (in a test: %v)", i.from, i.to, i.test)
		}
	}
}

func TestFloorsAllow(t *testing.T) {
	t.Parallel()
	const ours = module + "internal/"
	for _, i := range []importing{
		{"spend", ours + "db", false},
		{"spend", ours + "postgres/pgtest", true},
		{"cmd/web", ours + "api/apitestclient", true},
		{"api", "github.com/getkin/kin-openapi/openapi3", true},
		{"api/apitestclient", "github.com/oapi-codegen/runtime/types", false},
		{"spend", ours + "spend", true},
		{"rails/cards", ours + "spend", false},
		{"api", ours + "rails/cards", false},
		{"web", module + "views", false},
		{"cmd/web", ours + "api", false},
		{"api", "github.com/labstack/echo/v4", false},
		{"spend", "github.com/jackc/pgx/v5", false},
		{"cmd/purser", ours + "client", false},
	} {
		if why := objection(i); why != "" {
			t.Error(why)
		}
	}
}

// TestFloorsRead has a tree with one wrong import in it, in a file whose build
// tag hides it from the compiler.
func TestFloorsRead(t *testing.T) {
	t.Parallel()
	found, err := imports(fstest.MapFS{
		"internal/fault/a.go":          {Data: []byte("//go:build never\npackage fault\nimport _ \"" + module + "internal/spend\"\n")},
		"internal/fault/a_test.go":     {Data: []byte("package fault_test\nimport . \"" + module + "internal/fault\"\n")},
		"node_modules/x/a.go":          {Data: []byte("not Go at all")},
		"internal/fault/testdata/a.go": {Data: []byte("not Go at all")},
	})
	if err != nil || len(found) != 2 {
		t.Fatal(found, err)
	}
	if objection(found[0]) == "" || objection(found[1]) != "" {
		t.Errorf("%v: %q, %v: %q", found[0], objection(found[0]), found[1], objection(found[1]))
	}
}
