package spend

import (
	stdjson "encoding/json"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/getpurser/purser/internal/pack"
	"github.com/getpurser/purser/internal/policy"
)

// Explanation is why an authorization was decided as it was, as JSON lists: the
// versions of the policies that decided, every rule with what it saw and said,
// and what would have led to another answer.
type Explanation struct {
	Policies, Trace, Remedies stdjson.RawMessage
}

func explain(d policy.Decision) Explanation {
	// One text holds all three: about so much, and if it is more it grows.
	room := make([]byte, 0, 64*len(d.Versions)+256*len(d.Trace)+64*len(d.Remedies)+8)
	versions := policy.AppendVersions(room, d.Versions)
	trace := policy.AppendTrace(versions[len(versions):], d.Trace)
	remedies := policy.AppendRemedies(trace[len(trace):], d.Remedies)
	return Explanation{Policies: slices.Clip(versions), Trace: slices.Clip(trace), Remedies: slices.Clip(remedies)}
}

// pack is the explanation as it is stored.
func (e Explanation) pack() []byte {
	return pack.Pack([]byte(`{"policies":`), e.Policies, []byte(`,"trace":`), e.Trace, []byte(`,"remedies":`), e.Remedies, []byte("}"))
}

func unpackExplanation(packed []byte) (e Explanation, err error) {
	var lists struct {
		Policies jsontext.Value `json:"policies"`
		Trace    jsontext.Value `json:"trace"`
		Remedies jsontext.Value `json:"remedies"`
	}
	text, err := unpackText(packed)
	if err == nil {
		err = json.Unmarshal(text, &lists)
	}
	return Explanation{Policies: []byte(lists.Policies), Trace: []byte(lists.Trace), Remedies: []byte(lists.Remedies)}, err
}

// unpackText is the stored explanation as JSON.
func unpackText(packed []byte) ([]byte, error) {
	text, err := pack.Unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("a stored explanation: %w", err)
	}
	return text, nil
}
