// Package lookalike finds what deceives the eye in a text that somebody else
// wrote: characters that are not seen, that turn the text around, or that look
// like others. It follows Unicode's UTS #39.
package lookalike

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

//go:embed confusables.txt
var confusables string

// prototypes gives what a character looks like. It is read when the first text
// that is not plain comes by.
var prototypes = sync.OnceValue(func() map[rune]string {
	out := make(map[rune]string, 5500)
	for line := range strings.Lines(confusables) {
		to, from, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		var prototype strings.Builder
		for code := range strings.SplitSeq(to, "+") {
			prototype.WriteRune(character(code))
		}
		for _, code := range strings.Fields(from) {
			out[character(code)] = prototype.String()
		}
	}
	return out
})

func character(code string) rune {
	n, err := strconv.ParseUint(code, 16, 21)
	if err != nil {
		panic("lookalike: confusables.txt has a line that is none: " + code) // the build is broken
	}
	return rune(n)
}

// Skeleton is what texts that look alike have in common. It is for comparing
// and not for showing: m and rn have the same.
func Skeleton(text string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(text) {
		switch p, ok := prototypes()[r]; {
		case unseen(r):
		case ok:
			b.WriteString(p)
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFD.String(b.String())
}

// Alike says whether two names that are not the same look the same to somebody
// in a hurry. Case and spaces do not count.
func Alike(a, b string) bool {
	return folded(a) != folded(b) && Look(a) == Look(b)
}

// Look is what Alike compares, to find one among many. It is coarser than the
// skeleton: i, l, I and 1 are one, as are o and 0.
func Look(text string) string {
	return strings.ReplaceAll(folded(Skeleton(folded(text))), "i", "l")
}

// folded is s as names are compared: without case and spaces, and without the
// differences that Unicode itself takes for mere form.
func folded(s string) string {
	return cases.Fold().String(norm.NFC.String(strings.Join(strings.Fields(s), "")))
}

// unseen says whether a character is meant to have no picture.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
