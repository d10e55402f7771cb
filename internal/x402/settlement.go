package x402

import (
	"net/http"
	"regexp"
)

// Outcome is what is known of a payment after it was sent.
type Outcome int

// The outcomes.
const (
	// Unknown: it may have been paid or not.
	Unknown Outcome = iota
	// Settled: the server says that it was paid, and names the transaction.
	Settled
	// Refused: the server says that it was not paid.
	Refused
)

// Settlement is what a server says of a payment.
type Settlement struct {
	Outcome Outcome
	// Transaction is the payment's own id on its network.
	Transaction string
	// Reason is why it was refused, or why nothing is known, for people.
	Reason string
}

// transaction is the id of one on any network: as much of it as the API keeps.
var transaction = regexp.MustCompile(`^[!-~]{1,256}$`)

// ReadSettlement reads the answer to a payment of a requirement. A server that
// contradicts itself, or that says nothing, leaves it unknown.
func ReadSettlement(status int, header http.Header, paid Requirement) Settlement {
	encoded := header.Get(HeaderResponse)
	if encoded == "" {
		return silent(status)
	}
	o, err := decode(encoded)
	if err != nil {
		return Settlement{Reason: "its " + HeaderResponse + " header cannot be read: " + err.Error()}
	}
	success, said := o["success"].(bool)
	delivered, reason := status >= 200 && status < 300, o.text("errorReason")
	switch {
	case !said:
		return Settlement{Reason: "its " + HeaderResponse + " header does not say whether it was paid"}
	case !success && delivered:
		return Settlement{Reason: "it says that the payment failed, and delivers as if it had not"}
	case !success:
		return Settlement{Outcome: Refused, Reason: first(reason, "the server does not say why")}
	}
	return settled(o, paid)
}

// settled checks what a server says that was settled.
func settled(o Object, paid Requirement) Settlement {
	s := Settlement{Transaction: o.text("transaction")}
	amount, said := o["amount"]
	text, _ := amount.(string)
	switch {
	case !transaction.MatchString(s.Transaction):
		s.Transaction, s.Reason = "", "it says that it was paid, and names no transaction"
	case o.text("network") != paid.Network():
		s.Reason = "it says that it was paid on another network"
	case said && text != "" && (units(text) == nil || units(text).Cmp(paid.Amount()) != 0):
		s.Reason = "it says that another amount was paid"
	default:
		s.Outcome = Settled
	}
	return s
}

// silent is an answer without a settlement. The protocol gives 400 and 402 to
// payments that were not taken; anything else says nothing.
func silent(status int) Settlement {
	switch status {
	case http.StatusPaymentRequired:
		return Settlement{Outcome: Refused, Reason: "it asks to be paid again"}
	case http.StatusBadRequest:
		return Settlement{Outcome: Refused, Reason: "it calls the payment malformed"}
	}
	return Settlement{Reason: "it does not say whether it was paid"}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
