package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestDocumentLints holds both documents to the specification, which includes
// that examples fit their schemas, and to the rules below.
func TestDocumentLints(t *testing.T) {
	t.Parallel()
	_, served := documents(t)
	for version, text := range served {
		for _, why := range objections(text) {
			t.Errorf("%s: %s", version, why)
		}
	}
}

// objections says what is wrong with an OpenAPI document.
func objections(text []byte) []string {
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(text)
	if err != nil {
		return []string{err.Error()}
	}
	l := &lint{document: document, ids: map[string]bool{}, used: map[string]bool{}, seen: map[*openapi3.Schema]bool{}}
	if err := document.Validate(context.Background(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaDefaultsValidation(), openapi3.EnableSchemaPatternValidation()); err != nil {
		l.say("invalid: %v", err)
	}
	for path, item := range document.Paths.Map() {
		for method, op := range item.Operations() {
			l.operation(method+" "+path, path, op)
		}
	}
	for name := range document.Components.Schemas {
		if !l.used["#/components/schemas/"+name] {
			l.say("nothing refers to the schema %s", name)
		}
	}
	slices.Sort(l.found)
	return l.found
}

// lint is one look at one document.
type lint struct {
	document  *openapi3.T
	ids, used map[string]bool
	seen      map[*openapi3.Schema]bool
	found     []string
}

func (l *lint) say(format string, args ...any) {
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

func (l *lint) operation(name, path string, op *openapi3.Operation) {
	if op.OperationID == "" || l.ids[op.OperationID] {
		l.say("%s: the operationId %q is missing or taken", name, op.OperationID)
	}
	l.ids[op.OperationID] = true
	if op.Summary == "" || op.Description == "" {
		l.say("%s has no summary or no description", name)
	}
	if len(op.Tags) != 1 || l.document.Tags.Get(op.Tags[0]) == nil {
		l.say("%s has the tags %v, and not one that is declared", name, op.Tags)
	}
	if op.Security == nil || len(*op.Security) == 0 {
		l.say("%s does not say who may call it", name)
	}
	l.parameters(name, path, op)
	if op.RequestBody != nil {
		l.content(name+" body", op.RequestBody.Value.Content)
	}
	l.answers(name, op)
}

func (l *lint) parameters(name, path string, op *openapi3.Operation) {
	for _, p := range op.Parameters {
		if p.Value.Description == "" || p.Value.Schema == nil {
			l.say("%s: the parameter %s is half described", name, p.Value.Name)
			continue
		}
		l.schema(name+" "+p.Value.Name, p.Value.Schema)
	}
	for _, part := range strings.Split(path, "/") {
		if in, ok := strings.CutPrefix(part, "{"); ok && op.Parameters.GetByInAndName("path", strings.TrimSuffix(in, "}")) == nil {
			l.say("%s does not declare %s", name, part)
		}
	}
}

// answers wants a success, problems and nothing but problems from 400 on, and
// the refusals that everybody behind a gate can get.
func (l *lint) answers(name string, op *openapi3.Operation) {
	must := []string{"422", "429", "500", "503"}
	if op.Security != nil && !slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 }) {
		must = append(must, "401", "403")
	}
	for _, status := range must {
		if op.Responses.Value(status) == nil {
			l.say("%s does not say that it can answer %s", name, status)
		}
	}
	succeeds := false
	for status, r := range op.Responses.Map() {
		succeeds = succeeds || status < "300"
		for kind, media := range r.Value.Content {
			problem := kind == problemType && media.Schema != nil && media.Schema.Ref == "#/components/schemas/Problem"
			if problem != (status >= "400") {
				l.say("%s answers %s as %s", name, status, kind)
			}
		}
		if len(r.Value.Content) == 0 && status != "204" {
			l.say("%s answers %s with nothing", name, status)
		}
		for header, h := range r.Value.Headers {
			l.schema(name+" "+header, h.Value.Schema)
		}
		l.content(name+" "+status, r.Value.Content)
	}
	if !succeeds {
		l.say("%s never succeeds", name)
	}
}

func (l *lint) content(where string, content openapi3.Content) {
	for kind, media := range content {
		l.schema(where+" "+kind, media.Schema)
	}
}

// schema wants every schema to say what it allows, down to the last.
func (l *lint) schema(where string, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil {
		l.say("%s has no schema", where)
		return
	}
	l.used[ref.Ref] = true
	s := ref.Value
	if l.seen[s] {
		return
	}
	l.seen[s] = true
	parts := slices.Concat(s.OneOf, s.AnyOf, s.AllOf)
	additional := s.AdditionalProperties.Has != nil || s.AdditionalProperties.Schema != nil
	switch {
	case s.Type == nil && len(parts) == 0 && len(s.Enum) == 0:
		l.say("%s: an empty schema", where)
	case s.Type.Is("object") && len(s.Properties) == 0 && len(parts) == 0 && !additional:
		l.say("%s: an object of nothing that is known", where)
	case s.Type.Is("array") && s.Items == nil:
		l.say("%s: an array of anything", where)
	}
	for name, property := range s.Properties {
		l.schema(where+"."+name, property)
	}
	for _, name := range s.Required {
		if s.Properties[name] == nil {
			l.say("%s requires %s, which it does not have", where, name)
		}
	}
	for _, part := range parts {
		l.schema(where, part)
	}
	if s.Items != nil {
		l.schema(where+"[]", s.Items)
	}
	if s.AdditionalProperties.Schema != nil {
		l.schema(where+".*", s.AdditionalProperties.Schema)
	}
}
