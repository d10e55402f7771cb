package web

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/views"
)

// controlSlot is one kind of a card's rules, which has a field of its form.
type controlSlot struct {
	field string
	rule  policy.Type
	// mode or period is what the field's place says.
	mode   policy.Mode
	period meter.Period
}

// controlSlots are the form's, in the order that their rules are kept in.
var controlSlots = []controlSlot{
	{"merchants", policy.MerchantList, policy.Allow, ""}, {"not_merchants", policy.MerchantList, policy.Block, ""},
	{"mccs", policy.MCCList, policy.Allow, ""}, {"not_mccs", policy.MCCList, policy.Block, ""},
	{"countries", policy.CountryList, policy.Allow, ""}, {"not_countries", policy.CountryList, policy.Block, ""},
	{"each", policy.TransactionLimit, "", ""},
	{"day", policy.Limit, "", meter.Day}, {"week", policy.Limit, "", meter.Week}, {"month", policy.Limit, "", meter.Month}, {"total", policy.Limit, "", meter.Total},
	{"count", policy.Velocity, "", ""}, {"from", policy.Hours, "", ""},
}

// besides are fields of the form that belong to another one's rule.
var besides = map[string][]string{"count": {"window_n", "window_unit"}, "from": {"days", "to"}}

// freshControls is what a form begins with.
func freshControls() map[string][]string { return map[string][]string{"window_unit": {"h"}} }

// typedControls are the fields of the form as they were typed.
func (v *visit) typedControls() (map[string][]string, error) {
	form, err := v.FormParams()
	if err != nil {
		return nil, fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	typed := map[string][]string{}
	for _, s := range controlSlots {
		for _, field := range append([]string{s.field}, besides[s.field]...) {
			typed[field] = form[field]
		}
	}
	return typed, nil
}

// draft is the slot's rule as forms hold it; false when nothing is typed.
func (s controlSlot) draft(typed map[string][]string) (views.RuleDraft, bool) {
	r := views.RuleDraft{Type: s.rule, Fields: map[string][]string{}}
	given := strings.TrimSpace(strings.Join(typed[s.field], "")) != ""
	switch s.rule {
	case policy.TransactionLimit, policy.Limit:
		r.Fields["amount"], r.Fields["period"] = typed[s.field], []string{string(s.period)}
	case policy.Velocity:
		r.Fields["count"], r.Fields["window_n"], r.Fields["window_unit"] = typed["count"], typed["window_n"], typed["window_unit"]
		given = given || strings.TrimSpace(strings.Join(typed["window_n"], "")) != ""
	case policy.Hours:
		r.Fields["days"], r.Fields["from"], r.Fields["to"] = typed["days"], typed["from"], typed["to"]
		given = given || strings.TrimSpace(strings.Join(append(slices.Clone(typed["days"]), typed["to"]...), "")) != ""
	default:
		r.Fields["mode"], r.Fields["values"] = []string{string(s.mode)}, typed[s.field]
	}
	return r, given
}

// readControls reads the form's rules with the checks of the API: they go
// through the same JSON. It also gives the slot of each rule, for what is wrong.
func readControls(typed map[string][]string, currency money.Currency) (cards.Controls, []controlSlot, error) {
	var drafts []views.RuleDraft
	var slots []controlSlot
	for _, s := range controlSlots {
		if r, given := s.draft(typed); given {
			drafts, slots = append(drafts, r), append(slots, s)
		}
	}
	controls, err := cards.ParseControls(rulesJSON(drafts), currency)
	return controls, slots, err
}

// draftControls parts a card's rules into those that the form has fields for, as
// typed, and the rest.
func draftControls(rules cards.Controls) (typed map[string][]string, kept cards.Controls) {
	typed = freshControls()
	used := map[string]bool{}
	for _, r := range rules {
		i := slices.IndexFunc(controlSlots, func(s controlSlot) bool { return s.holds(r) && !used[s.field] })
		if i < 0 || r.Zone != "" {
			kept = append(kept, r)
			continue
		}
		s, fields := controlSlots[i], draftRule(r).Fields
		used[s.field] = true
		switch s.rule {
		case policy.TransactionLimit, policy.Limit:
			typed[s.field] = fields["amount"]
		case policy.Velocity, policy.Hours:
			for _, field := range append([]string{s.field}, besides[s.field]...) {
				typed[field] = fields[field]
			}
		default:
			typed[s.field] = fields["values"]
		}
	}
	return typed, kept
}

func (s controlSlot) holds(r policy.Rule) bool {
	return s.rule == r.Type && (s.mode == "" || s.mode == r.Mode) && (s.period == "" || s.period == r.Period)
}

// controlPlace is where a fault of the card's rules is.
var controlPlace = regexp.MustCompile(`^controls\[(\d+)\](?:\.([a-z_]+))?(?:\[(\d+)\])?`)

// cardTroubles is what is wrong with a card's form, by its fields.
func cardTroubles(err error, slots []controlSlot) (views.Errors, error) {
	e, err := troubles(err)
	if err != nil {
		return e, err
	}
	named := map[string]string{}
	for at, message := range e.Fields {
		field := controlField(at, slots)
		if m := controlPlace.FindStringSubmatch(at); m != nil && m[3] != "" {
			n, _ := strconv.Atoi(m[3])
			message = "Entry " + strconv.Itoa(n+1) + ": " + message
		}
		if named[field] == "" {
			named[field] = message
		}
	}
	if message := named["currency"]; message != "" && e.Text == "" {
		e.Text = message // the wallet says the currency: the form has no field for it
	}
	e.Fields = named
	return e, nil
}

// controlField is the field of the form that a location of the card means.
func controlField(at string, slots []controlSlot) string {
	m := controlPlace.FindStringSubmatch(at)
	if m == nil {
		return at
	}
	i, err := strconv.Atoi(m[1])
	if err != nil || i >= len(slots) {
		return "controls"
	}
	switch slot := slots[i]; {
	case m[2] == "window":
		return "window_n"
	case slot.rule == policy.Hours && (m[2] == "days" || m[2] == "to"):
		return m[2]
	default:
		return slot.field
	}
}
