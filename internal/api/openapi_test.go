package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// versions are those that the OpenAPI document is served in, and what each
// calls itself.
var versions = map[string]string{"3.1": "3.1.0", "3.0": "3.0.3"}

// documents are what a server serves, by version. They come from the handlers'
// types alone, so nothing stands behind this API.
func documents(t *testing.T) (*huma.OpenAPI, map[string][]byte) {
	t.Helper()
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &API{base: worldBase, log: slog.New(slog.DiscardHandler), metrics: m, seal: newSeal([]byte("key"))}
	e := echo.New()
	a.mount(e, (*API).registerAll)
	all := map[string][]byte{}
	for version := range versions {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v3/api-docs?version="+version, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", version, w.Code, w.Body)
		}
		all[version] = w.Body.Bytes()
	}
	return a.huma.OpenAPI(), all
}

// TestDocument holds the OpenAPI document to what a reader asks for. With
// OPENAPI_OUT set to a directory (make openapi), the documents are also written
// there, for tools outside: 3.1.json and 3.0.json.
func TestDocument(t *testing.T) {
	t.Parallel()
	document, served := documents(t)
	for version, text := range served {
		var says struct{ OpenAPI string }
		if err := json.Unmarshal(text, &says); err != nil || says.OpenAPI != versions[version] {
			t.Errorf("%s is %q: %v", version, says.OpenAPI, err)
		}
		if out := os.Getenv("OPENAPI_OUT"); out != "" {
			if err := os.WriteFile(filepath.Join(out, version+".json"), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, methods := range operations(document) {
		for method, op := range methods {
			checkOperation(t, method+" "+path, op)
		}
	}
}

// TestServedDocument shows that a whole server serves the same document.
func TestServedDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, served := documents(t)
	for version, text := range served {
		if got := w.anybody().want(200, "", "GET", "/v3/api-docs?version="+version, nil); string(got.body) != string(text) {
			t.Errorf("the server's document %s is another", version)
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
