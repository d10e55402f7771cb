package policy

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// Bounds of a policy, so that one decision stays cheap.
const (
	maxRules     = 100
	maxValues    = 1000
	maxValue     = 256 // bytes
	maxApprovals = 20
	maxApprovers = 100
	maxCount     = 1000
	minWindow    = 10 * time.Second
	maxWindow    = 31 * 24 * time.Hour
)

// DecodeRules reads a JSON array of rules, strictly. The fault is Invalid, code
// invalid_policy, and names everything that is wrong at once, each part located
// like rules[2].amount.
func DecodeRules(raw []byte) ([]Rule, error) {
	var faults []fault.Field
	rules := decodeRules(raw, &faults)
	if len(faults) > 0 {
		return nil, invalid(faults)
	}
	return rules, nil
}

func invalid(faults []fault.Field) error {
	slices.SortStableFunc(faults, func(a, b fault.Field) int { return strings.Compare(a.Location, b.Location) })
	f := fault.New(fault.Invalid, "invalid_policy", "The policy breaks %d rules; the first is %s: %s",
		len(faults), faults[0].Location, faults[0].Message)
	f.Fields = faults
	return f
}

func decodeRules(raw []byte, faults *[]fault.Field) []Rule {
	top := &object{faults: faults}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		top.bad("rules", "not_a_list", "A list of rules is expected here.")
		return nil
	}
	if len(list) == 0 || len(list) > maxRules {
		top.bad("rules", "out_of_range", "A policy has from 1 to %d rules.", maxRules)
		return nil
	}
	rules := make([]Rule, 0, len(list))
	for i, one := range list {
		if o, ok := openObject(one, item("rules", i), faults); ok {
			rules = append(rules, o.rule())
		}
	}
	return rules
}

// UnmarshalJSON reads one rule, as DecodeRules does.
func (r *Rule) UnmarshalJSON(raw []byte) error {
	var faults []fault.Field
	if o, ok := openObject(raw, "rule", &faults); ok {
		*r = o.rule()
	}
	if len(faults) > 0 {
		return invalid(faults)
	}
	return nil
}

func (o *object) rule() Rule {
	r := Rule{Type: Type(o.text("type", true))}
	read, known := readers[r.Type]
	if !known {
		if r.Type != "" {
			o.bad("type", "unknown_rule", "There is no such rule.")
		}
		return r
	}
	read(o, &r)
	o.finish()
	return r
}

// readers says which fields each rule has.
var readers = map[Type]func(*object, *Rule){
	TransactionLimit: func(o *object, r *Rule) { r.Amount = o.money() },
	ApprovalThreshold: func(o *object, r *Rule) {
		r.Amount = o.money()
		o.approvers(r)
	},
	Limit: (*object).limit,
	Velocity: func(o *object, r *Rule) {
		r.Window = o.window(minWindow)
		r.Count = o.integer("count", true, 1, maxCount, 0)
	},
	MerchantList: (*object).list,
	MCCList:      (*object).list,
	CurrencyList: (*object).list,
	CountryList:  (*object).list,
	RailList:     (*object).list,
	Hours:        (*object).hours,
	NewMerchant:  (*object).effect,
	Duplicate: func(o *object, r *Rule) {
		r.Window = o.window(time.Second)
		o.effect(r)
	},
	Expression: func(o *object, r *Rule) {
		if r.When = o.text("when", true); r.When != "" {
			if _, err := compileExpression(r.When); err != nil {
				o.moved("when", err)
			}
		}
		o.effect(r)
	},
}

func (o *object) limit(r *Rule) {
	r.Amount = o.money()
	r.Period = meter.Period(o.choice("period", true, "day", "week", "month", "quarter", "year", "total"))
	r.Per = Per(o.choice("per", false, string(PerAgent), string(PerCompany)))
	r.Zone = o.zone()
}

func (o *object) zone() string {
	name := o.text("time_zone", false)
	if name != "" {
		if _, err := meter.LoadZone(name); err != nil {
			o.moved("time_zone", err)
		}
	}
	return name
}

func (o *object) window(least time.Duration) time.Duration {
	s := o.text("window", true)
	if s == "" {
		return 0
	}
	d, ok := ParseWindow(s)
	if !ok {
		o.bad("window", "not_a_duration", "A duration such as 10s, 5m, 1h or 31d is expected here.")
	} else if d < least || d > maxWindow {
		o.bad("window", "out_of_range", "From %s to %s is allowed.", FormatWindow(least), FormatWindow(maxWindow))
	}
	return d
}

func (o *object) effect(r *Rule) {
	r.Effect = Effect(o.choice("effect", false, string(Deny), string(RequireApproval)))
	if r.Effect == RequireApproval {
		o.approvers(r)
	}
}

func (o *object) approvers(r *Rule) {
	r.Approvals = o.integer("approvals", false, 1, maxApprovals, 1)
	r.Approvers = o.texts("approvers", false, maxApprovers, maxValue)
	people := map[string]bool{}
	roles := false
	for i, a := range r.Approvers {
		switch {
		case a == "role:owner" || a == "role:admin" || a == "role:approver":
			roles = true
		case ident.Shaped(ident.Member, a):
			people[a] = true
		default:
			o.bad(item("approvers", i), "unknown_approver", "A member id, role:owner, role:admin or role:approver is expected here.")
		}
	}
	if !roles && len(people) > 0 && len(people) < r.Approvals {
		o.bad("approvals", "out_of_reach", "%s approvals are wanted, but only %d people are named.", strconv.Itoa(r.Approvals), len(people))
	}
}

func (o *object) list(r *Rule) {
	r.Mode = Mode(o.choice("mode", true, string(Allow), string(Block)))
	r.Values = o.texts("values", true, maxValues, maxValue)
	for i, v := range r.Values {
		if code, message := badValue(r.Type, v); code != "" {
			o.bad(item("values", i), code, "%s", message)
		}
	}
}

var days = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (o *object) hours(r *Rule) {
	r.Zone = o.zone()
	for i, name := range o.texts("days", false, len(days), maxValue) {
		d := slices.Index(days[:], name)
		if d < 0 || slices.Contains(r.Days, time.Weekday(d)) {
			o.bad(item("days", i), "unknown_value", "Each of mon, tue, wed, thu, fri, sat, sun is allowed once.")
			continue
		}
		r.Days = append(r.Days, time.Weekday(d))
	}
	from, okFrom := parseClock(o.text("from", true), false)
	to, okTo := parseClock(o.text("to", true), true)
	if !okFrom {
		o.bad("from", "not_a_time", "A time from 00:00 to 23:59 is expected here.")
	}
	if !okTo {
		o.bad("to", "not_a_time", "A time from 00:00 to 24:00 is expected here.")
	}
	if okFrom && okTo && from == to {
		o.bad("to", "empty_hours", "From and to must differ; the whole day is 00:00 to 24:00.")
	}
	r.From, r.To = from, to
}
