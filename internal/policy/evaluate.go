package policy

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
)

// evaluation is one request on its way through the rules.
type evaluation struct {
	r     Request
	f     Facts
	trace []Step
	// denials and holds are what the deciding policies found, in trace order.
	denials, holds []finding
	versions       []VersionRef
	// name and domain are the merchant's, normalised once asked for.
	name, domain string
	normalised   bool
}

// verdict is what one rule says of a request.
type verdict struct {
	outcome StepOutcome
	code    string
	// amountRule says that a smaller amount passes, up to allowed.
	amountRule bool
	allowed    int64
	// retry is when the same request would pass this rule, zero if never.
	retry time.Time
}

var passes = verdict{outcome: Pass}

// finding is a verdict against the request, with the rule that gave it.
type finding struct {
	verdict
	step   int // in the trace
	policy *compiled
	rule   *rule
}

// Evaluate decides. It is pure and does not keep the request or the facts.
// Deny beats requires-approval beats allow. Of several denials the reason is
// the strictest: what neither time nor a smaller amount cures comes first, then
// what time cures, then the amount rule that would allow the least.
func (s *Set) Evaluate(r Request, f Facts) Decision {
	cover := s.of(r.Agent)
	e := &evaluation{r: r, f: f, trace: make([]Step, 0, cover.steps), versions: cover.versions}
	if cover.dated {
		e.versions = nil
	}
	for _, p := range cover.policies {
		if !p.inEffect(r.At) {
			continue
		}
		if cover.dated && !p.shadow {
			e.versions = append(e.versions, p.version())
		}
		e.policy(p)
	}
	return e.decide(cover)
}

func (e *evaluation) policy(p *compiled) {
	currency := e.r.Amount.Currency
	for _, a := range p.amounts {
		if !slices.Contains(a.currencies, currency) {
			e.step(&p.rules[a.first])
			e.found(p, &p.rules[a.first], verdict{outcome: StepDeny, code: CodeCurrencyNotCovered})
		}
	}
	for i := range p.rules {
		k := &p.rules[i]
		if k.Amount.Currency != "" && k.Amount.Currency != currency {
			continue
		}
		s := e.step(k)
		e.found(p, k, k.check.check(e, s))
	}
}

// step adds an empty step for the rule to the trace.
func (e *evaluation) step(k *rule) *Step {
	e.trace = append(e.trace, Step{Source: &k.source, Currency: e.r.Amount.Currency})
	return &e.trace[len(e.trace)-1]
}

// found completes the last step and keeps what speaks against the request.
func (e *evaluation) found(p *compiled, k *rule, v verdict) {
	step := len(e.trace) - 1
	e.trace[step].Outcome, e.trace[step].Code = v.outcome, v.code
	switch {
	case p.shadow || v.outcome == Pass:
	case v.outcome == StepDeny:
		e.denials = append(e.denials, finding{v, step, p, k})
	default:
		e.holds = append(e.holds, finding{v, step, p, k})
	}
}

func (e *evaluation) decide(cover *coverage) Decision {
	d := Decision{Outcome: Approved, ReasonCode: CodeOK, Reason: "Within every limit", Trace: e.trace, Versions: e.versions}
	switch {
	case e.r.Frozen != "":
		d.Outcome, d.ReasonCode, d.Reason = Denied, e.r.Frozen, FrozenReason(e.r.Frozen, e.r.Handle)
	case len(e.versions) == 0:
		d.Outcome, d.ReasonCode = Denied, CodeNoPolicy
		d.Reason = "No active policy covers " + e.r.Handle + ", and without one nothing may be spent"
	case len(e.denials) > 0:
		worst := slices.MinFunc(e.denials, stricter)
		d.Outcome, d.ReasonCode, d.Reason = Denied, worst.code, e.reason(worst)
		d.Remedies = e.cures(cover)
	case len(e.holds) > 0:
		first := slices.MinFunc(e.holds, stricter)
		d.Outcome, d.ReasonCode, d.Reason = RequiresApproval, first.code, e.reason(first)
		d.Requirements, d.Remedies = e.requirements(), e.holdCures()
	}
	return d
}

// stricter orders findings, the strictest first.
func stricter(a, b finding) int {
	if x, y := a.class(), b.class(); x != y {
		return x - y
	}
	switch {
	case a.amountRule && a.allowed != b.allowed:
		if a.allowed < b.allowed {
			return -1
		}
		return 1
	case !a.retry.Equal(b.retry) && !a.amountRule:
		return b.retry.Compare(a.retry)
	}
	return a.step - b.step
}

func (f finding) class() int {
	switch {
	case f.amountRule:
		return 2
	case !f.retry.IsZero():
		return 1
	}
	return 0
}

func (e *evaluation) requirements() []Requirement {
	list := make([]Requirement, 0, len(e.holds))
	for _, h := range e.holds {
		list = append(list, Requirement{Policy: h.policy.ID, Version: h.policy.Version, Rule: h.rule.index,
			Approvals: max(1, h.rule.Approvals), Approvers: h.rule.Approvers})
	}
	return list
}

// merchant gives the normalised name and domain.
func (e *evaluation) merchant() (name, domain string) {
	if !e.normalised {
		e.name, e.domain = Normal(e.r.Merchant.Name), NormalDomain(e.r.Merchant.Domain)
		e.normalised = true
	}
	return e.name, e.domain
}

// VersionRef names one version of a policy.
type VersionRef struct {
	Policy  uuid.UUID
	Version int
}

// Requirement is one rule that wants people: Approvals of Approvers, or of
// every owner, admin and approver when those are empty. Rule is its index.
type Requirement struct {
	Policy    uuid.UUID
	Version   int
	Rule      int
	Approvals int
	Approvers []string
}

func (e *evaluation) money(minor int64) money.Amount {
	return money.Of(minor, e.r.Amount.Currency)
}
