package audit

import (
	"regexp"
	"slices"
	"strings"

	"github.com/getpurser/purser/internal/fault"
)

// Types picks events by their type: exact ones such as agent.frozen, families
// such as authorization.*, and Everything.
type Types []string

// maxTypes bounds the types of one choice.
const maxTypes = 50

var typeShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}\.([a-z][a-z0-9_]{0,31}|\*)$`)

// ReadTypes reads a choice of events, without repetitions. The fault is
// invalid_type, about the field at location.
func ReadTypes(location string, given []string) (Types, error) {
	out := Types{}
	for _, name := range given {
		if name != Everything && !typeShape.MatchString(name) {
			return nil, fault.BadField(location, "invalid_type", "Name types such as agent.frozen, families such as authorization.*, or * for all.")
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) > maxTypes {
		return nil, fault.BadField(location, "invalid_type", "At most %d types can be named; a family counts as one.", maxTypes)
	}
	return out, nil
}

// Pick reports whether an event of a type is meant.
func (t Types) Pick(eventType string) bool {
	return slices.ContainsFunc(t, func(name string) bool {
		family, starred := strings.CutSuffix(name, "*")
		return name == eventType || starred && strings.HasPrefix(eventType, family)
	})
}

// Wanted is the choice as a Route states it: types that are exact, or
// Everything where there is a family.
func (t Types) Wanted() []string {
	if slices.ContainsFunc(t, func(name string) bool { return strings.HasSuffix(name, Everything) }) {
		return []string{Everything}
	}
	return t
}
