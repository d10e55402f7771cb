package policy

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Reason codes, in the contract's style. List rules give theirs as
// <rule>_blocked and <rule>_not_allowed.
const (
	CodeOK                 = "ok"
	CodeNoPolicy           = "no_policy"
	CodeAgentFrozen        = "agent_frozen"
	CodeCompanyFrozen      = "company_frozen"
	CodeCurrencyNotCovered = "currency_not_covered"
	CodeTransactionLimit   = "transaction_limit"
	CodeLimitExceeded      = "limit_exceeded"
	CodeApprovalRequired   = "approval_required"
	CodeVelocityExceeded   = "velocity_exceeded"
	CodeOutsideHours       = "outside_hours"
	CodeNewMerchant        = "new_merchant"
	CodeDuplicate          = "duplicate"
	CodeExpressionDenied   = "expression_denied"
	CodeExpressionError    = "expression_error"
)

// StepOutcome is what one rule said.
type StepOutcome string

// The outcomes of a step.
const (
	Pass     StepOutcome = "pass"
	StepDeny StepOutcome = "deny"
	StepHold StepOutcome = "require_approval"
)

// Unit is what a step's figures count.
type Unit uint8

// A step has no figures, or money in minor units, or a number of requests.
const (
	None Unit = iota
	Money
	Requests
)

// Source is what every step of one rule has in common. It is shared between
// decisions and never changes.
type Source struct {
	Policy     uuid.UUID
	policyText string
	Version    int
	Rule       Type
	Index      int  // of the rule in its policy, from 0
	Shadow     bool // decided nothing
	Period     meter.Period
	Per        Per
	Zone       string
	Mode       Mode
}

// Step is what one rule saw, allowed and said.
type Step struct {
	*Source
	Outcome StepOutcome
	Code    string // unless it passed
	// Limit is what is allowed, in Unit. Used and Remaining are set by limit
	// and velocity: used before this request, and remaining after it when it
	// passed, else what is left. Spent is the part of Used that is final.
	Unit                          Unit
	counted                       bool
	Currency                      money.Currency
	Limit, Used, Remaining, Spent int64
	Window                        meter.Window
	// Value is the text that the rule looked at.
	Value string
}

// AppendTrace writes the steps as a JSON array.
func AppendTrace(b []byte, steps []Step) []byte {
	b = append(b, '[')
	for i := range steps {
		if i > 0 {
			b = append(b, ',')
		}
		b = steps[i].AppendJSON(b)
	}
	return append(b, ']')
}

// MarshalJSON is AppendJSON.
func (s Step) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON writes one step of the contract's trace.
func (s *Step) AppendJSON(b []byte) []byte {
	b = append(b, `{"policy":"`...)
	b = append(b, s.policyText...)
	b = append(b, `","version":`...)
	b = strconv.AppendInt(b, int64(s.Version), 10)
	b = AppendText(b, `,"rule":`, string(s.Rule))
	b = append(b, `,"index":`...)
	b = strconv.AppendInt(b, int64(s.Index), 10)
	b = AppendText(b, `,"outcome":`, string(s.Outcome))
	if s.Code != "" {
		b = AppendText(b, `,"code":`, s.Code)
	}
	if s.Shadow {
		b = append(b, `,"shadow":true`...)
	}
	b = s.appendSeen(b)
	return append(b, '}')
}

// appendSeen writes what the rule saw and allowed.
func (s *Step) appendSeen(b []byte) []byte {
	if s.Code == CodeCurrencyNotCovered {
		return AppendText(b, `,"value":`, string(s.Currency))
	}
	if s.Mode != "" {
		b = AppendText(b, `,"mode":`, string(s.Mode))
	}
	if s.Value != "" {
		b = AppendText(b, `,"value":`, s.Value)
	}
	if s.Unit != None {
		b = s.figure(append(b, `,"limit":`...), s.Limit)
	}
	if s.counted {
		b = s.figure(append(b, `,"used":`...), s.Used)
		b = s.figure(append(b, `,"remaining":`...), s.Remaining)
	}
	if s.Period != "" {
		b = AppendText(b, `,"period":`, string(s.Period))
		b = AppendText(b, `,"per":`, string(s.Per))
	}
	if s.Period != "" || !s.Window.To.IsZero() {
		b = s.appendWindow(b)
	} else if s.Zone != "" {
		b = AppendText(b, `,"time_zone":`, s.Zone)
	}
	return b
}

func (s *Step) appendWindow(b []byte) []byte {
	b = appendInstant(append(b, `,"window":{"from":`...), s.Window.From)
	b = appendInstant(append(b, `,"to":`...), s.Window.To)
	if s.Zone != "" {
		b = AppendText(b, `,"time_zone":`, s.Zone)
	}
	return append(b, '}')
}

func (s *Step) figure(b []byte, n int64) []byte {
	if s.Unit == Requests {
		return strconv.AppendInt(b, n, 10)
	}
	return money.Of(n, s.Currency).AppendDecimal(b)
}

// appendInstant writes RFC 3339 in UTC, or null for no bound.
func appendInstant(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// AppendText writes a member whose value is a string, as encoding/json does.
func AppendText(b []byte, member, s string) []byte {
	b = append(b, member...)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil { // a string always has a JSON form
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
