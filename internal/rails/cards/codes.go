package cards

import "strings"

// Codes of swipes, beside those of policies.
const (
	CodeOK               = "ok"
	CodeApprovalRequired = "approval_required"
	CodeInsufficient     = "insufficient_funds"
	CodeCanceled         = "card_canceled"
	CodeFrozen           = "card_frozen"
	CodeExpired          = "card_expired"
	CodeWrongExpiry      = "wrong_expiry"
	CodeWrongCVV         = "wrong_cvv"
	CodeUsed             = "card_used"
	CodeCurrency         = "currency_mismatch"
	CodeAgentDeleted     = "agent_deleted"
	CodeSystem           = "system_failure"
)

// networkCodes are the codes of field 39 of ISO 8583 (1987, and its 1993
// letters as networks use them) for each of ours. What is not here is a rule
// that does not permit it: 57.
var networkCodes = map[string]string{
	CodeOK:               "00", // approved
	CodeApprovalRequired: "01", // refer to the card issuer
	CodeInsufficient:     "51",
	CodeExpired:          "54",
	CodeWrongExpiry:      "54",
	CodeWrongCVV:         "N7",
	"transaction_limit":  "61", // exceeds the amount limit
	"limit_exceeded":     "61",
	"velocity_exceeded":  "65", // exceeds the count limit
	CodeFrozen:           "62", // restricted card
	"agent_frozen":       "62",
	"company_frozen":     "62",
	CodeAgentDeleted:     "62",
	CodeCanceled:         "78", // blocked for good
	"not_found":          "14", // no such number
	CodeSystem:           "96",
}

// NetworkCode is what a network is told for a reason code: field 39 of ISO 8583.
func NetworkCode(code string) string {
	if n, ok := networkCodes[code]; ok {
		return n
	}
	return "57"
}

// sentence ends a refusal's reason as the gate's do: without a stop.
func sentence(s string) string { return strings.TrimSuffix(s, ".") }
