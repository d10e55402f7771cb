package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// operations are the OpenAPI document's, by path and method.
func operations(d *huma.OpenAPI) map[string]map[string]*huma.Operation {
	out := map[string]map[string]*huma.Operation{}
	for path, item := range d.Paths {
		out[path] = map[string]*huma.Operation{}
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil {
				out[path][method] = op
			}
		}
	}
	return out
}

// operationOf finds what a request calls; nil outside the document. A path
// without parameters wins.
func operationOf(d *huma.OpenAPI, method, address string) *huma.Operation {
	address, _, _ = strings.Cut(address, "?")
	var found *huma.Operation
	for path, methods := range operations(d) {
		if op := methods[method]; op != nil && fits(path, address) && (found == nil || !strings.Contains(path, "{")) {
			found = op
		}
	}
	return found
}

func fits(pattern, address string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(address, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && (!strings.HasPrefix(want[i], "{") || got[i] == "") {
			return false
		}
	}
	return true
}

// described holds an answer against the document: its status, its type and its
// body. Every test of the whole API passes here.
func described(t testing.TB, d *huma.OpenAPI, method, path string, status int, header http.Header, body []byte) {
	t.Helper()
	op := operationOf(d, method, path)
	if op == nil {
		return
	}
	r, ok := op.Responses[strconv.Itoa(status)]
	if !ok {
		t.Errorf("%s answers %d, which the document does not say: %s", op.OperationID, status, body)
		return
	}
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	media, ok := r.Content[kind]
	if !ok {
		t.Errorf("%s answers %d as %q, which the document does not say", op.OperationID, status, kind)
		return
	}
	if !strings.HasSuffix(kind, "json") || kind == ndjson {
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Errorf("%s: %v", op.OperationID, err)
		return
	}
	at, result := huma.NewPathBuffer([]byte{}, 0), &huma.ValidateResult{}
	huma.Validate(d.Components.Schemas, media.Schema, at, huma.ModeReadFromServer, value, result)
	for _, err := range result.Errors {
		t.Errorf("%s answers %d not as described: %v", op.OperationID, status, err)
	}
}
