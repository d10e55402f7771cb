package meter

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestZonesAreTheEmbeddedOnes gives the machine another idea of Berlin.
func TestZonesAreTheEmbeddedOnes(t *testing.T) {
	dir := t.TempDir()
	tokyo, err := loadEmbedded("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := database()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "Asia/Tokyo"), filepath.Join(dir, "Europe/Berlin")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZONEINFO", dir)
	january := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	lied, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if _, offset := january.In(lied).Zone(); offset != 9*3600 {
		t.Fatalf("the machine's Berlin is at %d: the test shows nothing", offset)
	}
	berlin, err := loadEmbedded("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if _, offset := january.In(berlin).Zone(); offset != 3600 {
		t.Fatalf("Berlin is at %d in January", offset)
	}
	if _, offset := january.In(tokyo).Zone(); offset != 9*3600 {
		t.Fatalf("Tokyo is at %d", offset)
	}
}

func TestWhatIsNoZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Europe", "Europe/", "europe/berlin", "../meter/zone.go", "/etc/localtime", "Europe//Berlin", "Europe/./Berlin", "Europe/Nowhere", "."} {
		if loc, err := LoadZone(name); err == nil {
			t.Errorf("%q is %v", name, loc)
		}
	}
}
