// Package proof is the part of the audit log that needs no database: the
// canonical form of an event, and the check of exports and proofs against a
// signed checkpoint. Anyone can do the same with any language's SHA-256:
//
// An event's canonical form is one JSON object with the members actor, agent,
// at, data, id, position, request_id, subject and type, written by RFC 8785
// (no white space, members sorted, shortest strings) except that numbers keep
// their literal. `at` is UTC with six decimals of a second. The NDJSON export
// has exactly these bytes in each line. A leaf of the tree is
// SHA-256(0x00 ‖ line without its line feed), an inner node
// SHA-256(0x01 ‖ left ‖ right), as in RFC 6962, and the event's position,
// from 0 and without gaps, is its leaf's index.
package proof

import (
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonicalize rewrites a JSON value in the canonical form. What is no JSON,
// or has a duplicate name, is an error; invalid UTF-8 becomes U+FFFD.
func Canonicalize(value json.RawMessage) (json.RawMessage, error) {
	v := jsontext.Value(append([]byte(nil), value...))
	err := v.Format(jsontext.ReorderRawObjects(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return json.RawMessage(v), nil
}

// AppendQuote appends a string in the canonical form. Most have nothing that
// needs a second look. What is no UTF-8 is an error.
func AppendQuote(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return jsontext.AppendQuote(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}
