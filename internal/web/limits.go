package web

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/policy"
)

// policiesAtOnce is how many policies are read at a time.
const policiesAtOnce = 200

// activePolicies are those that decide, by their ids.
func (v *visit) activePolicies() (map[uuid.UUID]policy.Policy, error) {
	all := map[uuid.UUID]policy.Policy{}
	for before := uuid.Nil; ; {
		some, err := v.web.policies.List(v.ctx(), v.tenant(), policy.Filter{Status: policy.Active}, before, policiesAtOnce)
		if err != nil {
			return nil, err
		}
		for _, p := range some {
			all[p.ID], before = p, p.ID
		}
		if len(some) < policiesAtOnce {
			return all, nil
		}
	}
}
