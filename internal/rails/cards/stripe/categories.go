package stripe

import (
	_ "embed" // for the table of categories
	"strconv"
	"strings"
)

//go:embed categories.txt
var categoryTable string

// span is a run of merchant category codes, both ends included.
type span struct{ from, to int }

func (s span) within(t span) bool  { return t.from <= s.from && s.to <= t.to }
func (s span) touches(t span) bool { return s.from <= t.to && t.from <= s.to }

// category is one of Stripe's, with the codes that it stands for.
type category struct {
	name  string
	codes []span
}

// categories reads the table.
func categories() (out []category) {
	for line := range strings.Lines(categoryTable) {
		name, codes, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || name == "#" {
			continue
		}
		c := category{name: name}
		for code := range strings.SplitSeq(codes, ",") {
			if s, ok := spanOf(code); ok {
				c.codes = append(c.codes, s)
			}
		}
		out = append(out, c)
	}
	return out
}

// spanOf reads a code such as 5411 or a range such as 3000-3299.
func spanOf(text string) (span, bool) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	low, err := strconv.Atoi(from)
	high, err2 := strconv.Atoi(to)
	return span{low, high}, err == nil && err2 == nil
}

// allowing gives the categories that have any of the codes, and false when some
// of the codes are in no category: then the list would be narrower than ours.
func allowing(codes []span) (names []string, all bool) {
	covered := map[int]bool{}
	for _, c := range categories() {
		hit := false
		for _, have := range c.codes {
			for _, want := range codes {
				hit = hit || have.touches(want)
			}
			for code := have.from; code <= have.to; code++ {
				covered[code] = true
			}
		}
		if hit {
			names = append(names, c.name)
		}
	}
	for _, want := range codes {
		if want.from == want.to && !covered[want.from] {
			return nil, false
		}
	}
	return names, true
}

// blocking gives the categories all of whose codes are blocked.
func blocking(codes []span) (names []string) {
	for _, c := range categories() {
		whole := true
		for _, have := range c.codes {
			inside := false
			for _, want := range codes {
				inside = inside || have.within(want)
			}
			whole = whole && inside
		}
		if whole {
			names = append(names, c.name)
		}
	}
	return names
}
