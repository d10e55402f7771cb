package api

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDocumentLintObjects proves that the lint can fail: each change makes a
// good document a bad one.
func TestDocumentLintObjects(t *testing.T) {
	t.Parallel()
	_, served := documents(t)
	type node = map[string]any
	at := func(n node, path ...string) node {
		for _, p := range path {
			n = n[p].(node)
		}
		return n
	}
	for want, spoil := range map[string]func(paths, schemas node){
		"is missing or taken": func(paths, _ node) {
			at(paths, "/v1/authorize", "post")["operationId"] = at(paths, "/v1/agents", "get")["operationId"]
		},
		"has no summary":               func(paths, _ node) { delete(at(paths, "/v1/authorize", "post"), "summary") },
		"and not one that is declared": func(paths, _ node) { at(paths, "/v1/authorize", "post")["tags"] = []any{"Odd"} },
		"does not say who may call it": func(paths, _ node) { delete(at(paths, "/v1/authorize", "post"), "security") },
		"can answer 422":               func(paths, _ node) { delete(at(paths, "/v1/authorize", "post", "responses"), "422") },
		"can answer 401":               func(paths, _ node) { delete(at(paths, "/v1/authorize", "post", "responses"), "401") },
		"answers 422 as application/problem+json": func(paths, _ node) {
			at(paths, "/v1/authorize", "post", "responses", "422", "content", problemType, "schema")["$ref"] = "#/components/schemas/Agent"
		},
		"never succeeds": func(paths, _ node) {
			responses := at(paths, "/v1/authorize", "post", "responses")
			delete(responses, "200")
			delete(responses, "202")
		},
		"does not declare {id}":      func(paths, _ node) { delete(at(paths, "/v1/agents/{id}", "get"), "parameters") },
		"an empty schema":            func(_, schemas node) { at(schemas, "Agent", "properties")["name"] = node{} },
		"an object of nothing":       func(_, schemas node) { at(schemas, "Agent", "properties")["name"] = node{"type": "object"} },
		"requires shoe_size":         func(_, schemas node) { at(schemas, "Agent")["required"] = []any{"shoe_size"} },
		"nothing refers to":          func(_, schemas node) { schemas["Lonely"] = node{"type": "string"} },
		"invalid example":            func(_, schemas node) { at(schemas, "SpendRequest", "properties", "expires_in")["example"] = "soon" },
		"invalid components: schema": func(_, schemas node) { at(schemas, "Agent")["type"] = "thing" },
	} {
		var document node
		if err := json.Unmarshal(served["3.0"], &document); err != nil {
			t.Fatal(err)
		}
		spoil(at(document, "paths"), at(document, "components", "schemas"))
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(objections(text), "\n"); !strings.Contains(got, want) {
			t.Errorf("nothing says %q, only %q", want, got)
		}
	}
}
