package views

import (
	"time"

	"github.com/a-h/templ"
)

// ProvidersPage is who makes cards in the mode.
type ProvidersPage struct {
	// Stripe is nil while it is not connected.
	Stripe *StripeConnection
	Form   StripeForm
}

// StripeConnection is the company's account at Stripe. Account is empty where
// the key may not read it.
type StripeConnection struct {
	Account, KeyEnding, Cardholder string
	// Ready says that cards can be made, Trouble why not.
	Ready   bool
	Trouble string
	// WebhookURL is where Stripe calls.
	WebhookURL             string
	ConnectedAt, UpdatedAt time.Time
}

// StripeForm is what was typed to connect Stripe, but for its secrets.
type StripeForm struct {
	CardholderID, Name, Email, Phone               string
	Line1, Line2, City, State, PostalCode, Country string
	Wrong                                          Errors
}

// holder says whether something was typed of who the cards are issued to, or is
// wrong with it.
func (s StripeForm) holder() bool {
	return s.Wrong.At("cardholder") != "" || s.Wrong.At("cardholder_id") != "" ||
		s.CardholderID+s.Name+s.Email+s.Phone+s.Line1+s.Line2+s.City+s.State+s.PostalCode+s.Country != ""
}

// atField says that something is wrong with a field that can take the cursor.
func (s StripeForm) atField() bool {
	return s.Wrong.At("secret_key") != "" || s.Wrong.At("webhook_secret") != "" || s.Wrong.At("cardholder_id") != ""
}

// Issuer is where the cards of a mode are made, and their money comes from.
type Issuer struct{ Connected, Ready bool }

func stripeState(c *StripeConnection) (Tone, string) {
	switch {
	case c == nil:
		return Plain, "not connected"
	case !c.Ready:
		return Attention, "webhook missing"
	}
	return Good, "connected"
}

func keyHint(f Frame, p ProvidersPage) string {
	hint := "It begins with rk_" + modeWord(f) + "_ and may write Issuing and webhook endpoints. It is kept sealed and never shown again."
	if p.Stripe != nil {
		hint += " Empty: the one that is kept."
	}
	return hint
}

// secret makes a field for one. What was typed is never sent back: with a script
// it stays where it is unless it is wrong itself, without one it is typed again.
func secret(in Input) Input {
	in.Kind = "password"
	in.Attributes = templ.Attributes{"maxlength": "255", "autocomplete": "off", "spellcheck": "false"}
	if in.Error == "" {
		in.Attributes["hx-preserve"] = "true"
	} else {
		in.Attributes["autofocus"] = true
	}
	return in
}
