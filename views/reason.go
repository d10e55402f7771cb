package views

import "strings"

// ReasonCodes are the reasons that a list can be filtered by, in the order in
// which people look for them.
func ReasonCodes() []string {
	return []string{"limit_exceeded", "transaction_limit", "velocity_exceeded", "outside_hours", "new_merchant", "duplicate",
		"merchant_blocked", "merchant_not_allowed", "mcc_blocked", "mcc_not_allowed", "country_blocked", "country_not_allowed",
		"currency_blocked", "currency_not_allowed", "currency_not_covered", "rail_blocked", "rail_not_allowed",
		"expression_denied", "expression_error", "approval_required", "denied_by_approver", "agent_frozen", "company_frozen",
		"no_policy", "ok"}
}

var reasonNames = map[string]string{
	"limit_exceeded":       "Limit exceeded",
	"transaction_limit":    "Too much for one payment",
	"velocity_exceeded":    "Too many requests",
	"outside_hours":        "Outside the hours",
	"new_merchant":         "New merchant",
	"duplicate":            "Asked for twice",
	"expression_denied":    "A condition matched",
	"expression_error":     "A condition failed",
	"approval_required":    "Needs approval",
	"denied_by_approver":   "Denied by a person",
	"agent_frozen":         "Agent frozen",
	"company_frozen":       "Company frozen",
	"no_policy":            "No policy",
	"currency_not_covered": "Currency without a limit",
	"ok":                   "Within every limit",
}

var listNames = map[string]string{"merchant": "Merchant", "mcc": "Merchant category", "country": "Country", "currency": "Currency", "rail": "Rail"}

// ReasonName is a reason code in two or three words; one that is not known is
// told as it is.
func ReasonName(code string) string {
	if name, ok := reasonNames[code]; ok {
		return name
	}
	for suffix, words := range map[string]string{"_blocked": " blocked", "_not_allowed": " not allowed"} {
		if list, ok := strings.CutSuffix(code, suffix); ok && listNames[list] != "" {
			return listNames[list] + words
		}
	}
	return strings.ReplaceAll(code, "_", " ")
}
