package views

import (
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/lookalike"
)

// oddTag is what stands beside odd letters: their writing system, or that they
// are not what they look like.
func oddTag(p lookalike.Piece) string {
	if p.Script != "" && p.Script != "Latin" {
		return p.Script
	}
	return "unusual"
}

// hiddenTag is shown in the place of what would not be seen.
func hiddenTag(p lookalike.Piece) string {
	if p.Times > 1 {
		return p.Names[0] + " ×" + strconv.Itoa(p.Times)
	}
	return p.Names[0]
}

// NameWarnings says in sentences what is odd about a name that somebody else
// wrote; none when nothing is.
func NameWarnings(name string) (out []string) {
	for _, p := range lookalike.Pieces(name) {
		switch {
		case p.Hidden:
			out = append(out, "Not visible by itself: "+hiddenTag(p)+".")
		case p.Odd && p.Like != p.Text:
			out = append(out, "“"+p.Text+"” looks like “"+p.Like+"” and is "+strings.Join(p.Names, ", ")+".")
		case p.Odd:
			out = append(out, "“"+p.Text+"” is "+strings.Join(p.Names, ", ")+".")
		}
		if len(out) == maxWarnings {
			return append(out, "There is more of this in the name.")
		}
	}
	return out
}

// maxWarnings bounds what is said about one name.
const maxWarnings = 4
