package meter

import (
	"slices"
	"testing"
)

func TestZoneNames(t *testing.T) {
	t.Parallel()
	names := ZoneNames()
	if len(names) < 400 || names[0] != "UTC" {
		t.Fatalf("%d zones, the first is %q", len(names), names[0])
	}
	for _, name := range names {
		if _, err := LoadZone(name); err != nil {
			t.Errorf("%s is offered and not accepted", name)
		}
	}
	for _, want := range []string{"Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not offered", want)
		}
	}
}
