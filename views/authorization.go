package views

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// AuthorizationPage is everything about one authorization.
type AuthorizationPage struct {
	Of        *spend.Authorization
	Handle    string
	Approval  *spend.Approval
	Explainer Explainer
	// Groups are the steps of the trace by policy.
	Groups  []TraceGroup
	Line    []LineEntry
	Confirm ConfirmForm
	Void    VoidForm
}

// ConfirmForm is what was typed, and what is wrong with it.
type ConfirmForm struct {
	Amount, Reference string
	Wrong             Errors
}

// VoidForm is what was typed, and what is wrong with it.
type VoidForm struct {
	Reason string
	Wrong  Errors
}

// TraceGroup is what one policy said.
type TraceGroup struct {
	Policy  uuid.UUID
	Version int
	Name    string // as the version had it
	Shadow  bool
	Steps   []TraceStep
}

// GroupTrace puts the steps of one policy together, in the order of the trace.
func GroupTrace(steps []TraceStep, rules map[policy.VersionRef]policy.Policy) (groups []TraceGroup) {
	for _, s := range steps {
		n := len(groups)
		if n == 0 || groups[n-1].Policy != s.ID() || groups[n-1].Version != s.Version {
			groups = append(groups, TraceGroup{Policy: s.ID(), Version: s.Version, Name: rules[s.Ref()].Name, Shadow: s.Shadow})
			n++
		}
		groups[n-1].Steps = append(groups[n-1].Steps, s)
	}
	return groups
}

// LineEntry is one thing that happened to an authorization.
type LineEntry struct {
	At   time.Time
	Tone Tone
	Text string
	// By is who did it, in words; empty for the server itself.
	By string
	// Note is what they said.
	Note string
	// Coming says that it has not happened yet.
	Coming bool
}

// rawTrace is the trace as JSON, indented.
func rawTrace(a *spend.Authorization) string {
	var out bytes.Buffer
	text, err := json.Marshal(map[string]json.RawMessage{"trace": orEmptyList(a.Trace), "remedies": orEmptyList(a.Remedies), "policies": orEmptyList(a.Policies)})
	if err == nil {
		err = json.Indent(&out, text, "", "  ")
	}
	if err != nil {
		return string(a.Trace)
	}
	return out.String()
}

func orEmptyList(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("[]")
	}
	return raw
}

// decisionTone is the tone of what was decided at first.
func decisionTone(a *spend.Authorization) Tone {
	switch a.Decision {
	case policy.Denied:
		return Bad
	case policy.RequiresApproval:
		return Attention
	}
	return Good
}

func captureName(c spend.Capture) string {
	if c == spend.Auto {
		return "Confirmed at once"
	}
	return "Confirmed apart"
}

// sortedMetadata are names (Value) and texts (Label) in one order.
func sortedMetadata(m map[string]string) []Option {
	out := make([]Option, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Option{name, m[name]})
	}
	return out
}
