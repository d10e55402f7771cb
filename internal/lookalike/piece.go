package lookalike

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"
)

// Piece is a stretch of a text: plain, or one odd character, or a run of them
// from one writing system.
type Piece struct {
	// Text may be shown as it is, unless Hidden.
	Text string
	// Odd says why the piece is not plain.
	Odd bool
	// Hidden is what has no picture, or would change that of others: its names are
	// shown in its place.
	Hidden bool
	// Names are the characters' code points and Unicode names, each once, such as
	// "U+202E RIGHT-TO-LEFT OVERRIDE".
	Names []string
	// Script is the writing system of odd letters, empty for others.
	Script string
	// Like is what the odd characters look like; empty when hidden or unknown.
	Like string
	// Times is how often a hidden character stands there in a row.
	Times int
}

// Pieces takes a text apart. The plain pieces and the texts of the visible odd
// ones, put together, are the text without what is hidden.
func Pieces(text string) []Piece {
	if plain(text) {
		return []Piece{{Text: text}}
	}
	var out []Piece
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	odd := foreign(runes)
	for i, r := range runes {
		p := Piece{Text: string(r), Times: 1}
		switch {
		case hidden(runes, i):
			p.Odd, p.Hidden, p.Text = true, true, ""
		case odd[i], disguised(r):
			p.Odd, p.Script, p.Like = true, script(r), like(r)
		}
		if p.Odd {
			p.Names = []string{name(r)}
		}
		out = join(out, p)
	}
	return out
}

// join adds a piece to the last one where they are of a kind.
func join(out []Piece, p Piece) []Piece {
	if len(out) == 0 {
		return append(out, p)
	}
	last := &out[len(out)-1]
	switch {
	case last.Odd != p.Odd || last.Hidden != p.Hidden || last.Script != p.Script:
		return append(out, p)
	case p.Hidden && last.Names[0] != p.Names[0]:
		return append(out, p)
	case p.Hidden:
		last.Times++
		return out
	}
	last.Text, last.Like = last.Text+p.Text, last.Like+p.Like
	for _, n := range p.Names {
		if !slices.Contains(last.Names, n) {
			last.Names = append(last.Names, n)
		}
	}
	return out
}

// plain says that there is nothing to look for: ASCII with single spaces inside.
func plain(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(text)-1 || text[i-1] == ' ') {
			return false
		}
	}
	return true
}

// markRun is how many marks may be on one letter before they are odd.
const markRun = 2

// hidden says whether the character at i would not be seen as one of its own.
func hidden(text []rune, i int) bool {
	r := text[i]
	switch {
	case r == ' ':
		return i == 0 || i == len(text)-1 || text[i-1] == ' '
	case unicode.IsMark(r) && !unseen(r):
		marks := 0
		for marks <= markRun && i-marks >= 0 && unicode.IsMark(text[i-marks]) {
			marks++
		}
		return marks > markRun || marks == i+1
	case r == '\u2800': // a Braille pattern without dots
		return true
	}
	return unseen(r) || !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Co, r) || r == '\uFFFD'
}

// usual are signs of names and sentences that look like those of ASCII and
// deceive nobody.
const usual = "‘’“”«»‐‑–—…•·×®©™ªº´¸¹²³¼½¾"

// disguised says whether a character is a form of another that is not used in
// names: mathematical and full-width letters, those of phonetics, and signs that
// look like ASCII's.
func disguised(r rune) bool {
	switch {
	case r <= unicode.MaxASCII || strings.ContainsRune(usual, r):
		return false
	case unicode.In(r, unicode.L, unicode.Nd):
		form := norm.NFKC.String(string(r))
		return form != norm.NFC.String(string(r)) && isASCII(form) || phonetic(r) && looksLikeASCII(r)
	}
	return !unicode.IsMark(r) && looksLikeASCII(r)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// phonetic are the Latin letters outside of alphabets.
func phonetic(r rune) bool {
	return r >= 0x0250 && r <= 0x02AF || r >= 0x1D00 && r <= 0x1DBF || r >= 0xA720 && r <= 0xA7FF || r >= 0xAB30 && r <= 0xAB6F
}

// like is what the character looks like, where that is ASCII. Where the
// prototype is several letters, or another case, the character itself says it
// best, so only single ones are told.
func like(r rune) string {
	if p := Skeleton(string(r)); isASCII(p) {
		return p
	}
	return string(r)
}

// name is a character's code point and name.
func name(r rune) string {
	n := runenames.Name(r)
	if n == "" || strings.HasPrefix(n, "<") {
		if a, ok := controls[r]; ok {
			n = a
		}
	}
	return strings.TrimSpace(fmt.Sprintf("U+%04X %s", r, n))
}

// controls are the names of those control characters that Unicode gives none.
var controls = map[rune]string{'\t': "TAB", '\n': "LINE FEED", '\v': "LINE TABULATION", '\f': "FORM FEED", '\r': "CARRIAGE RETURN",
	0: "NULL", '\b': "BACKSPACE", 0x1b: "ESCAPE", 0x7f: "DELETE", 0x85: "NEXT LINE"}

// Spelled is a text for where there is no markup, such as a mail: what is odd
// is followed, or when hidden replaced, by its names in brackets.
func Spelled(text string) string {
	var b strings.Builder
	for _, p := range Pieces(text) {
		b.WriteString(p.Text)
		if p.Odd {
			b.WriteString("[" + strings.Join(p.Names, ", ") + "]")
		}
	}
	return b.String()
}
