package api

import (
	"io"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/money"
)

// marshalTo is encode for huma. What is written already is written as it is.
func marshalTo(w io.Writer, v any) error {
	if p, ok := v.(interface{ written() []byte }); ok {
		_, err := w.Write(p.written())
		return err
	}
	b, err := encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// schemaName names a component after its Go type: List[Agent] is AgentList.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if of, ok := strings.CutPrefix(name, "List"); ok && strings.HasPrefix(t.Name(), "List[") {
		return of + "List"
	}
	return name
}

// amountIn documents money.Number: what a caller may write for an amount.
type amountIn struct{}

// Schema is a JSON number or a decimal string.
func (amountIn) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "An amount in major units: a JSON number or a decimal string, read exactly. More decimals than the currency has are refused.",
		OneOf:       []*huma.Schema{{Type: huma.TypeNumber, Format: "double"}, {Type: huma.TypeString, MaxLength: new(maxNumber)}},
		Examples:    []any{249.99, "249.99"},
	}
}

// amountOut documents money.Amount: a number with the currency's decimals.
type amountOut struct{}

// Schema is a JSON number.
func (amountOut) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Format: "double", Examples: []any{249.99},
		Description: "An amount in major units, with exactly the currency's decimals."}
}

// aliasSchemas makes the registry describe the types of other packages, which
// know nothing of OpenAPI.
func aliasSchemas(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[money.Number](), reflect.TypeFor[amountIn]())
	r.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[amountOut]())
}

// Figure is a number as it is already written: an amount or a count, exactly.
type Figure string

// MarshalJSON writes the number.
func (f Figure) MarshalJSON() ([]byte, error) { return []byte(f), nil }

// Schema is a number.
func (Figure) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Format: "double"}
}
