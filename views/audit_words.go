package views

import (
	"maps"
	"slices"
	"strings"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/money"
)

// Did says what the actor did, as the sentence goes on after their name.
func (e Event) Did() string {
	family, what, _ := strings.Cut(e.Type, ".")
	told := ""
	switch family {
	case "authorization":
		told = e.didAuthorization(what)
	case "agent":
		told = e.didAgent(what)
	case "policy":
		told = e.didPolicy(what)
	case "key":
		told = e.didKey(what)
	case "member":
		told = e.didMember(what)
	case "company":
		told = e.didCompany(what)
	case "card":
		told = e.didCard(what)
	case "card_provider":
		told = map[string]string{"connected": "connected Stripe Issuing" + e.named(" with the account ", e.text("account")), "disconnected": "disconnected Stripe Issuing"}[what]
	case "ledger":
		if what == "posted" {
			told = "posted to the ledger: " + postingName(e.text("kind"))
		}
	case "reconciliation":
		told = map[string]string{"started": "had everything compared", "differs": "compared everything and found what differs: " + e.text("found")}[what]
	case "slack":
		told = map[string]string{"connected": "connected the chat channel" + e.named(" at ", e.text("host")), "disconnected": "disconnected the chat channel"}[what]
	case "approval":
		if what == "voted" {
			told = map[string]string{"approve": "voted for ", "deny": "voted against "}[e.text("verdict")] + e.payment()
		}
	}
	if told == "" {
		return "did " + strings.ReplaceAll(e.Type, "_", " ") + e.named(" ", e.Subject)
	}
	return told
}

// payment is what an authorization is about: 5.00 USD at AWS by procurement-bot.
func (e Event) payment() string {
	return e.inCurrency(e.text("amount")) + e.named(" at ", e.text("merchant")) + e.named(" by ", e.Handle)
}

// inCurrency is an amount as pages write it.
func (e Event) inCurrency(amount string) string {
	if c, err := money.ParseCurrency(e.text("currency")); err == nil {
		if a, err := money.ParseOrZero(amount, c); err == nil {
			return a.String()
		}
	}
	return amount + " " + strings.ToUpper(e.text("currency"))
}

// named is a word before a name, or nothing without one.
func (e Event) named(before, name string) string {
	if name == "" {
		return ""
	}
	return before + name
}

func (e Event) didAuthorization(what string) string {
	voted := e.text("approval") != ""
	switch {
	case what == "approved" && voted:
		return "approved " + e.payment()
	case what == "denied" && voted:
		return "denied " + e.payment()
	}
	switch what {
	case "approved":
		return "asked for " + e.payment() + ": approved"
	case "held":
		return "asked for " + e.payment() + ": waits for a person" + e.because()
	case "denied":
		return "asked for " + e.payment() + ": denied" + e.because()
	case "confirmed":
		return "confirmed " + e.payment()
	case "voided":
		return "voided " + e.payment() + e.named(": ", e.text("reason"))
	case "expired":
		return "let " + e.payment() + " expire"
	case "redeemed":
		return "redeemed the token for " + e.payment()
	case "presented":
		return "asked again for " + e.payment() + ", which was approved"
	case "captured":
		return "took " + e.part("captured") + " of " + e.payment()
	case "reduced":
		return "gave back " + e.part("released") + " of what is held, which leaves " + e.payment()
	case "refunded":
		return "refunded " + e.part("refunded") + " of " + e.payment()
	}
	return ""
}

// part is an amount of the event in the authorization's currency.
func (e Event) part(name string) string { return e.inCurrency(e.text(name)) }

// because is the code of the rule that decided, in words.
func (e Event) because() string {
	code := e.text("reason_code")
	if code == "approval_required" {
		return "" // which is what waiting means
	}
	return e.named(", ", strings.ReplaceAll(code, "_", " "))
}

func (e Event) didAgent(what string) string {
	switch what {
	case "created":
		return "made the agent " + e.Handle
	case "updated":
		return "changed the agent " + e.Handle + e.changed()
	case "frozen":
		return "froze the agent " + e.Handle
	case "unfrozen":
		return "unfroze the agent " + e.Handle
	case "deleted":
		return "deleted the agent " + e.Handle
	}
	return ""
}

// changed lists what was changed, by the names of the fields.
func (e Event) changed() string {
	names := slices.Sorted(maps.Keys(e.data))
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "_", " ")
	}
	return e.named(": ", listed(names, "and"))
}

func (e Event) didPolicy(what string) string {
	switch what {
	case "created":
		return "made the policy " + e.text("name") + e.named(", ", e.text("status"))
	case "updated":
		return "changed the policy " + e.text("name") + e.named(", version ", e.text("version")) + e.named(", ", e.text("status"))
	case "archived":
		return "archived the policy " + e.text("name")
	}
	return ""
}

func (e Event) didKey(what string) string {
	name := e.text("name")
	if name == "" {
		name = e.names[e.Subject]
	}
	name = visible(name) + e.named(" for ", e.Handle)
	switch what {
	case "created":
		return "made the API key " + name
	case "rerolled":
		return "replaced the API key " + name
	case "revoked":
		return "revoked the API key " + name
	}
	return ""
}

func (e Event) didMember(what string) string {
	role := RoleName(company.Role(e.text("role")))
	switch what {
	case "invited":
		return "invited " + e.text("email") + " as " + role
	case "joined":
		return "joined as " + role
	case "role_changed":
		return "changed " + e.text("email") + " from " + RoleName(company.Role(e.text("was"))) + " to " + role
	case "removed":
		return "removed " + e.text("email")
	case "messages_chosen":
		return "chose what is mailed to them"
	case "stand_in_named":
		return "named a stand-in" + e.named(" until ", e.text("until"))
	case "stand_in_dropped":
		return "is back in office"
	}
	return ""
}

func (e Event) didCompany(what string) string {
	switch what {
	case "created":
		return "made the company " + e.text("name")
	case "updated":
		return "changed the company's settings" + e.changed()
	case "frozen":
		return "froze everything"
	case "unfrozen":
		return "unfroze the company"
	}
	return ""
}

// didCard says what was done with a card, which its last four digits name.
func (e Event) didCard(what string) string {
	told := map[string]string{"created": "made the card", "loaded": "loaded the card", "updated": "changed the card", "frozen": "froze the card",
		"unfrozen": "unfroze the card", "canceled": "canceled the card", "revealed": "showed the number of the card",
		"reveal_refused": "was not shown the number of the card"}[what]
	if told == "" {
		return ""
	}
	told += e.named(" that ends in ", e.text("last4"))
	if amount := e.text("amount"); amount != "" {
		told += " with " + amount + " " + strings.ToUpper(e.text("currency"))
	}
	return told + e.named(" of ", e.Handle) + e.named(": ", e.text("reason"))
}
