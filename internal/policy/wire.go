package policy

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// wireRef is a VersionRef as JSON.
type wireRef struct {
	Policy  string `json:"policy"`
	Version int    `json:"version"`
}

var errPolicyID = errors.New("policy: stored JSON names no policy")

// MarshalJSON writes {"policy":"pol_…","version":3}.
func (v VersionRef) MarshalJSON() ([]byte, error) { return v.appendJSON(nil), nil }

func (v VersionRef) appendJSON(b []byte) []byte {
	b = AppendText(b, `{"policy":`, ident.Format(ident.Policy, v.Policy))
	b = strconv.AppendInt(append(b, `,"version":`...), int64(v.Version), 10)
	return append(b, '}')
}

// AppendVersions writes the versions as a JSON array.
func AppendVersions(b []byte, versions []VersionRef) []byte {
	return appendArray(b, versions, VersionRef.appendJSON)
}

// AppendRemedies writes the remedies as a JSON array.
func AppendRemedies(b []byte, remedies []Remedy) []byte {
	return appendArray(b, remedies, Remedy.appendJSON)
}

func appendArray[T any](b []byte, list []T, one func(T, []byte) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(v, b)
	}
	return append(b, ']')
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *VersionRef) UnmarshalJSON(raw []byte) error {
	var w wireRef
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	id, ok := ident.Parse(ident.Policy, w.Policy)
	if !ok {
		return errPolicyID
	}
	*v = VersionRef{id, w.Version}
	return nil
}

type wireRequirement struct {
	wireRef
	Rule      int      `json:"rule"`
	Approvals int      `json:"approvals"`
	Approvers []string `json:"approvers"`
}

// MarshalJSON writes the shape that approvals store and show.
func (r Requirement) MarshalJSON() ([]byte, error) {
	w := wireRequirement{wireRef{ident.Format(ident.Policy, r.Policy), r.Version}, r.Rule, r.Approvals, r.Approvers}
	if w.Approvers == nil {
		w.Approvers = []string{}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Requirement) UnmarshalJSON(raw []byte) error {
	var w wireRequirement
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	id, ok := ident.Parse(ident.Policy, w.Policy)
	if !ok {
		return errPolicyID
	}
	*r = Requirement{Policy: id, Version: w.Version, Rule: w.Rule, Approvals: w.Approvals, Approvers: w.Approvers}
	return nil
}

// RemedyType says what a caller can do.
type RemedyType string

// The remedies.
const (
	LowerAmount     RemedyType = "lower_amount"
	RetryAfter      RemedyType = "retry_after"
	RequestApproval RemedyType = "request_approval"
)

// Remedy is one thing that would by itself lead to another answer.
type Remedy struct {
	Type RemedyType
	// MaxAmount of lower_amount is the largest amount that passes.
	MaxAmount money.Amount
	// At of retry_after is when the same request passes, if nothing else is
	// spent meanwhile.
	At time.Time
}

// MarshalJSON writes {"type":…} with max_amount or at.
func (r Remedy) MarshalJSON() ([]byte, error) { return r.appendJSON(nil), nil }

func (r Remedy) appendJSON(b []byte) []byte {
	b = AppendText(b, `{"type":`, string(r.Type))
	switch r.Type {
	case LowerAmount:
		b = r.MaxAmount.AppendDecimal(append(b, `,"max_amount":`...))
	case RetryAfter:
		b = appendInstant(append(b, `,"at":`...), r.At)
	}
	return append(b, '}')
}
