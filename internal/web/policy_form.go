package web

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// mostRules bounds the rules of a form; policy has the same bound.
const mostRules = 100

// ruleKey is the name of a rule's field in a form.
var ruleKey = regexp.MustCompile(`^rules\[(\d{1,4})\]\.([a-z_]{1,32})$`)

// typedPolicy is what a form holds, as it was typed. Agents are only known by
// id yet.
func typedPolicy(form url.Values) (views.PolicyDraft, []uuid.UUID) {
	version, _ := strconv.Atoi(form.Get("version"))
	d := views.PolicyDraft{Version: version, Name: form.Get("name"), Everyone: form.Get("whom") != "some",
		Search: strings.TrimSpace(form.Get("agent_search")), From: form.Get("effective_from"), To: form.Get("effective_to"),
		FromExact: form.Get("from_exact"), ToExact: form.Get("to_exact"), AsJSON: form.Get("as") == "json", JSON: form.Get("json"),
		Rules: typedRules(form)}
	var agents []uuid.UUID
	for _, text := range form["agents"] {
		if id, ok := ident.Parse(ident.Agent, text); ok && !slices.Contains(agents, id) {
			agents = append(agents, id)
		}
	}
	return d, agents
}

// typedRules are the rules of a form, in the order of their numbers, which may
// have gaps.
func typedRules(form url.Values) []views.RuleDraft {
	byNumber := map[int]map[string][]string{}
	for key, values := range form {
		m := ruleKey.FindStringSubmatch(key)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1]) // four digits at most
		if byNumber[n] == nil {
			byNumber[n] = map[string][]string{}
		}
		byNumber[n][m[2]] = values
	}
	var rules []views.RuleDraft
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		fields := byNumber[n]
		t := policy.Type(strings.Join(fields["type"], ""))
		if _, known := ruleShape[t]; known && len(rules) < mostRules {
			rules = append(rules, views.RuleDraft{Type: t, Fields: fields})
		}
	}
	return rules
}

// arrange does what a button of the editor does to the rules, and says whether
// it was such a button: add, up:2, down:2, remove:2.
func arrange(d *views.PolicyDraft, do, adds string, fresh func(policy.Type) views.RuleDraft) bool {
	verb, number, _ := strings.Cut(do, ":")
	i, err := strconv.Atoi(number)
	there := err == nil && i >= 0 && i < len(d.Rules)
	switch {
	case verb == "add":
		if _, known := ruleShape[policy.Type(adds)]; known && len(d.Rules) < mostRules {
			d.Rules = append(d.Rules, fresh(policy.Type(adds)))
			d.Focus = "rule-" + strconv.Itoa(len(d.Rules)-1)
		}
		return true
	case verb == "remove" && there:
		d.Rules = slices.Delete(d.Rules, i, i+1)
		d.Focus = "add-rule"
		return true
	case verb == "up" && there:
		swap(d, i, i-1)
		return true
	case verb == "down" && there:
		swap(d, i, i+1)
		return true
	}
	return false
}

// swap moves a rule by one place; at the ends it stays.
func swap(d *views.PolicyDraft, i, j int) {
	if j < 0 || j >= len(d.Rules) {
		j = i
	}
	d.Rules[i], d.Rules[j] = d.Rules[j], d.Rules[i]
	d.Focus = "rule-" + strconv.Itoa(j)
}

// freshRule is a rule as it is added: what has a usual value has it.
func (v *visit) freshRule(t policy.Type) views.RuleDraft {
	usual := map[string][]string{
		"currency": {v.frame.Company.Currency.Upper()}, "period": {"month"}, "per": {"agent"}, "approvals": {"1"},
		"window_n": {"1"}, "window_unit": {"h"}, "mode": {"block"}, "effect": {"require_approval"},
		"days": {"mon", "tue", "wed", "thu", "fri"}, "from": {"08:00"}, "to": {"18:00"},
	}
	r := views.RuleDraft{Type: t, Fields: map[string][]string{}}
	for _, name := range ruleShape[t] {
		if name == "window" {
			r.Fields["window_n"], r.Fields["window_unit"] = usual["window_n"], usual["window_unit"]
		} else if values, ok := usual[name]; ok {
			r.Fields[name] = values
		}
	}
	return r
}

