package lookalike

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// script is the writing system of a letter, or empty for what all share.
func script(r rune) string {
	if r < unicode.MaxASCII {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	for _, name := range scripts() {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return ""
}

// scripts are the names of all writing systems, the most likely first.
var scripts = sync.OnceValue(func() []string {
	names := []string{"Latin", "Cyrillic", "Greek", "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Hebrew", "Armenian"}
	likely := len(names)
	for name := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && !slices.Contains(names[:likely], name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[likely:])
	return names
})

// companions are the writing systems that are written together, each also with
// Latin: what UTS #39 calls highly restrictive.
var companions = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
}

func together(used []string) bool {
	if len(used) < 2 {
		return true
	}
	return slices.ContainsFunc(companions, func(set []string) bool {
		return !slices.ContainsFunc(used, func(s string) bool { return !slices.Contains(set, s) })
	})
}

// word is a run of letters, marks and digits; from and to are places in the
// text's characters.
type word struct {
	from, to int
	scripts  []string
	// imitates says that every letter looks like one of ASCII and is none.
	imitates bool
}

func words(text []rune) (out []word) {
	for i := 0; i < len(text); {
		from := i
		for i < len(text) && (unicode.In(text[i], unicode.L, unicode.M, unicode.N) || unseen(text[i])) {
			i++
		}
		if i == from {
			i++
			continue
		}
		out = append(out, newWord(text, from, i))
	}
	return out
}

func newWord(text []rune, from, to int) word {
	w := word{from: from, to: to, imitates: true}
	for _, r := range text[from:to] {
		s := script(r)
		if s == "" || !unicode.IsLetter(r) {
			continue
		}
		if !slices.Contains(w.scripts, s) {
			w.scripts = append(w.scripts, s)
		}
		w.imitates = w.imitates && s != "Latin" && looksLikeASCII(r)
	}
	w.imitates = w.imitates && len(w.scripts) > 0
	return w
}

// looksLikeASCII says whether a character that is none of ASCII looks like one.
func looksLikeASCII(r rune) bool {
	p := Skeleton(string(r))
	return r > unicode.MaxASCII && p != "" && strings.IndexFunc(p, func(c rune) bool { return c > unicode.MaxASCII }) < 0
}

// foreign gives the places of letters that do not belong to the words that they
// stand in, and of words that only look like Latin, where the text has no other
// word that shows the writing system to be meant.
func foreign(text []rune) map[int]bool {
	odd := map[int]bool{}
	all := words(text)
	meant := map[string]bool{}
	for _, w := range all {
		if len(w.scripts) == 1 && !w.imitates {
			meant[w.scripts[0]] = true
		}
	}
	for _, w := range all {
		host := ""
		switch {
		case !together(w.scripts):
			host = w.host(text)
		case !w.imitates || meant[w.scripts[0]]:
			continue
		}
		for i := w.from; i < w.to; i++ {
			if s := script(text[i]); s != "" && s != host {
				odd[i] = true
			}
		}
	}
	return odd
}

// host is the writing system that a mixed word passes for: Latin where it has
// any, else that of most letters.
func (w word) host(text []rune) string {
	if slices.Contains(w.scripts, "Latin") {
		return "Latin"
	}
	counts := map[string]int{}
	for _, r := range text[w.from:w.to] {
		counts[script(r)]++
	}
	return slices.MaxFunc(w.scripts, func(a, b string) int { return counts[a] - counts[b] })
}
