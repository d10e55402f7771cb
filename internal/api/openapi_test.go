package api

import (
	"os"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// TestDocument holds the OpenAPI document to what a linter asks for. With
// OPENAPI_OUT set to a file, it is also written there, for tools outside.
func TestDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	document := w.anybody().want(200, "", "GET", "/v3/api-docs", nil)
	older := w.anybody().want(200, "", "GET", "/v3/api-docs?version=3.0", nil)
	if document.text("openapi") != "3.1.0" || older.text("openapi") != "3.0.3" {
		t.Errorf("versions: %s, %s", document.text("openapi"), older.text("openapi"))
	}
	if out := os.Getenv("OPENAPI_OUT"); out != "" {
		for name, a := range map[string]answer{"": document, ".3.0.json": older} {
			if err := os.WriteFile(out+name, a.body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	ids := map[string]bool{}
	for path, methods := range operations(w.api.huma.OpenAPI()) {
		for method, op := range methods {
			checkOperation(t, method+" "+path, op)
			if ids[op.OperationID] {
				t.Errorf("%s is twice", op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
}

func checkOperation(t *testing.T, name string, op *huma.Operation) {
	t.Helper()
	if op.OperationID == "" || op.Summary == "" || op.Description == "" || len(op.Tags) != 1 || len(op.Security) == 0 {
		t.Errorf("%s is half described: %q %q %v", name, op.Summary, op.Description, op.Tags)
	}
	for status, r := range op.Responses {
		if r.Description == "" || len(r.Content) == 0 && status != "204" {
			t.Errorf("%s %s is half described", name, status)
		}
		for kind := range r.Content {
			if (kind == problemType) != (status >= "400") {
				t.Errorf("%s %s is %s", name, status, kind)
			}
		}
	}
	for _, p := range op.Parameters {
		if p.Description == "" {
			t.Errorf("%s: the parameter %s is not described", name, p.Name)
		}
	}
}
