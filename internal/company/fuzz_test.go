package company

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getpurser/purser/internal/ident"
)

// FuzzTimeout holds that what is read can be written and read again.
func FuzzTimeout(f *testing.F) {
	for _, s := range []string{"24h", "1h30m", "30d", "0s", "1s1s", "-1h", "9223372036854775807s", "1.5h", "١h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseTimeout(s)
		if err != nil {
			return
		}
		if again, err := ParseTimeout(FormatTimeout(d)); err != nil || again != d || d < minTimeout || d > maxTimeout {
			t.Fatalf("%q is %v, written %q, and again %v: %v", s, d, FormatTimeout(d), again, err)
		}
	})
}

// FuzzHandle holds that a handle is plain, and never an id.
func FuzzHandle(f *testing.F) {
	for _, s := range []string{"bot", "agent_procurement_bot", "agent_01jd3v7m4sfx1r5k0m7z2w8y9a", "Bot", "bot\n", "ｂot", "-", "a/b", strings.Repeat("a", 64)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkHandle(s) != nil {
			return
		}
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || len(s) == 0 || len(s) > 63 || ident.LikeID(s) {
			t.Fatalf("%q is a handle", s)
		}
	})
}

// FuzzText holds that what is kept is clean and stays what it is.
func FuzzText(f *testing.F) {
	for _, s := range []string{" a ", "a\x00b", "\u202egnp.exe", "a\r\nb", "\xff", "a\u200bb", "\u0085", "\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, check := range []func(string, string, int, int) (string, error){Text, Prose} {
			out, err := check("x", s, 0, 50)
			if err != nil {
				continue
			}
			again, err := check("x", out, 0, 50)
			if err != nil || again != out || !utf8.ValidString(out) || utf8.RuneCountInString(out) > 50 || strings.ContainsAny(out, "\x00\u202e\x1b\r") {
				t.Fatalf("%q became %q, then %q: %v", s, out, again, err)
			}
		}
	})
}

// FuzzEmail holds that an address is plain ASCII with one @, and cannot carry a
// header of a mail.
func FuzzEmail(f *testing.F) {
	for _, s := range []string{"a@b.c", `"a b"@c.d`, "a@b.c\r\nBcc: x@y.z", "Ada <a@b.c>", "a@b,c@d", "a@[1.2.3.4]", "ä@b.c", "a@b.c (x)", "a..b@c", "a@-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := Email(s)
		if err != nil {
			return
		}
		if again, err := Email(out); err != nil || again != out || strings.Count(out, "@") != 1 || strings.ContainsAny(out, " \t\r\n<>,;:\"\\()") {
			t.Fatalf("%q became %q, then %q: %v", s, out, again, err)
		}
	})
}
