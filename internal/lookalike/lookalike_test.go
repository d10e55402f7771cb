package lookalike

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatIsOddIsSpelled(t *testing.T) {
	for text, want := range map[string]string{
		"AWS":                    "AWS",
		"Dun & Bradstreet, Inc.": "Dun & Bradstreet, Inc.",
		"Café Zürich":            "Café Zürich",
		"Cafe\u0301":             "Cafe\u0301",
		"L’Oréal – Paris™":       "L’Oréal – Paris™",
		"Сбербанк":               "Сбербанк",
		"Хор Москвы":             "Хор Москвы",
		"株式会社リコー RICOH":          "株式会社リコー RICOH",
		"بنك":                    "بنك",
		"Ελλάδα":                 "Ελλάδα",
		"삼성 SDS":                 "삼성 SDS",
		"аmazon":                 "а[U+0430 CYRILLIC SMALL LETTER A]mazon",
		"аррӏе":                  "аррӏе[U+0430 CYRILLIC SMALL LETTER A, U+0440 CYRILLIC SMALL LETTER ER, U+04CF CYRILLIC SMALL LETTER PALOCHKA, U+0435 CYRILLIC SMALL LETTER IE]",
		"pay\u202Elap":           "pay[U+202E RIGHT-TO-LEFT OVERRIDE]lap",
		"pay\u200Bpal":           "pay[U+200B ZERO WIDTH SPACE]pal",
		"\u200B\u200B\u200BX":    "[U+200B ZERO WIDTH SPACE]X",
		"Ａmazon":                 "Ａ[U+FF21 FULLWIDTH LATIN CAPITAL LETTER A]mazon",
		"𝐀WS":                    "𝐀[U+1D400 MATHEMATICAL BOLD CAPITAL A]WS",
		"amazon․com":             "amazon․[U+2024 ONE DOT LEADER]com",
		"ɡoogle":                 "ɡ[U+0261 LATIN SMALL LETTER SCRIPT G]oogle",
		"a\u0300\u0300\u0300":    "a\u0300\u0300[U+0300 COMBINING GRAVE ACCENT]",
		"a  b ":                  "a [U+0020 SPACE]b[U+0020 SPACE]",
		"a\u00A0b":               "a[U+00A0 NO-BREAK SPACE]b",
		"a\x00\tb":               "a[U+0000 NULL][U+0009 TAB]b",
		"<script>":               "<script>",
		"a\xffb":                 "a[U+FFFD REPLACEMENT CHARACTER]b",
		"":                       "",
	} {
		if got := Spelled(text); got != want {
			t.Errorf("%q is spelled\n %q, want\n %q", text, got, want)
		}
	}
}

func TestRunsOfHiddenCharactersAreCounted(t *testing.T) {
	p := Pieces("a" + strings.Repeat("\u200B", 200) + "b")
	if len(p) != 3 || p[1].Times != 200 || !p[1].Hidden || p[1].Text != "" {
		t.Errorf("%+v", p)
	}
}

func TestAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Amazon", "Аmazon", true}, {"amazon", "arnazon", true}, {"PayPal", "PayPaI", true}, {"Lidl", "Lıdl", true},
		{"Apple", "аррӏе", true}, {"AWS", "AWS\u200B", true}, {"Intel", "lntel", true}, {"aws.amazon.com", "aws․amazon.com", true},
		{"AWS", "aws", false}, {"AWS", "A W S", false}, {"Café", "Cafe\u0301", false}, {"Dell", "Deel", false}, {"", "", false},
	} {
		if got := Alike(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
		if Alike(c.a, c.b) != Alike(c.b, c.a) {
			t.Errorf("%q and %q are not alike both ways", c.a, c.b)
		}
	}
}

// Nothing that turns text around or is not seen ever gets out as itself.
func FuzzPieces(f *testing.F) {
	for _, s := range []string{"AWS", "а\u202Ex", "a\u0300\u0300\u0300", "\xff", "𝐀 ", "リ\u200D"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range Pieces(text) {
			if !utf8.ValidString(p.Text) || strings.ContainsAny(p.Text, "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u200B\u200E\u200F\x00\n") {
				t.Errorf("%q gives the piece %q", text, p.Text)
			}
			if p.Odd != (len(p.Names) > 0) {
				t.Errorf("%q gives %+v", text, p)
			}
		}
	})
}
