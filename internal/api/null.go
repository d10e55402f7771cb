package api

import (
	"fmt"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/fault"
)

// checkNulls refuses null where a number belongs, also where the number may be
// left out: a variable that was never set would confirm the whole amount, or
// lift a limit. The fault is Invalid: wrong_type, at the first such place.
func checkNulls(r huma.Registry, s *huma.Schema, place string, value any) error {
	for s != nil && s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	if s == nil {
		return nil
	}
	switch v := value.(type) {
	case nil:
		if isNumber(s) && !s.Nullable {
			return fault.BadField(place, "wrong_type", "This is a number; leave it out if there is none.")
		}
	case []any:
		for i, item := range v {
			if err := checkNulls(r, s.Items, fmt.Sprintf("%s[%d]", place, i), item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := checkNulls(r, s.Properties[name], place+"."+name, v[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// isNumber says whether a schema is a number's, or an amount's.
func isNumber(s *huma.Schema) bool {
	return s.Type == huma.TypeNumber || s.Type == huma.TypeInteger || slices.ContainsFunc(s.OneOf, isNumber)
}
