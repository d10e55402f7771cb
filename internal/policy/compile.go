package policy

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Set is every policy of one side of a company that decides or shadows, ready
// to be evaluated. It never changes and is safe to share.
type Set struct {
	company  uuid.UUID
	policies []*compiled
	// wide covers agents that no policy names.
	wide    *coverage
	byAgent map[uuid.UUID]*coverage
	scopes  []meter.Scope
}

// compiled is one policy that is active or shadows.
type compiled struct {
	Policy
	text   string // the public id
	shadow bool
	rules  []rule
	// amounts are the rule types that bound an amount, each with the
	// currencies that it speaks of.
	amounts []amountType
}

type amountType struct {
	of         Type
	first      int // the index of its first rule
	currencies []money.Currency
}

// rule is a Rule with what checks it.
type rule struct {
	*Rule
	index  int
	check  check
	source Source
}

// check looks at one request. It fills in what its step saw.
type check interface {
	check(e *evaluation, s *Step) verdict
}

// coverage is what covers one agent.
type coverage struct {
	policies []*compiled
	steps    int
	// versions are the deciding ones, if none of the policies is dated.
	versions []VersionRef
	dated    bool
}

// Compile prepares the policies that are active or shadow; others are left
// out. Rules without a time zone use the company's. An error means that a
// stored policy can no longer be read, and is Internal.
func Compile(company uuid.UUID, companyZone string, policies []Policy) (*Set, error) {
	s := &Set{company: company, byAgent: map[uuid.UUID]*coverage{}, scopes: Scopes(company, companyZone, policies)}
	for i := range policies {
		if st := policies[i].Status; st != Active && st != Shadow {
			continue
		}
		p, err := s.compile(policies[i], companyZone)
		if err != nil {
			return nil, err
		}
		s.policies = append(s.policies, p)
	}
	slices.SortFunc(s.policies, func(a, b *compiled) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	s.cover()
	return s, nil
}

func (s *Set) compile(p Policy, companyZone string) (*compiled, error) {
	c := &compiled{Policy: p, text: ident.Format(ident.Policy, p.ID), shadow: p.Status == Shadow}
	c.Agents = slices.Clone(p.Agents)
	for i := range p.Rules {
		r := &p.Rules[i]
		k, err := compileRule(&p, r, s.company, companyZone)
		if err != nil {
			return nil, fault.New(fault.Internal, "internal", "A stored policy cannot be read.").Because(err)
		}
		c.rules = append(c.rules, rule{Rule: r, index: i, check: k, source: c.source(i, companyZone)})
		if r.Amount.Currency != "" {
			c.speaksOf(r.Type, i, r.Amount.Currency)
		}
	}
	return c, nil
}

// source is what the steps of rule i have in common.
func (c *compiled) source(i int, companyZone string) Source {
	r := &c.Rules[i]
	s := Source{Policy: c.ID, policyText: c.text, Version: c.Version, Rule: r.Type, Index: i, Shadow: c.shadow,
		Period: r.Period, Per: r.Per, Mode: r.Mode}
	if r.Type == Limit || r.Type == Hours {
		s.Zone = cmp.Or(r.Zone, companyZone)
	}
	return s
}

func (c *compiled) version() VersionRef { return VersionRef{Policy: c.ID, Version: c.Version} }

func (c *compiled) speaksOf(t Type, index int, currency money.Currency) {
	for i := range c.amounts {
		if c.amounts[i].of == t {
			c.amounts[i].currencies = append(c.amounts[i].currencies, currency)
			return
		}
	}
	c.amounts = append(c.amounts, amountType{of: t, first: index, currencies: []money.Currency{currency}})
}

// compileRule makes the check of one of the policy's rules.
func compileRule(p *Policy, r *Rule, company uuid.UUID, companyZone string) (check, error) {
	zone := cmp.Or(r.Zone, companyZone)
	switch r.Type {
	case TransactionLimit:
		return transactionLimit{r}, nil
	case ApprovalThreshold:
		return approvalThreshold{r}, nil
	case Limit:
		loc, err := meter.LoadZone(zone)
		return &limit{Rule: r, scope: scopeOf(p, r, company, companyZone), loc: loc}, err
	case Velocity:
		return velocity{r}, nil
	case Hours:
		loc, err := meter.LoadZone(zone)
		return &hours{Rule: r, zone: zone, loc: loc}, err
	case NewMerchant:
		return newMerchant{r}, nil
	case Duplicate:
		return duplicate{r}, nil
	case Expression:
		program, err := compileExpression(r.When)
		return expression{r, program}, err
	}
	return compileList(r)
}

// cover lists the policies that cover each agent that a policy names.
func (s *Set) cover() {
	s.wide = s.covering(uuid.Nil)
	for _, p := range s.policies {
		for _, agent := range p.Agents {
			if s.byAgent[agent] == nil {
				s.byAgent[agent] = s.covering(agent)
			}
		}
	}
}

func (s *Set) covering(agent uuid.UUID) *coverage {
	c := &coverage{}
	for _, p := range s.policies {
		if len(p.Agents) == 0 || slices.Contains(p.Agents, agent) {
			c.policies = append(c.policies, p)
			c.steps += len(p.rules)
			c.dated = c.dated || p.EffectiveFrom != nil || p.EffectiveTo != nil
			if !p.shadow {
				c.versions = append(c.versions, p.version())
			}
		}
	}
	c.versions = slices.Clip(c.versions) // decisions share it
	return c
}

func (s *Set) of(agent uuid.UUID) *coverage {
	if c, ok := s.byAgent[agent]; ok {
		return c
	}
	return s.wide
}

// Needs is what Evaluate wants to know of the past for one agent and currency.
type Needs struct {
	Meters []meter.Key
	// Velocity is how many of the latest approved or held requests matter, and
	// VelocityWindow how far back.
	Velocity       int
	VelocityWindow time.Duration
	// Duplicate is how far back a twin matters.
	Duplicate   time.Duration
	NewMerchant bool
}

// Needs lists the facts for one agent and currency, whether or not each policy
// is in effect just now.
func (s *Set) Needs(agent uuid.UUID, c money.Currency) Needs {
	var n Needs
	for _, p := range s.of(agent).policies {
		for i := range p.rules {
			switch k := p.rules[i].check.(type) {
			case *limit:
				if key := k.key(agent); k.Amount.Currency == c && !slices.Contains(n.Meters, key) {
					n.Meters = append(n.Meters, key)
				}
			case velocity:
				n.Velocity = max(n.Velocity, k.Count)
				n.VelocityWindow = max(n.VelocityWindow, k.Window)
			case duplicate:
				n.Duplicate = max(n.Duplicate, k.Window)
			case newMerchant:
				n.NewMerchant = true
			}
		}
	}
	return n
}

// Currencies lists those that the amount rules which cover the agent at this
// instant speak of, in alphabetical order.
func (s *Set) Currencies(agent uuid.UUID, at time.Time) []money.Currency {
	var found []money.Currency
	for _, p := range s.of(agent).policies {
		if p.shadow || !p.inEffect(at) {
			continue
		}
		for _, a := range p.amounts {
			found = append(found, a.currencies...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
