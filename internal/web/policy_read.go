package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// typedContent reads a draft as a policy, with the checks of the API: the rules
// go through the same JSON. What is wrong is told by the form's fields; the
// content holds what could be read.
func (v *visit) typedContent(d views.PolicyDraft, agents []uuid.UUID) (policy.Content, views.Errors) {
	e := views.Errors{Fields: map[string]string{}}
	c := policy.Content{Name: strings.TrimSpace(d.Name), Status: policy.Draft}
	if !d.Everyone {
		if c.Agents = agents; len(agents) == 0 {
			e.Fields["agents"] = "Choose at least one agent, or let it cover all."
		}
	}
	c.EffectiveFrom = v.typedTime(d.From, d.FromExact, "effective_from", e)
	c.EffectiveTo = v.typedTime(d.To, d.ToExact, "effective_to", e)
	rules, err := typedRuleList(d)
	c.Rules = rules
	explain(err, e)
	told := e.Fields["rules"]
	if _, err := c.Check(); err != nil {
		explain(err, e)
	}
	if err != nil && told == "" {
		delete(e.Fields, "rules") // that there are none follows from what is wrong with them
	}
	return c, e
}

// typedRuleList reads the rules of a draft, with everything that is wrong.
func typedRuleList(d views.PolicyDraft) ([]policy.Rule, error) {
	if d.AsJSON {
		if err := readable(d.JSON); err != nil {
			return nil, err
		}
		return policy.DecodeRules([]byte(d.JSON))
	}
	if len(d.Rules) == 0 {
		return nil, fault.BadField("rules", "required", "A policy needs at least one rule.")
	}
	return policy.DecodeRules(rulesJSON(d.Rules))
}

// readable says where a text stops being JSON.
func readable(text string) error {
	var any json.RawMessage
	err := json.Unmarshal([]byte(text), &any)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return nil // whatever else it is, the rules' reader says it better
	}
	before := text[:max(0, min(len(text), int(syntax.Offset)-1))]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
	return fault.BadField("json", "not_json", "This stops being JSON at line %d, column %d.", line, column)
}

// rulesJSON is the JSON that forms stand for, right or wrong.
func rulesJSON(drafts []views.RuleDraft) []byte {
	list := make([]json.RawMessage, len(drafts))
	for i, r := range drafts {
		list[i] = ruleJSON(r)
	}
	return encoded(list)
}

func encoded(value any) []byte {
	var b bytes.Buffer
	writer := json.NewEncoder(&b)
	writer.SetEscapeHTML(false)
	if err := writer.Encode(value); err != nil {
		return []byte("null") // texts and numbers: it cannot fail
	}
	return bytes.TrimSpace(b.Bytes())
}

// ruleJSON is one rule with the fields of its type, in their order. Who is
// asked is said only where people are asked.
func ruleJSON(r views.RuleDraft) json.RawMessage {
	parts := []string{`"type":` + string(encoded(string(r.Type)))}
	for _, name := range ruleShape[r.Type] {
		if value, given := fieldJSON(r, name); given {
			parts = append(parts, string(encoded(name))+":"+string(value))
		}
	}
	return json.RawMessage("{" + strings.Join(parts, ",") + "}")
}

// wholeNumber is what JSON takes as one.
var wholeNumber = regexp.MustCompile(`^(0|[1-9]\d{0,8})$`)

