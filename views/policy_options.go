package views

import (
	"slices"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

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