// draftOf is a stored policy in the editor.
func (v *visit) draftOf(c policy.Content, version int) views.PolicyDraft {
	d := views.PolicyDraft{Version: version, Name: c.Name, Everyone: len(c.Agents) == 0, Rules: draftRules(c.Rules)}
	zone := v.frame.Zone()
	if c.EffectiveFrom != nil {
		d.From, d.FromExact = views.LocalTime(*c.EffectiveFrom, zone), exact(*c.EffectiveFrom)
	}
	if c.EffectiveTo != nil {
		d.To, d.ToExact = views.LocalTime(*c.EffectiveTo, zone), exact(*c.EffectiveTo)
	}
	return d
}

// draftRules are stored rules as forms hold them.
func draftRules(rules []policy.Rule) []views.RuleDraft {
	drafts := make([]views.RuleDraft, len(rules))
	for i, r := range rules {
		drafts[i] = draftRule(r)
	}
	return drafts
}

func draftRule(r policy.Rule) views.RuleDraft {
	fields := map[string][]string{}
	set := func(name, value string) {
		if value != "" {
			fields[name] = []string{value}
		}
	}
	if r.Amount.Currency != "" {
		set("amount", r.Amount.Decimal())
		set("currency", r.Amount.Currency.Upper())
	}
	set("period", string(r.Period))
	set("per", string(r.Per))
	set("time_zone", r.Zone)
	set("mode", string(r.Mode))
	set("effect", string(r.Effect))
	set("when", r.When)
	set("approvals", strconv.Itoa(max(1, r.Approvals)))
	fields["approvers"] = r.Approvers
	if r.Window > 0 {
		text := policy.FormatWindow(r.Window)
		set("window_n", text[:len(text)-1])
		set("window_unit", text[len(text)-1:])
	}
	if r.Count > 0 {
		set("count", strconv.Itoa(r.Count))
	}
	listFields(r, fields)
	return views.RuleDraft{Type: r.Type, Fields: fields}
}

// listFields fills in what has several values.
func listFields(r policy.Rule, fields map[string][]string) {
	switch r.Type {
	case policy.MerchantList:
		fields["values"] = []string{strings.Join(r.Values, "\n")}
	case policy.MCCList, policy.CurrencyList, policy.CountryList:
		fields["values"] = []string{strings.Join(r.Values, ", ")}
	case policy.RailList:
		fields["values"] = r.Values
	case policy.Hours:
		fields["from"], fields["to"] = []string{policy.Clock(r.From)}, []string{policy.Clock(r.To)}
		for _, d := range r.Days {
			fields["days"] = append(fields["days"], strings.ToLower(d.String()[:3]))
		}
	}
}

// ruleShape says which fields of the contract each type of rule has, in the
// order of its form.
var ruleShape = map[policy.Type][]string{
	policy.TransactionLimit:  {"amount", "currency"},
	policy.ApprovalThreshold: {"amount", "currency", "approvals", "approvers"},
	policy.Limit:             {"amount", "currency", "period", "per", "time_zone"},
	policy.Velocity:          {"count", "window"},
	policy.MerchantList:      {"mode", "values"},
	policy.MCCList:           {"mode", "values"},
	policy.CurrencyList:      {"mode", "values"},
	policy.CountryList:       {"mode", "values"},
	policy.RailList:          {"mode", "values"},
	policy.Hours:             {"days", "from", "to", "time_zone"},
	policy.NewMerchant:       {"effect", "approvals", "approvers"},
	policy.Duplicate:         {"window", "effect", "approvals", "approvers"},
	policy.Expression:        {"when", "effect", "approvals", "approvers"},
}

// fieldText is a field without the space around it.
func fieldText(r views.RuleDraft, name string) string { return strings.TrimSpace(r.Get(name)) }

func windowText(r views.RuleDraft) string {
	n := fieldText(r, "window_n")
	if n == "" {
		return ""
	}
	return n + cmp.Or(fieldText(r, "window_unit"), "h")
}
