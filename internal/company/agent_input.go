package company

import (
	"maps"
	"regexp"
	"unicode/utf8"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// What metadata may hold; lengths in characters. The figures are Stripe's.
const (
	maxMetadata      = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

var handlePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func handleShaped(s string) bool { return handlePattern.MatchString(s) }

func checkHandle(s string) error {
	switch {
	case s == "":
		return fault.BadField("handle", "required", "This may not be empty.")
	case !handleShaped(s):
		return fault.BadField("handle", "handle_malformed",
			"A handle is 1 to 63 of a-z, 0-9, _ and -, and starts with a letter or digit.")
	case ident.LikeID(s):
		return fault.BadField("handle", "handle_like_id", "A handle may not look like an id.")
	}
	return nil
}

func (in AgentChange) apply(a Agent) (Agent, error) {
	var errs [4]error
	if in.Handle != nil {
		a.Handle, errs[0] = *in.Handle, checkHandle(*in.Handle)
	}
	if in.Name != nil {
		a.Name, errs[1] = Text("name", *in.Name, 1, maxName)
	}
	if in.Description != nil {
		a.Description, errs[2] = Prose("description", *in.Description, 0, maxDescription)
	}
	a.Metadata, errs[3] = MergeMetadata(a.Metadata, in.Metadata)
	return a, joined(errs[:]...)
}

// MergeMetadata sets and takes away (by an empty value) keys of metadata, and
// checks what is set: the fault is Invalid at "metadata".
func MergeMetadata(now, change map[string]string) (map[string]string, error) {
	merged := maps.Clone(now)
	if merged == nil {
		merged = map[string]string{}
	}
	for key, value := range change {
		if err := checkMetadata(key, value); err != nil {
			return nil, err
		}
		if value == "" {
			delete(merged, key)
		} else {
			merged[key] = value
		}
	}
	if len(merged) > maxMetadata {
		return nil, fault.BadField("metadata", "metadata_too_large", "At most %d keys are allowed.", maxMetadata)
	}
	return merged, nil
}

func checkMetadata(key, value string) error {
	if key == "" || utf8.RuneCountInString(key) > maxMetadataKey {
		return fault.BadField("metadata", "metadata_key_malformed", "A key has 1 to %d characters.", maxMetadataKey)
	}
	trimmed, err := Text("metadata", key, 1, maxMetadataKey)
	if err != nil || trimmed != key {
		return fault.BadField("metadata", "metadata_key_malformed", "A key has no control characters and no space around it.")
	}
	_, err = Prose("metadata", value, 0, maxMetadataValue)
	return err
}

// agentChanges lists what differs, with the new values; of metadata only that
// it did.
func agentChanges(a, b Agent) map[string]any {
	out := map[string]any{}
	if a.Handle != b.Handle {
		out["handle"] = b.Handle
	}
	if a.Name != b.Name {
		out["name"] = b.Name
	}
	if a.Description != b.Description {
		out["description"] = b.Description
	}
	if a.Status != b.Status {
		out["status"] = string(b.Status)
	}
	if !maps.Equal(a.Metadata, b.Metadata) {
		out["metadata"] = "changed"
	}
	return out
}

func agentEvent(name string, a Agent, data map[string]any) audit.Event {
	return audit.Event{Type: name, Agent: &a.ID, Subject: ident.Format(ident.Agent, a.ID), Data: data}
}
