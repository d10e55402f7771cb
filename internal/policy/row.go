package policy

import "github.com/getpurser/purser/internal/db"

func fromRow(r db.Policy) (Policy, error) {
	rules, err := DecodeRules(r.Rules)
	return Policy{ID: r.PolicyID, Version: int(r.Version), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Content: Content{Name: r.Name, Status: Status(r.Status), Agents: r.Agents,
			EffectiveFrom: r.EffectiveFrom, EffectiveTo: r.EffectiveTo, Rules: rules}}, err
}
