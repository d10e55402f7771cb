package policy

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Headroom is what an agent could spend at once, in one currency.
type Headroom struct {
	Currency money.Currency
	// Max is the largest amount, in minor units, that no amount rule would
	// deny; nil when none bounds it. MaxWithoutApproval is the largest that no
	// approval threshold would hold either.
	Max, MaxWithoutApproval *int64
	// BoundedBy is the rule that Max comes from, nil without one.
	BoundedBy *RuleRef
	// Limits are the states of every limit of the currency, of deciding
	// policies only.
	Limits []LimitState
}

// RuleRef names a rule.
type RuleRef struct {
	Policy  uuid.UUID
	Version int
	Rule    Type
	Index   int
}

// LimitState is where one limit stands; amounts are minor units. Remaining is
// negative when more was spent than the limit allows now.
type LimitState struct {
	Policy                            uuid.UUID
	Version, Index                    int
	Period                            meter.Period
	Per                               Per
	Zone                              string
	Window                            meter.Window
	Limit, Spent, Reserved, Remaining int64
}

// Headroom works out what fits now. Without a policy, or in a currency that a
// policy does not cover, nothing does. Of the facts it uses the meters.
func (s *Set) Headroom(agent uuid.UUID, c money.Currency, f Facts, at time.Time) Headroom {
	h := Headroom{Currency: c}
	active := 0
	for _, p := range s.of(agent).policies {
		if p.shadow || !p.inEffect(at) {
			continue
		}
		active++
		h.policy(p, agent, &f, at)
	}
	if active == 0 {
		h.deny(0, nil)
	}
	h.MaxWithoutApproval = lower(h.MaxWithoutApproval, h.Max)
	return h
}

func (h *Headroom) policy(p *compiled, agent uuid.UUID, f *Facts, at time.Time) {
	for _, a := range p.amounts {
		if !a.covers(h.Currency) {
			h.deny(0, p.ref(a.first))
		}
	}
	for i := range p.rules {
		if p.rules[i].Amount.Currency != h.Currency {
			continue
		}
		switch k := p.rules[i].check.(type) {
		case transactionLimit:
			h.deny(k.Amount.Minor, p.ref(i))
		case approvalThreshold:
			h.MaxWithoutApproval = lower(h.MaxWithoutApproval, &k.Amount.Minor)
		case *limit:
			w, u, left := k.state(agent, f, at)
			h.Limits = append(h.Limits, LimitState{Policy: p.ID, Version: p.Version, Index: i, Period: k.Period, Per: k.Per,
				Zone: k.scope.Zone, Window: w, Limit: k.Amount.Minor, Spent: u.Spent, Reserved: u.Reserved, Remaining: left})
			h.deny(max(0, left), p.ref(i))
		}
	}
}

func (a *amountType) covers(c money.Currency) bool {
	for _, have := range a.currencies {
		if have == c {
			return true
		}
	}
	return false
}

func (p *compiled) ref(index int) *RuleRef {
	return &RuleRef{Policy: p.ID, Version: p.Version, Rule: p.rules[index].Type, Index: index}
}

// deny takes the bound if it is lower than what was found so far.
func (h *Headroom) deny(most int64, by *RuleRef) {
	if h.Max == nil || most < *h.Max {
		h.Max, h.BoundedBy = &most, by
	}
}

// lower is the lower of two bounds, nil being none.
func lower(a, b *int64) *int64 {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil || b != nil && *b < *a:
		v := *b
		return &v
	}
	v := *a
	return &v
}
