package policy

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
)

// fromRow reads a policy. Rules that no longer read are our fault, not the
// caller's.
func fromRow(r db.Policy) (Policy, error) {
	rules, err := DecodeRules(r.Rules)
	if err != nil {
		return Policy{}, fault.New(fault.Internal, "internal", "A stored policy cannot be read.").Because(err)
	}
	return Policy{ID: r.PolicyID, Version: int(r.Version), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Content: Content{Name: r.Name, Status: Status(r.Status), Agents: r.Agents,
			EffectiveFrom: r.EffectiveFrom, EffectiveTo: r.EffectiveTo, Rules: rules}}, nil
}

func fromRows(rows []db.Policy, err error) ([]Policy, error) {
	if err != nil {
		return nil, err
	}
	out := make([]Policy, len(rows))
	for i, r := range rows {
		if out[i], err = fromRow(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fromVersion gives a version as the policy was; both its times are the
// version's.
func fromVersion(r db.PolicyVersion) (Version, error) {
	p, err := fromRow(db.Policy{PolicyID: r.PolicyID, Version: r.Version, Name: r.Name, Status: r.Status, Agents: r.Agents,
		EffectiveFrom: r.EffectiveFrom, EffectiveTo: r.EffectiveTo, Rules: r.Rules, CreatedAt: r.CreatedAt, UpdatedAt: r.CreatedAt})
	return Version{Policy: p, WrittenBy: r.WrittenBy}, err
}

// toRow is the content as columns.
func (c *Content) toRow() (db.InsertPolicyParams, error) {
	rules, err := json.Marshal(c.Rules)
	row := db.InsertPolicyParams{Name: c.Name, Status: string(c.Status), Agents: c.Agents,
		EffectiveFrom: c.EffectiveFrom, EffectiveTo: c.EffectiveTo, Rules: rules}
	if row.Agents == nil {
		row.Agents = []uuid.UUID{}
	}
	return row, err
}
