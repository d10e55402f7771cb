package views

import (
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// ListFilter is what a list of authorizations is narrowed to, as its address
// says it. Empty values filter nothing.
type ListFilter struct {
	// Agent is a handle or an id, and Policy one whose agents are meant.
	Agent, Policy string
	// Status is one status, or one of the two sets OpenStatus and CountedStatus.
	Status, Decision string
	// Merchant is a whole name or domain; MerchantKey is what the same merchant
	// is recognised by.
	Merchant, MerchantKey string
	Currency, Rail        string
	Reason                string
	// From and To are local dates, the last one included, or instants, the last
	// one not.
	From, To string
	Q        string
}

// The sets of statuses that a list can be filtered by.
const (
	// OpenStatus is what holds back a budget: approved or waiting.
	OpenStatus = "open"
	// CountedStatus is what limits count: confirmed, approved or waiting.
	CountedStatus = "counted"
)

// pairs are the filter's names and values, as Frame.With takes them.
func (l ListFilter) pairs() []string {
	return []string{"agent", l.Agent, "policy", l.Policy, "status", l.Status, "decision", l.Decision, "merchant", l.Merchant, "merchant_key", l.MerchantKey,
		"currency", l.Currency, "rail", l.Rail, "reason", l.Reason, "from", l.From, "to", l.To, "q", l.Q}
}

// At is the address of a page for the filter, with more pairs behind.
func (l ListFilter) At(f Frame, path string, more ...string) string {
	return f.With(path, append(l.pairs(), more...)...)
}

// Any says whether anything is filtered besides the text.
func (l ListFilter) Any() bool {
	l.Q = ""
	return l != ListFilter{}
}

// AuthorizationList is the page of authorizations.
type AuthorizationList struct {
	Filter ListFilter
	Wrong  Errors
	Rows   []AuthorizationRow
	// Next is the address of older ones, empty at the end.
	Next string
	// Sums are what all that match add up to; nil when that is asked for later.
	Sums *ListSums
	// First says that this is the first page of a list without filters.
	First bool
}

// AuthorizationRow is one line of the list.
type AuthorizationRow struct {
	*spend.Authorization
	Handle string
}

// AgentID is the public id of the agent.
func (r AuthorizationRow) AgentID() string { return ident.Format(ident.Agent, r.Agent) }

// AuthorizationPath is the address of an authorization's page, without the mode.
func AuthorizationPath(a *spend.Authorization) string { return "/authorizations/" + a.PublicID() }

// ListSums are what a list adds up to, by currency.
type ListSums struct {
	Count      int64
	Currencies []CurrencySum
}

// CurrencySum is what the authorizations of one currency add up to: amounts in
// minor units, each with how many it is made of.
type CurrencySum struct {
	Currency money.Currency
	Count    int64
	// Spent is confirmed, less what was refunded; Reserved is approved and
	// waiting. Other is asked for, and denied, voided or expired.
	Spent, Reserved, Other                int64
	SpentCount, ReservedCount, OtherCount int64
}

// AddUp brings sums by status together by currency.
func AddUp(sums []spend.ListSum) *ListSums {
	out := &ListSums{}
	for _, s := range sums {
		if n := len(out.Currencies); n == 0 || out.Currencies[n-1].Currency != s.Currency {
			out.Currencies = append(out.Currencies, CurrencySum{Currency: s.Currency})
		}
		c := &out.Currencies[len(out.Currencies)-1]
		out.Count, c.Count = out.Count+s.Count, c.Count+s.Count
		switch {
		case s.Status == spend.Confirmed:
			c.Spent, c.SpentCount = s.Amount, s.Count
		case s.Status.Open():
			c.Reserved, _ = money.AddMinor(c.Reserved, s.Amount)
			c.ReservedCount += s.Count
		default:
			c.Other, _ = money.AddMinor(c.Other, s.Requested)
			c.OtherCount += s.Count
		}
	}
	return out
}

func statusOptions() []Option {
	options := []Option{{"", "Any status"}, {CountedStatus, "Counted by limits"}, {OpenStatus, "Approved or waiting"}}
	for _, s := range []spend.Status{spend.Confirmed, spend.Pending, spend.Held, spend.Denied, spend.Voided, spend.Expired} {
		options = append(options, Option{string(s), StatusName(s)})
	}
	return options
}

func decisionOptions() []Option {
	return []Option{{"", "Any decision"}, {string(policy.Approved), "Approved"}, {string(policy.Denied), "Denied"},
		{string(policy.RequiresApproval), "Not decided yet"}}
}

func anyRail() []Option { return append([]Option{{"", "Any rail"}}, railOptions()...) }

// reasonOptions has the reason that is asked for also when it is none of ours.
func reasonOptions(chosen string) []Option {
	options := []Option{{"", "Any reason"}}
	known := chosen == ""
	for _, code := range ReasonCodes() {
		options = append(options, Option{code, ReasonName(code)})
		known = known || code == chosen
	}
	if !known {
		options = append(options, Option{chosen, chosen})
	}
	return options
}

// dateKind is the kind of field in which a bound of time can be shown.
func dateKind(value string) string {
	if value == "" || len(value) == len("2006-01-02") {
		return "date"
	}
	return "text"
}

// chips are the filters in words, each with the address of the list without it.
type chip struct{ text, without string }

func (l ListFilter) chips(f Frame) []chip {
	var out []chip
	add := func(value, words string, drop func(*ListFilter)) {
		if value != "" {
			rest := l
			drop(&rest)
			out = append(out, chip{words, rest.At(f, "/authorizations")})
		}
	}
	add(l.Q, "“"+l.Q+"”", func(r *ListFilter) { r.Q = "" })
	add(l.Agent, "Agent "+l.Agent, func(r *ListFilter) { r.Agent = "" })
	add(l.Policy, "Agents of "+l.Policy, func(r *ListFilter) { r.Policy = "" })
	add(l.Status, "Status: "+optionLabel(statusOptions(), l.Status), func(r *ListFilter) { r.Status = "" })
	add(l.Decision, "Decision: "+optionLabel(decisionOptions(), l.Decision), func(r *ListFilter) { r.Decision = "" })
	add(l.Reason, "Reason: "+ReasonName(l.Reason), func(r *ListFilter) { r.Reason = "" })
	add(l.Merchant, "Merchant "+visible(l.Merchant), func(r *ListFilter) { r.Merchant = "" })
	add(l.MerchantKey, "Merchant "+visible(l.MerchantKey), func(r *ListFilter) { r.MerchantKey = "" })
	add(l.Currency, "In "+money.Currency(l.Currency).Upper(), func(r *ListFilter) { r.Currency = "" })
	add(l.Rail, "Rail "+l.Rail, func(r *ListFilter) { r.Rail = "" })
	add(l.From, "From "+l.From, func(r *ListFilter) { r.From = "" })
	add(l.To, "To "+l.To, func(r *ListFilter) { r.To = "" })
	return out
}

func optionLabel(options []Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// agentPath is the address of an agent's page, without the mode.
func agentPath(a *spend.Authorization) string { return "/agents/" + ident.Format(ident.Agent, a.Agent) }
