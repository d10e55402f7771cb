package sheet

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCell writes a cell as an export does, reads it as spreadsheets do,
// split at commas, semicolons or tabs, and finds no formula in it.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "|x", " =1", "\"=1", "'=1", "a;=1", "a\t=1", "a,=1", "-12.5",
		"=cmd|' /C calc'!A0", "\u200b=1", "\ufeff=1", "%0A=1", "a\r\n=1", "\x00=1", "\u22121", "\v=1", "\u202e=1", "\u00ad=1", "\u2028=1", "\x85=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // nothing that is not text gets into the log
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.Write([]string{"x", Cell(s), "y"}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		r := csv.NewReader(bytes.NewReader(b.Bytes()))
		rows, err := r.ReadAll()
		if err != nil || len(rows) != 1 {
			t.Fatalf("%q is %d rows: %v", s, len(rows), err)
		}
		for _, separator := range []string{";", "\t", "\n", "\r"} {
			for _, part := range strings.Split(rows[0][1], separator) {
				if bare := strings.TrimLeft(part, " \"\u00a0\u200b\ufeff"); bare != "" && strings.ContainsRune("=+-@＝＋－＠|", []rune(bare)[0]) && !plainNumber.MatchString(bare) {
					t.Fatalf("%q has the formula %q", s, part)
				}
			}
		}
		if plainNumber.MatchString(s) && rows[0][1] != s {
			t.Fatalf("the number %q became %q", s, rows[0][1])
		}
	})
}

func TestPlainCellsStayAsTheyAre(t *testing.T) {
	for _, s := range []string{"", "12", "-12.50", "+3", "agent.created", "a=b", "a - b", `{"amount":"-5.00"}`, "2026-03-01T12:00:00.5Z", "x;y"} {
		if got := Cell(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for s, want := range map[string]string{"-1+1": "'-1+1", "-": "'-", "=1": "'=1", "-1.2.3": "'-1.2.3", "x;=1": "x;'=1"} {
		if got := Cell(s); got != want {
			t.Errorf("%q became %q", s, got)
		}
	}
}
