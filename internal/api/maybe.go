package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// maybe is a T or null.
type maybe[T any] struct{ value *T }

// some is a T that is there.
func some[T any](v T) maybe[T] { return maybe[T]{&v} }

// Schema is T's, or null.
func (maybe[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// MarshalJSON writes the value or null.
func (m maybe[T]) MarshalJSON() ([]byte, error) {
	if m.value == nil {
		return []byte("null"), nil
	}
	return encode(*m.value)
}

// nullable30 rewrites what maybe says for OpenAPI 3.0, which has no type null.
func nullable30(node any) {
	switch v := node.(type) {
	case map[string]any:
		if one, ok := v["anyOf"].([]any); ok && len(one) == 2 {
			if last, ok := one[1].(map[string]any); ok && last["type"] == "null" {
				delete(v, "anyOf")
				v["allOf"], v["nullable"] = one[:1], true
			}
		}
		for _, child := range v {
			nullable30(child)
		}
	case []any:
		for _, child := range v {
			nullable30(child)
		}
	}
}
