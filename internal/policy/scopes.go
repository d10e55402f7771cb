package policy

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
)

// Scopes lists whose spending must be metered for the limits of those policies
// that are active or shadow, each once. Rules without a zone use the company's.
func Scopes(company uuid.UUID, companyZone string, policies []Policy) []meter.Scope {
	var scopes []meter.Scope
	for i := range policies {
		p := &policies[i]
		if p.Status != Active && p.Status != Shadow {
			continue
		}
		for j := range p.Rules {
			if p.Rules[j].Type != Limit {
				continue
			}
			scope := scopeOf(p, &p.Rules[j], company, companyZone)
			if !slices.ContainsFunc(scopes, func(o meter.Scope) bool { return o.Key() == scope.Key() }) {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes
}

// Scopes lists whose spending must be metered for the set's limits.
func (s *Set) Scopes() []meter.Scope { return s.scopes }

// scopeOf is whose spending a limit adds up.
func scopeOf(p *Policy, r *Rule, company uuid.UUID, companyZone string) meter.Scope {
	scope := meter.Scope{Kind: meter.ScopeAgent, Currency: r.Amount.Currency, Zone: cmp.Or(r.Zone, companyZone)}
	switch {
	case r.Per != PerCompany:
	case len(p.Agents) == 0:
		scope.Kind, scope.ID = meter.ScopeCompany, company
	default:
		scope.Kind, scope.ID, scope.Agents = meter.ScopeSet, meter.SetID(p.Agents), p.Agents
	}
	return scope
}
