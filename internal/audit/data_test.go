package audit

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/audit/proof"
)

// TestFlatDataIsCanonical: the short way gives what the long one does.
func TestFlatDataIsCanonical(t *testing.T) {
	t.Parallel()
	flat := 0
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String().AsAny(), rapid.StringMatching(`[ -~]*`).AsAny(), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Just[any](nil))
		data := rapid.MapOf(rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z_]{1,9}`)), value).Draw(t, "data")
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		want, err := proof.Canonicalize(raw)
		if err != nil {
			return // two names are the same once they are UTF-8
		}
		if got, err := dataOf(Event{Data: data}); err != nil || string(got) != string(want) {
			t.Fatalf("%s, %v; want %s", got, err, want)
		}
		if _, ok := flatData(data); ok {
			flat++
		}
	})
	if flat == 0 {
		t.Error("no data took the short way")
	}
}
