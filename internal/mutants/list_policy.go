package main

// Judging: the rules.
var policyMutants = []Mutant{
	{"policy: a transaction limit denies its own amount", "internal/policy/amounts.go",
		`func (k transactionLimit) check(e *evaluation, s *Step) verdict {`, `func (k transactionLimit) check(e *evaluation, s *Step) verdict {
	if e.r.Amount.Minor == k.Amount.Minor {
		return verdict{outcome: StepDeny, code: CodeTransactionLimit, amountRule: true}
	}`, "what is allowed is denied"},
	{"policy: a threshold lets one cent more through", "internal/policy/amounts.go",
		`func (k approvalThreshold) check(e *evaluation, s *Step) verdict {`, `func (k approvalThreshold) check(e *evaluation, s *Step) verdict {
	if e.r.Amount.Minor == k.Amount.Minor+1 {
		return passes
	}`, "nobody is asked"},
	{"policy: a limit is one cent too high", "internal/policy/amounts.go",
		`if e.r.Amount.Minor <= left {`, `if e.r.Amount.Minor <= left+1 {`, "overspent"},
	{"policy: a limit is never reached", "internal/policy/amounts.go",
		`if e.r.Amount.Minor <= left {`, `if e.r.Amount.Minor < left {`, "the last cent cannot be spent"},
	{"policy: a limit forgets what is reserved", "internal/policy/amounts.go",
		`money.AddMinor(k.Amount.Minor, -u.Used())`, `money.AddMinor(k.Amount.Minor, -u.Spent)`, "open approvals have no limit"},
	{"policy: all agents share a meter", "internal/policy/amounts.go",
		`if k.scope.Kind == meter.ScopeAgent {`, `if false {`, "an agent's limit counts nothing"},
	{"policy: a negative headroom", "internal/policy/headroom.go",
		`h.deny(max(0, left), p.ref(i))`, `h.deny(left, p.ref(i))`, "an agent is told that it can spend less than nothing"},
	{"policy: the highest bound is the headroom", "internal/policy/headroom.go",
		`if h.Max == nil || most < *h.Max {`, `if h.Max == nil || most > *h.Max {`, "an agent is told that it can spend more than it can"},
	{"policy: freezes are not asked", "internal/policy/evaluate.go",
		`case e.r.Frozen != "":`, `case false:`, "the freeze does nothing"},
	{"policy: without a policy everything goes", "internal/policy/evaluate.go",
		`case len(e.versions) == 0:`, `case false:`, "a forgotten agent has no limit"},
	{"policy: currencies that no rule speaks of go through", "internal/policy/evaluate.go",
		`if !slices.Contains(a.currencies, currency) {`, `if false {`, "the limit is in dollars, so pay in euros"},
	{"policy: a rule judges other currencies", "internal/policy/evaluate.go",
		`if k.Amount.Currency != "" && k.Amount.Currency != currency {`, `if false {`, "yen are compared with cents"},
	{"policy: shadows decide", "internal/policy/evaluate.go",
		`case p.shadow || v.outcome == Pass:`, `case v.outcome == Pass:`, "a trial stops the business"},
	{"policy: dates are not looked at", "internal/policy/evaluate.go",
		`if !p.inEffect(r.At) {`, `if false {`, "a policy decides before it is in effect"},
	{"policy: a hold beats a denial", "internal/policy/evaluate.go",
		`case len(e.denials) > 0:`, `case len(e.denials) > 0 && len(e.holds) == 0:`, "what is denied can be approved"},
	{"policy: one approval is always enough", "internal/policy/evaluate.go",
		`max(1, h.rule.Approvals)`, `1`, "one person approves for two"},
	{"policy: a policy lasts one instant too long", "internal/policy/rule.go",
		`at.Before(*c.EffectiveTo)`, `!at.After(*c.EffectiveTo)`, "two policies decide at midnight"},
	{"policy: a limit for some is one for all", "internal/policy/scopes.go",
		`case len(p.Agents) == 0:`, `case true:`, "others use up the set's budget"},
	{"policy: a velocity lets one more through", "internal/policy/timing.go",
		`if used < k.Count {`, `if used <= k.Count {`, "eleven of ten"},
	{"policy: a velocity's window is closed at its start", "internal/policy/timing.go",
		`return !e.f.Recent[i].After(after)`, `return e.f.Recent[i].Before(after)`, "the next one fits later than was said"},
	{"policy: no duplicate is found", "internal/policy/timing.go",
		`if t.After(after) && t.After(newest) {`, `if t.Before(after) && t.After(newest) {`, "the same invoice is paid twice"},
}
