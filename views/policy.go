package views

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// PolicyPage is one policy with its history.
type PolicyPage struct {
	Policy   policy.Policy
	Handles  map[uuid.UUID]string
	Words    Words
	Warnings []policy.Warning
	History  []PolicyVersion
	// Older is the address of older versions, empty at the end.
	Older string
}

// ShadowPage is what a policy said in shadow, beside what was decided.
type ShadowPage struct {
	Policy  policy.Policy
	Results spend.ShadowResults
	Handles map[uuid.UUID]string
	// Replaceable are the active policies in whose place its rules may be put,
	// the likeliest first.
	Replaceable []policy.Policy
}

// ShadowDays is how far back a policy's page looks at what it said in shadow.
const ShadowDays = 30

// PolicyVersion is one version in a history: who wrote it, and what changed
// against the one before. The first has no changes.
type PolicyVersion struct {
	policy.Version
	By      string
	Changes []Change
}

// PolicyComparison is one version beside another.
type PolicyComparison struct {
	Policy policy.Policy // as it is now
	// Old is nil beside the first version.
	Old       *PolicyVersion
	New       PolicyVersion
	Parts     []Change
	WithWords Words
}

func versionPath(p policy.Policy, n int) string {
	return policyPath(p.ID) + "/versions/" + strconv.Itoa(n)
}

// statusMoves are the statuses that a policy may be given from one, in the
// order of their buttons.
func statusMoves(s policy.Status) []policy.Status {
	switch s {
	case policy.Active:
		return []policy.Status{policy.Shadow, policy.Archived}
	case policy.Shadow:
		return []policy.Status{policy.Active, policy.Draft, policy.Archived}
	case policy.Draft:
		return []policy.Status{policy.Shadow, policy.Active, policy.Archived}
	}
	return []policy.Status{policy.Draft}
}

// statusVerb is what giving a status is called on a button.
func statusVerb(from, to policy.Status) string {
	switch to {
	case policy.Active:
		return "Activate"
	case policy.Shadow:
		if from == policy.Active {
			return "Put into shadow"
		}
		return "Try as a shadow"
	case policy.Draft:
		if from == policy.Archived {
			return "Take back as a draft"
		}
		return "Make it a draft"
	}
	return "Archive"
}

func changeMark(k ChangeKind) string {
	switch k {
	case Added:
		return "Added"
	case Removed:
		return "Removed"
	case Changed:
		return "Changed"
	}
	return ""
}

func changeTone(k ChangeKind) Tone {
	switch k {
	case Added:
		return Good
	case Removed:
		return Bad
	case Changed:
		return Attention
	}
	return Plain
}

// Number is the version's number.
func (v PolicyVersion) Number() int { return v.Policy.Version }

// Plainly is a whole number as a form's field holds it.
func Plainly(n int) string { return strconv.Itoa(n) }

func versionTitle(c PolicyComparison) string {
	return c.Policy.Name + ", version " + Count(c.New.Number())
}

func comparedWith(c PolicyComparison) string {
	if c.Old == nil {
		return "1"
	}
	return Plainly(c.Old.Number())
}

func anyChange(parts []Change) bool {
	for _, p := range parts {
		if p.Kind != Same {
			return true
		}
	}
	return false
}

// warningPlace names the rule that a warning is about, counting as people do.
func warningPlace(w policy.Warning) string {
	var i int
	if _, err := fmt.Sscanf(w.Location, "rules[%d]", &i); err != nil {
		return ""
	}
	return "Rule " + Count(i+1) + ": "
}
