package views

import "github.com/a-h/templ"

func zoneAttributes(guess bool) templ.Attributes {
	out := templ.Attributes{"list": "zones", "autocomplete": "off", "spellcheck": "false"}
	if guess {
		out["data-browser-zone"] = true
	}
	return out
}
