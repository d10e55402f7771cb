package views

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/policy"
)

// ChangeKind says what became of a part of a policy from one version to
// another.
type ChangeKind string

// The kinds of change.
const (
	Same    ChangeKind = ""
	Changed ChangeKind = "changed"
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
)

// Change is one part of a policy in two versions, in words. Label names the
// part; a rule has none.
type Change struct {
	Kind          ChangeKind
	Label         string
	Before, After string
}

// Comparer compares contents of a policy in words.
type Comparer struct {
	Frame   Frame
	Words   Words
	Handles map[uuid.UUID]string
}

// Compare lists every part of two contents side by side: the name, the status,
// whom it covers and when, and the rules, those that stayed beside themselves.
func (c Comparer) Compare(before, after policy.Content) []Change {
	all := []Change{
		{Label: "Name", Before: before.Name, After: after.Name},
		{Label: "Status", Before: PolicyStatusName(before.Status), After: PolicyStatusName(after.Status)},
		{Label: "Covers", Before: c.coverage(before.Agents), After: c.coverage(after.Agents)},
		{Label: "In effect", Before: c.effect(before), After: c.effect(after)},
	}
	for i := range all {
		if all[i].Before != all[i].After {
			all[i].Kind = Changed
		}
	}
	return append(all, c.rules(before.Rules, after.Rules)...)
}

// Differences are the parts that are not the same.
func (c Comparer) Differences(before, after policy.Content) []Change {
	return slices.DeleteFunc(c.Compare(before, after), func(x Change) bool { return x.Kind == Same })
}

// coverage names the agents in an order of its own: a set has none.
func (c Comparer) coverage(agents []uuid.UUID) string {
	sorted := slices.SortedFunc(slices.Values(agents), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return covers(sorted, c.Handles, len(sorted))
}

func (c Comparer) effect(p policy.Content) string {
	if when := dated(c.Frame, p); when != "" {
		return when
	}
	return "always"
}

// rules aligns two lists by their longest common part. Between two that
// stayed, a removed rule and an added one of the same type are one that
// changed.
func (c Comparer) rules(before, after []policy.Rule) (all []Change) {
	stay := common(before, after)
	i, j := 0, 0
	for _, s := range append(stay, [2]int{len(before), len(after)}) {
		all = append(all, c.gap(before[i:s[0]], after[j:s[1]])...)
		if s[0] < len(before) {
			text := c.Words.Sentence(before[s[0]])
			all = append(all, Change{Before: text, After: text})
		}
		i, j = s[0]+1, s[1]+1
	}
	return all
}

func (c Comparer) gap(before, after []policy.Rule) (all []Change) {
	taken := make([]bool, len(after))
	for _, b := range before {
		at := slices.IndexFunc(indexed(after), func(i int) bool { return !taken[i] && after[i].Type == b.Type })
		if at < 0 {
			all = append(all, Change{Kind: Removed, Before: c.Words.Sentence(b)})
			continue
		}
		taken[at] = true
		change := Change{Kind: Changed, Before: c.Words.Sentence(b), After: c.Words.Sentence(after[at])}
		if change.Before == change.After { // written in another way, such as de for DE
			change.Kind = Same
		}
		all = append(all, change)
	}
	for i, a := range after {
		if !taken[i] {
			all = append(all, Change{Kind: Added, After: c.Words.Sentence(a)})
		}
	}
	return all
}

func indexed(rules []policy.Rule) []int {
	places := make([]int, len(rules))
	for i := range places {
		places[i] = i
	}
	return places
}

// common is the longest list of places at which both have the same rules in the
// same order.
func common(before, after []policy.Rule) (places [][2]int) {
	a, b := texts(before), texts(after)
	// longest[i][j] is the length for what begins at i and j.
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if longest[i][j] = max(longest[i+1][j], longest[i][j+1]); a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			places = append(places, [2]int{i, j})
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	return places
}

func texts(rules []policy.Rule) []string {
	list := make([]string, len(rules))
	for i, r := range rules {
		raw, err := json.Marshal(r)
		if err != nil {
			raw = nil // a rule that was read is a rule that can be written
		}
		list[i] = string(raw)
	}
	return list
}
