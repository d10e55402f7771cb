package views

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

// PolicyDraft is a policy in the editor, as it was typed.
type PolicyDraft struct {
	// Original is the policy that is changed, as it is stored; nil of a new one.
	Original *policy.Policy
	// Version is the one that the form was filled from.
	Version int
	Name    string
	// Everyone says that it covers the whole company; else Agents are chosen.
	Everyone bool
	Agents   []PolicyAgent
	// Search is what was looked for, Found what matches and is not chosen, and
	// FoundMore says that there are more.
	Search    string
	Found     []PolicyAgent
	FoundMore bool
	// From and To are local times of the company's zone as a browser writes
	// them. The exact instants that they were filled from stay beside them.
	From, To, FromExact, ToExact string
	Rules                        []RuleDraft
	// AsJSON shows the rules as JSON instead of forms.
	AsJSON bool
	JSON   string

	Errors  Errors
	Preview PolicyPreview
	Members []company.Member
	// Focus is the id of what the cursor goes to.
	Focus string
	// Stale is what somebody else changed meanwhile.
	Stale *StalePolicy
	// Simulated is the result of a simulation of this draft.
	Simulated *SimulationResult
	// Presets are offered on the way to a new policy.
	Presets []policy.Preset
}

// PolicyAgent is an agent to choose.
type PolicyAgent struct {
	ID           uuid.UUID
	Handle, Name string
}

// Public is the id as forms send it.
func (a PolicyAgent) Public() string { return ident.Format(ident.Agent, a.ID) }

// RuleDraft is a rule in the editor. Fields are those of its type by their
// names, as they were typed.
type RuleDraft struct {
	Type   policy.Type
	Fields map[string][]string
}

