package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/getpurser/purser/internal/audit/proof"
)

// dataOf is the event's data in the canonical form, {} when it has none.
func dataOf(e Event) ([]byte, error) {
	raw := e.Raw
	if raw == nil {
		if flat, ok := flatData(e.Data); ok {
			return flat, nil
		}
		var err error
		if raw, err = json.Marshal(e.Data); err != nil {
			return nil, fmt.Errorf("audit: data of %s: %w", e.Type, err)
		}
	}
	if len(raw) == 0 {
		return []byte("{}"), nil
	}
	canonical, err := proof.Canonicalize(raw)
	if err != nil {
		return nil, fmt.Errorf("audit: data of %s: %w", e.Type, err)
	}
	return canonical, nil
}

// flatData writes data whose names are ASCII and whose values are strings and
// booleans, as nearly all is, in the canonical form at once. Other data is not
// ok.
func flatData(data map[string]any) ([]byte, bool) {
	b := append(make([]byte, 0, 256), '{')
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		var err error
		if b, err = proof.AppendQuote(b, name); err != nil || !isASCII(name) {
			return nil, false // other names are sorted by their UTF-16
		}
		b = append(b, ':')
		switch v := data[name].(type) {
		case string:
			b, err = proof.AppendQuote(b, v)
		case bool:
			b = strconv.AppendBool(b, v)
		default:
			return nil, false
		}
		if err != nil {
			return nil, false
		}
	}
	return append(b, '}'), true
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
