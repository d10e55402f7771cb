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
	in.Attributes = templ.Attributes{"maxlength": "3", "autocomplete": "off", "autocapitalize": "characters"}
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
