package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

func (w *Web) policyPages() []page {
	const get, post = http.MethodGet, http.MethodPost
	const see, manage = access.ScopeRead, access.ScopeAdmin
	return []page{
		{get, "/policies", member, see, (*visit).policies},
		{get, "/policies/new", member, manage, (*visit).newPolicy},
		{post, "/policies/new", member, manage, (*visit).submitNew},
		{post, "/policies/preview", member, manage, (*visit).previewPolicy},
		{post, "/policies/expression", member, manage, (*visit).checkExpression},
		{post, "/policies/agents", member, manage, (*visit).searchAgents},
		{post, "/policies/simulate", member, manage, (*visit).simulateStreamed},
		{get, "/policies/:id", member, see, (*visit).policy},
		{get, "/policies/:id/edit", member, manage, (*visit).editPolicy},
		{post, "/policies/:id/edit", member, manage, (*visit).submitEdit},
		{get, "/policies/:id/status", member, manage, (*visit).askStatus},
		{post, "/policies/:id/status", member, manage, (*visit).setStatus},
		{get, "/policies/:id/shadow", member, see, (*visit).shadowResults},
		{get, "/policies/:id/versions/:version", member, see, (*visit).policyVersion},
	}
}

// listedPolicies is how many policies one page of the list has.
const listedPolicies = 50

func (v *visit) policies() error {
	list := views.PolicyList{Status: policy.Status(v.QueryParam("status"))}
	if list.Status != "" && views.PolicyStatusMeaning(list.Status) == "" {
		return fault.Missing("list of policies")
	}
	before := uuid.Nil
	if text := v.QueryParam("before"); text != "" {
		var ok bool
		if before, ok = ident.Parse(ident.Policy, text); !ok {
			return fault.Missing("policy")
		}
	}
	found, more, err := v.policiesBefore(list.Status, before)
	if err != nil {
		return err
	}
	if more {
		list.Next = v.frame.With("/policies", "status", string(list.Status), "before", ident.Format(ident.Policy, found[len(found)-1].ID))
	}
	if len(found) == 0 && list.Status == "" {
		list.Presets = policy.Presets(v.frame.Company.Currency)
	}
	list.Policies = found
	if list.Handles, err = v.handles(agentsOf(found)...); err != nil {
		return err
	}
	if list.Words, err = v.words(); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Policies(v.titled("Policies"), list))
}

// policiesBefore reads one page of the list, and says whether there is another.
// Without a status, archived ones are left out.
func (v *visit) policiesBefore(status policy.Status, before uuid.UUID) (found []policy.Policy, more bool, err error) {
	for {
		some, err := v.web.policies.List(v.ctx(), v.tenant(), policy.Filter{Status: status}, before, listedPolicies+1)
		if err != nil || len(some) == 0 {
			return found, false, err
		}
		before = some[len(some)-1].ID
		last := len(some) <= listedPolicies
		if status == "" {
			some = slices.DeleteFunc(some, func(p policy.Policy) bool { return p.Status == policy.Archived })
		}
		found = append(found, some...)
		if len(found) > listedPolicies {
			return found[:listedPolicies], true, nil
		}
		if last {
			return found, false, nil
		}
	}
}

func agentsOf(policies []policy.Policy) (ids []uuid.UUID) {
	for _, p := range policies {
		ids = append(ids, p.Agents...)
	}
	return ids
}

// handles are those of agents by id, deleted ones too.
func (v *visit) handles(ids ...uuid.UUID) (map[uuid.UUID]string, error) {
	names := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	agents, err := v.web.companies.AgentsByID(v.ctx(), v.tenant(), ids)
	for id, a := range agents {
		names[id] = a.Handle
	}
	return names, err
}

// mostMembers bounds how many people are read to be named.
const mostMembers = 1000

// members are the company's people, invited ones too, the oldest first.
func (v *visit) members() ([]company.Member, error) {
	list, err := v.web.companies.Members(v.ctx(), v.tenant(), company.Page{Limit: mostMembers})
	slices.Reverse(list)
	return list, err
}

// words put rules into sentences with the names of the company's people.
func (v *visit) words() (views.Words, error) {
	members, err := v.members()
	people := map[string]string{}
	for _, m := range members {
		people[ident.Format(ident.Member, m.ID)] = m.Email
	}
	return v.frame.Words(people), err
}