// Get is the first value of a field.
func (r RuleDraft) Get(field string) string {
	if values := r.Fields[field]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Has says whether a value of a field is chosen.
func (r RuleDraft) Has(field, value string) bool { return slices.Contains(r.Fields[field], value) }

// PolicyPreview is what a draft would do, in words.
type PolicyPreview struct {
	Lines    []PreviewLine
	Also     []string
	Warnings []policy.Warning
}

// PreviewLine is a rule's sentence, or that it is not finished yet.
type PreviewLine struct {
	Text       string
	Unfinished bool
}

// StalePolicy says who changed a policy while somebody else edited it.
type StalePolicy struct {
	Now     PolicyVersion
	Changes []Change
}

// editorButton is a way to save, with what it means.
type editorButton struct{ do, label, note string }

// buttons are the ways to save, the safe one first.
func (d PolicyDraft) buttons() []editorButton {
	draft := editorButton{"save:draft", "Save as a draft", "It does nothing yet."}
	shadow := editorButton{"save:shadow", "Save as shadow first", "The safe way: it decides nothing, and you see what it would have said."}
	active := editorButton{"save:active", "Save and activate", "It decides from the next request on."}
	if d.Original == nil {
		return []editorButton{shadow, active, draft}
	}
	next := Count(d.Version + 1)
	switch d.Original.Status {
	case policy.Active:
		return []editorButton{
			{"try", "Save as shadow first", "The safe way: version " + Count(d.Version) + " decides on, and a copy beside it records what your change would have said."},
			{"save:active", "Save version " + next + " and let it decide", "It decides from the next request on."}}
	case policy.Shadow:
		return []editorButton{{"save:shadow", "Save version " + next + " in shadow", "It still decides nothing."}, active}
	}
	return []editorButton{shadow, active, draft}
}

// path is the address of the editor.
func (d PolicyDraft) path() string {
	if d.Original == nil {
		return "/policies/new"
	}
	return policyPath(d.Original.ID) + "/edit"
}

// field is the name of a rule's field in the form, and in what is wrong with it.
func ruleField(i int, name string) string { return fmt.Sprintf("rules[%d].%s", i, name) }

func ruleID(i int, name string) string { return "rule-" + strconv.Itoa(i) + "-" + name }

// input is a field of rule i.
func (d PolicyDraft) input(i int, label, name string) Input {
	return Input{Label: label, Name: ruleField(i, name), ID: ruleID(i, name), Value: d.Rules[i].Get(name),
		Error: d.Errors.At(ruleField(i, name))}
}

// LocalTime is an instant as a browser's field for a local time holds it.
func LocalTime(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("2006-01-02T15:04")
}

// ruleTypes are those that can be added, in the order of the list.
var ruleTypes = []policy.Type{policy.TransactionLimit, policy.ApprovalThreshold, policy.Limit, policy.Velocity,
	policy.MerchantList, policy.NewMerchant, policy.Duplicate, policy.MCCList, policy.CountryList, policy.CurrencyList,
	policy.RailList, policy.Hours, policy.Expression}

// RuleTitle is what a type of rule is called.
func RuleTitle(t policy.Type) string {
	switch t {
	case policy.TransactionLimit:
		return "Limit of one payment"
	case policy.ApprovalThreshold:
		return "Ask people above an amount"
	case policy.Limit:
		return "Budget of a period"
	case policy.Velocity:
		return "Number of requests"
	case policy.MerchantList:
		return "Merchants"
	case policy.MCCList:
		return "Merchant categories"
	case policy.CurrencyList:
		return "Currencies"
	case policy.CountryList:
		return "Countries"
	case policy.Hours:
		return "Hours"
	case policy.RailList:
		return "Ways to pay"
	case policy.NewMerchant:
		return "New merchants"
	case policy.Duplicate:
		return "Repeated payments"
	case policy.Expression:
		return "Condition"
	}
	return string(t)
}

func ruleTypeOptions() []Option {
	options := make([]Option, len(ruleTypes))
	for i, t := range ruleTypes {
		options[i] = Option{string(t), RuleTitle(t)}
	}
	return options
}

func periodOptions() (options []Option) {
	for _, p := range meter.Periods() {
		label := "a " + string(p)
		if p == meter.Total {
			label = "in total, ever"
		}
		options = append(options, Option{string(p), label})
	}
	return options
}

var unitOptions = []Option{{"s", "seconds"}, {"m", "minutes"}, {"h", "hours"}, {"d", "days"}}

var effectOptions = []Option{{string(policy.RequireApproval), "Ask people"}, {string(policy.Deny), "Deny"}}

var modeOptions = []Option{{string(policy.Block), "Deny these"}, {string(policy.Allow), "Allow only these"}}

var perOptions = []Option{{string(policy.PerAgent), "each covered agent has its own"}, {string(policy.PerCompany), "all covered agents share one"}}

var dayOptions = []Option{{"mon", "Mon"}, {"tue", "Tue"}, {"wed", "Wed"}, {"thu", "Thu"}, {"fri", "Fri"}, {"sat", "Sat"}, {"sun", "Sun"}}

func railOptions() (options []Option) {
	for _, r := range policy.Rails() {
		options = append(options, Option{r, RailName(r)})
	}
	return options
}

// approverOptions are the roles and people whom rule i may ask: viewers decide
// nothing. Who is named already is shown, also when they are gone: a form that
// left them out would let everybody decide without a word.
func (d PolicyDraft) approverOptions(i int) []Option {
	options := []Option{{"role:owner", "Any owner"}, {"role:admin", "Any admin"}, {"role:approver", "Any approver"}}
	for _, m := range d.Members {
		id := ident.Format(ident.Member, m.ID)
		if m.Role != company.Viewer || d.Rules[i].Has("approvers", id) {
			options = append(options, Option{id, m.Email})
		}
	}
	for _, named := range d.Rules[i].Fields["approvers"] {
		if !slices.ContainsFunc(options, func(o Option) bool { return o.Value == named }) {
			options = append(options, Option{named, named + ", no longer a member"})
		}
	}
	return options
}

// valuesHint says how the values of a list are written.
func valuesHint(t policy.Type) string {
	switch t {
	case policy.MerchantList:
		return "One a line: the whole name or the whole domain. * stands for any characters, as in casino-*."
	case policy.MCCList:
		return "Four digits such as 7372, or a range such as 3000-3299, with commas or line breaks between them."
	case policy.CountryList:
		return "Codes of two letters such as DE, with commas or line breaks between them."
	}
	return "Codes of three letters such as USD, with commas or line breaks between them."
}

// firstErrors are the messages in the order of the form, for its summary.
func (d PolicyDraft) firstErrors() (list []Option) {
	for field, message := range d.Errors.Fields {
		list = append(list, Option{field, message})
	}
	slices.SortFunc(list, func(a, b Option) int { return compareFields(a.Value, b.Value) })
	return list
}

// fieldPlace is where in the form a field is: those of the head first, then
// rule by rule.
func fieldPlace(field string) (rule int, name string) {
	if _, err := fmt.Sscanf(field, "rules[%d]", &rule); err != nil {
		return -1, field
	}
	_, name, _ = strings.Cut(field, "].")
	return rule, name
}

func compareFields(a, b string) int {
	ruleA, nameA := fieldPlace(a)
	ruleB, nameB := fieldPlace(b)
	return cmp.Or(cmp.Compare(ruleA, ruleB), strings.Compare(nameA, nameB))
}

// anchor is the id of the form's element that a field's message belongs to.
func anchor(field string) string {
	rule, name := fieldPlace(field)
	switch {
	case rule >= 0 && name == "":
		return "rule-" + strconv.Itoa(rule)
	case rule >= 0 && name == "window":
		name = "window_n"
	case field == "agents":
		return "agent-search"
	case field == "rules":
		return "add-rule"
	}
	if rule >= 0 {
		return ruleID(rule, name)
	}
	return "field-" + field
}

// fieldTitle names a field where its message stands away from it.
func fieldTitle(field string) string {
	rule, name := fieldPlace(field)
	if name == "when" {
		name = "condition"
	}
	name = strings.ReplaceAll(name, "_", " ")
	if rule < 0 {
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return strings.TrimSuffix("Rule "+Count(rule+1)+", "+name, ", ")
}

// markedLine is the line of a text that a fault points into: what is before the
// place, the character there, and what is after it.
func markedLine(text string, at policy.ExpressionFault) (before, there, after string) {
	lines := strings.Split(text, "\n")
	if at.Line > len(lines) {
		return text, " ", ""
	}
	line := []rune(lines[at.Line-1])
	i := min(max(at.Column-1, 0), len(line))
	if i == len(line) {
		return string(line), " ", ""
	}
	return string(line[:i]), string(line[i]), string(line[i+1:])
}

func policyPublic(d PolicyDraft) string { return ident.Format(ident.Policy, d.Original.ID) }
