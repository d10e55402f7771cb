package api

import (
	"encoding/json"
	"maps"
)

// downgraded is the document for tools that know only OpenAPI 3.0.
func (a *API) downgraded() ([]byte, error) {
	b, err := a.huma.OpenAPI().Downgrade()
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := json.Unmarshal(b, &document); err != nil {
		return nil, err
	}
	delete(document, "webhooks") // which 3.0 does not know
	for30(document)
	return json.Marshal(document)
}

// for30 rewrites what huma's downgrade leaves: several examples, what may be
// null beside its own schema, and what stands beside a reference.
func for30(node any) {
	switch v := node.(type) {
	case map[string]any:
		for _, child := range v {
			for30(child)
		}
		if _, list := v["examples"].([]any); list {
			delete(v, "examples")
		}
		nullable30(v)
		if ref, ok := v["$ref"].(string); ok && len(v) > 1 {
			delete(v, "$ref")
			v["allOf"] = []any{map[string]any{"$ref": ref}}
		}
	case []any:
		for _, child := range v {
			for30(child)
		}
	}
}

// nullable30 turns "this or null" into the flag that 3.0 has for it.
func nullable30(v map[string]any) {
	one, ok := v["anyOf"].([]any)
	if !ok || len(one) != 2 {
		return
	}
	schema, isSchema := one[0].(map[string]any)
	null, isNull := one[1].(map[string]any)
	if !isSchema || !isNull || null["type"] != "null" {
		return
	}
	delete(v, "anyOf")
	v["nullable"] = true
	if _, isRef := schema["$ref"]; isRef {
		v["type"], v["allOf"] = "object", []any{schema}
		return
	}
	description := v["description"]
	maps.Copy(v, schema)
	if description != nil {
		v["description"] = description
	}
}
