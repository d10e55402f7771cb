package policy

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
)

// Bounds of what a person writes beside the rules.
const (
	maxName   = 200 // characters
	maxAgents = 1000
)

// Check reads the content strictly, as if it had come as JSON, and gives what
// is allowed but looks like a mistake. The fault is Invalid, invalid_policy,
// with everything that is wrong at once.
func (c *Content) Check() ([]Warning, error) {
	var faults []fault.Field
	top := &object{faults: &faults}
	c.checkHead(top)
	raw, err := json.Marshal(c.Rules)
	if err != nil {
		return nil, fault.From(err)
	}
	if len(c.Rules) == 0 {
		raw = []byte("[]")
	}
	rules := decodeRules(raw, &faults)
	if len(faults) > 0 {
		return nil, invalid(faults)
	}
	c.Rules = rules
	return c.warnings(), nil
}

func (c *Content) checkHead(top *object) {
	switch {
	case strings.TrimSpace(c.Name) == "":
		top.bad("name", "required", "A policy needs a name.")
	case utf8.RuneCountInString(c.Name) > maxName || !utf8.ValidString(c.Name):
		top.bad("name", "too_long", "A name may have at most %d characters.", maxName)
	}
	switch c.Status {
	case "":
		c.Status = Active
	case Draft, Shadow, Active, Archived:
	default:
		top.bad("status", "unknown_value", "One of draft, shadow, active, archived is expected here.")
	}
	if len(c.Agents) > maxAgents {
		top.bad("agents", "out_of_range", "A policy names at most %d agents; without agents it covers all.", maxAgents)
	}
	seen := map[uuid.UUID]bool{}
	for i, a := range c.Agents {
		if seen[a] {
			top.bad(item("agents", i), "duplicate", "This agent is named twice.")
		}
		seen[a] = true
	}
	if c.EffectiveFrom != nil && c.EffectiveTo != nil && !c.EffectiveFrom.Before(*c.EffectiveTo) {
		top.bad("effective_to", "out_of_range", "effective_to must be after effective_from.")
	}
}
