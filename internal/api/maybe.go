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
