package policy

import (
	"encoding/json"
	"time"

	"github.com/getpurser/purser/internal/money"
)

// wireRule is a rule as JSON, in the order of the contract.
type wireRule struct {
	Type      Type           `json:"type"`
	Period    string         `json:"period,omitempty"`
	Window    string         `json:"window,omitempty"`
	Count     int            `json:"count,omitempty"`
	Mode      Mode           `json:"mode,omitempty"`
	Values    []string       `json:"values,omitempty"`
	Amount    *money.Amount  `json:"amount,omitempty"`
	Currency  money.Currency `json:"currency,omitempty"`
	TimeZone  string         `json:"time_zone,omitempty"`
	Days      []string       `json:"days,omitempty"`
	From      string         `json:"from,omitempty"`
	To        string         `json:"to,omitempty"`
	Per       Per            `json:"per,omitempty"`
	When      string         `json:"when,omitempty"`
	Effect    Effect         `json:"effect,omitempty"`
	Approvals int            `json:"approvals,omitempty"`
	Approvers []string       `json:"approvers,omitempty"`
}

// MarshalJSON writes the shape that DecodeRules reads.
func (r Rule) MarshalJSON() ([]byte, error) {
	w := wireRule{Type: r.Type, Period: string(r.Period), Count: r.Count, Mode: r.Mode, Values: r.Values,
		Currency: r.Amount.Currency, TimeZone: r.Zone, Per: r.Per, When: r.When, Effect: r.Effect,
		Approvals: r.Approvals, Approvers: r.Approvers}
	if r.Amount.Currency != "" {
		w.Amount = &r.Amount
	}
	if r.Window != 0 {
		w.Window = FormatWindow(r.Window)
	}
	if r.Type == Hours {
		w.From, w.To, w.Days = formatClock(r.From), formatClock(r.To), dayNames(r.Days)
	}
	return json.Marshal(w)
}

func dayNames(ds []time.Weekday) []string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = days[d]
	}
	return names
}
