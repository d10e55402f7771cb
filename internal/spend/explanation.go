package spend

import (
	"encoding/json"
	"fmt"

	"github.com/getpurser/purser/internal/pack"
	"github.com/getpurser/purser/internal/policy"
)

// Explanation is why an authorization was decided as it was, as JSON lists: the
// versions of the policies that decided, every rule with what it saw and said,
// and what would have led to another answer.
type Explanation struct {
	Policies, Trace, Remedies json.RawMessage
}

func explain(d policy.Decision) Explanation {
	return Explanation{Policies: policy.AppendVersions(nil, d.Versions), Trace: policy.AppendTrace(nil, d.Trace),
		Remedies: policy.AppendRemedies(nil, d.Remedies)}
}

// pack is the explanation as it is stored.
func (e Explanation) pack() []byte {
	text := make([]byte, 0, len(e.Policies)+len(e.Trace)+len(e.Remedies)+40)
	text = append(append(text, `{"policies":`...), e.Policies...)
	text = append(append(text, `,"trace":`...), e.Trace...)
	text = append(append(text, `,"remedies":`...), e.Remedies...)
	return pack.Pack(append(text, '}'))
}

func unpackExplanation(packed []byte) (e Explanation, err error) {
	text, err := unpackText(packed)
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	return e, err
}

// unpackText is the stored explanation as JSON.
func unpackText(packed []byte) ([]byte, error) {
	text, err := pack.Unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("a stored explanation: %w", err)
	}
	return text, nil
}
