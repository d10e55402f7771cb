package views

import (
	"strings"
	"testing"
)

func rendered(t *testing.T, name string) string {
	t.Helper()
	var b strings.Builder
	if err := MerchantName(name).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMerchantNames(t *testing.T) {
	for name, want := range map[string][]string{
		"AWS":                 {`<bdi class="wrap-anywhere">AWS</bdi>`},
		"<script>alert(1)":    {"&lt;script&gt;"},
		"аmazon":              {`U+0430 CYRILLIC SMALL LETTER A`, ">а<span", ">Cyrillic<", "mazon"},
		"evil\u202Emoc.elppa": {`>U+202E RIGHT-TO-LEFT OVERRIDE</bdi>`},
		"Pay\u200B\u200BPal":  {">U+200B ZERO WIDTH SPACE ×2</bdi>"},
	} {
		got := rendered(t, name)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%q is shown as %s, without %s", name, got, w)
			}
		}
		if strings.ContainsAny(got, "\u202E\u200B") {
			t.Errorf("%q is shown with its hidden characters", name)
		}
	}
}

func TestWarningsAreBounded(t *testing.T) {
	if w := NameWarnings("AWS"); len(w) != 0 {
		t.Errorf("AWS: %q", w)
	}
	if w := NameWarnings(strings.Repeat("\u200Bа-", 100)); len(w) != maxWarnings+1 {
		t.Errorf("a name of nothing but tricks gives %d warnings", len(w))
	}
}
