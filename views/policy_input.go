package views

import (
	"strconv"

	"github.com/a-h/templ"
)

// hinted is a field with a hint.
func hinted(in Input, hint string) Input {
	in.Hint = hint
	return in
}

// numeric is a field for a whole number.
func numeric(in Input) Input {
	in.Attributes = templ.Attributes{"inputmode": "numeric", "autocomplete": "off"}
	return in
}

// decimalField is one for an amount of major units.
func decimalField(in Input) Input {
	in.Attributes = templ.Attributes{"inputmode": "decimal", "autocomplete": "off"}
	return in
}

func currencyField(in Input) Input {
	in.Attributes = templ.Attributes{"list": "currencies", "maxlength": "3", "autocomplete": "off", "spellcheck": "false"}
	return in
}

// zoneInput is a field for a time zone; empty takes the company's.
func zoneInput(f Frame, in Input) Input {
	in.Hint = "Type a city or a continent. Empty: the company's, which is " + f.Company.TimeZone + " now."
	in.Attributes = zoneAttributes(false)
	return in
}

// expressionInput is checked while it is typed. The note below it says what is
// wrong, and where.
func expressionInput(f Frame, d PolicyDraft, i int) Input {
	in := d.input(i, "Condition", "when")
	if in.Value != "" {
		in.Error = ""
	}
	in.Attributes = templ.Attributes{
		"spellcheck": "false", "autocomplete": "off", "autocapitalize": "off",
		"hx-post":    f.With("/policies/expression", "field", ruleField(i, "when")),
		"hx-trigger": "input changed delay:400ms",
		"hx-target":  "#rule-" + strconv.Itoa(i) + "-when-note",
		"hx-swap":    "innerHTML",
		"hx-sync":    "this:replace",
	}
	return in
}