// fieldJSON is one field as JSON, if it is given. Numbers that are none become
// texts, so that the rules' reader refuses them at their place.
func fieldJSON(r views.RuleDraft, name string) (json.RawMessage, bool) {
	text := fieldText(r, name)
	switch name {
	case "approvals", "approvers":
		if r.Type != policy.ApprovalThreshold && fieldText(r, "effect") != string(policy.RequireApproval) {
			return nil, false
		}
		if name == "approvers" {
			return encoded(r.Fields[name]), len(r.Fields[name]) > 0
		}
		return numberJSON(text), text != ""
	case "count":
		return numberJSON(text), text != ""
	case "window":
		text = windowText(r)
	case "values":
		return encoded(splitValues(r)), true
	case "days":
		return encoded(r.Fields[name]), len(r.Fields[name]) > 0
	case "when":
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return encoded(text), text != ""
}

func numberJSON(text string) json.RawMessage {
	if wholeNumber.MatchString(text) {
		return json.RawMessage(text)
	}
	return encoded(text)
}

// splitValues are the values of a list as they were typed: one a line, and
// where no value holds a comma or a space, those part them too.
func splitValues(r views.RuleDraft) []string {
	values := []string{}
	for _, text := range r.Fields["values"] {
		parts := strings.Split(text, "\n")
		if r.Type != policy.MerchantList {
			parts = strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' || c == '\r' || c == '\t' })
		}
		for _, part := range parts {
			if part = strings.TrimSpace(part); part != "" {
				values = append(values, part)
			}
		}
	}
	return values
}

// place is a location below a rule or a list: what is wrong with an item is
// shown at the field that holds the list.
var place = regexp.MustCompile(`^(agents|rules\[\d+\]\.[a-z_]+)\[(\d+)\]$`)

// explain adds what is wrong to the form's fields. The first message of a field
// stays.
func explain(err error, e views.Errors) {
	if err == nil {
		return
	}
	f := fault.From(err)
	for _, field := range f.Fields {
		at, message := field.Location, field.Message
		if m := place.FindStringSubmatch(at); m != nil {
			at = m[1]
			var n int
			if _, err := fmt.Sscan(m[2], &n); err == nil {
				message = fmt.Sprintf("Entry %d: %s", n+1, message)
			}
		}
		switch field.Code {
		case "amount_not_a_number":
			message = "Write an amount like 3000 or 249.99, with a point before the decimals and nothing between the thousands."
		case "required":
			if strings.HasPrefix(at, "rules[") {
				message = "This is needed."
			}
		}
		if e.Fields[at] == "" {
			e.Fields[at] = message
		}
	}
}

// typedTime reads a local time of the company's zone. An instant that the field
// was filled from is taken as it was, seconds and all.
func (v *visit) typedTime(text, kept, field string, e views.Errors) *time.Time {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	zone := v.frame.Zone()
	if at, err := time.Parse(time.RFC3339Nano, kept); err == nil && views.LocalTime(at, zone) == text {
		return &at
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05"} {
		at, err := time.ParseInLocation(layout, text, zone)
		if err != nil {
			continue
		}
		if at.Format(layout) != text {
			e.Fields[field] = "This time does not exist in " + v.frame.Company.TimeZone + ": the clocks are put forward over it."
			return nil
		}
		return &at
	}
	e.Fields[field] = "Write a date and a time like 2026-03-01T08:00."
	return nil
}

func exact(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// previewOf says what a draft would do, rule by rule, as far as it can be read.
func previewOf(d views.PolicyDraft, c policy.Content, w views.Words) views.PolicyPreview {
	var p views.PolicyPreview
	var rules []policy.Rule
	for _, r := range d.Rules {
		one, err := policy.DecodeRules(rulesJSON([]views.RuleDraft{r}))
		if err != nil {
			p.Lines = append(p.Lines, views.PreviewLine{Text: views.RuleTitle(r.Type) + ": not finished yet", Unfinished: true})
			continue
		}
		rules = append(rules, one[0])
		p.Lines = append(p.Lines, views.PreviewLine{Text: w.Sentence(one[0])})
	}
	if d.AsJSON {
		rules = c.Rules
		for _, r := range rules {
			p.Lines = append(p.Lines, views.PreviewLine{Text: w.Sentence(r)})
		}
	}
	p.Also = w.Also(rules)
	if warnings, err := c.Check(); err == nil {
		p.Warnings = warnings
	}
	return p
}
