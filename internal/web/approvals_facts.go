package web

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/lookalike"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/static"
	"github.com/getpurser/purser/views"
)

func inboxScript() string { return static.URL("inbox.js") }

const (
	// historyDays is how far a merchant's history is told.
	historyDays = 90
	// precedents is how many similar requests are shown.
	precedents = 3
)

// held gathers for requests what helps to decide them, each kind of fact for all
// of them at once.
func (v *visit) held(groups []spend.Group) ([]views.Held, error) {
	rows := make([]spend.Result, len(groups))
	authorizations := make([]*spend.Authorization, len(groups))
	for i, g := range groups {
		rows[i], authorizations[i] = g.Newest, g.Newest.Authorization
	}
	out, err := v.named(rows)
	if err != nil || len(out) == 0 {
		return out, err
	}
	for i := range out {
		out[i].Earlier = groups[i].Earlier
		out[i].Objection = v.objection(out[i])
		out[i].Frozen = v.frozen(out[i].Agent)
	}
	for _, gather := range []func([]views.Held, []*spend.Authorization) error{v.addBudgets, v.addHistory, v.addPrecedents, v.addRules} {
		if err := gather(out, authorizations); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// named adds to requests the names of the agents and members that they mention.
func (v *visit) named(rows []spend.Result) ([]views.Held, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.Authorization.Agent
	}
	agents, err := v.web.companies.AgentsByID(v.ctx(), v.tenant(), ids)
	if err != nil {
		return nil, err
	}
	people, err := v.people()
	if err != nil {
		return nil, err
	}
	out := make([]views.Held, len(rows))
	for i, r := range rows {
		out[i] = views.Held{Result: r, Agent: agents[r.Authorization.Agent], People: people}
	}
	return out, nil
}

// people are the members' addresses by their public ids.
func (v *visit) people() (map[string]string, error) {
	members, err := v.web.companies.Members(v.ctx(), v.tenant(), company.Page{Limit: mostMembers})
	out := make(map[string]string, len(members))
	for _, m := range members {
		out[ident.Format(ident.Member, m.ID)] = m.Email
	}
	return out, err
}

// objection says why the person may not decide, in their own words' person.
func (v *visit) objection(h views.Held) string {
	err := h.Approval.Objection(h.Authorization, spend.Voter{Person: v.who.Person, Member: v.who.Member}, string(v.who.Role))
	switch {
	case err == nil:
		return ""
	case fault.Is(err, "own_request"):
		return "You asked for this yourself, and nobody decides what they asked for themselves. Somebody else has to."
	case fault.Is(err, "already_voted"):
		return "You have approved this already. It waits for others."
	case fault.Is(err, "not_an_approver"):
		return "The rule that holds this request names other approvers, so you cannot decide it."
	}
	return fault.From(err).Text
}

// frozen says why nobody may approve now.
func (v *visit) frozen(a company.Agent) string {
	switch {
	case v.frame.Frozen():
		return "The company is frozen, so nothing can be approved. Denying is possible."
	case a.Status == company.AgentFrozen:
		return a.Handle + " is frozen, so nothing of it can be approved. Denying is possible."
	case a.Status == company.AgentDeleted:
		return a.Handle + " is deleted, so nothing of it can be approved. Denying is possible."
	}
	return ""
}

func (v *visit) addBudgets(out []views.Held, of []*spend.Authorization) error {
	var agents []uuid.UUID
	for _, a := range of {
		agents = append(agents, a.Agent)
	}
	budgets, err := v.web.spend.Budgets(v.ctx(), v.tenant(), agents)
	for i, a := range of {
		for _, h := range budgets[a.Agent] {
			if h.Currency == a.Currency {
				out[i].Limits = h.Limits
			}
		}
	}
	return err
}

// addHistory tells of each merchant, and of those that were never paid which one
// that was they look like.
func (v *visit) addHistory(out []views.Held, of []*spend.Authorization) error {
	var keys []string
	for _, a := range of {
		keys = append(keys, a.MerchantKey)
	}
	histories, err := v.web.spend.MerchantHistories(v.ctx(), v.tenant(), keys,
		meter.Window{From: v.frame.Now.Add(-historyDays * 24 * time.Hour)})
	if err != nil {
		return err
	}
	unknown := false
	for i, a := range of {
		if h := histories[a.MerchantKey]; h != nil {
			out[i].History = *h
		}
		unknown = unknown || out[i].History.FirstPaid.IsZero()
	}
	if !unknown {
		return nil
	}
	return v.addLookalikes(out)
}

func (v *visit) addLookalikes(out []views.Held) error {
	paid, err := v.web.spend.PaidMerchants(v.ctx(), v.tenant())
	looks := make(map[string][]string, 2*len(paid))
	for _, p := range paid {
		for _, name := range []string{p.Name, p.Domain} {
			if name != "" {
				looks[lookalike.Look(name)] = append(looks[lookalike.Look(name)], name)
			}
		}
	}
	for i := range out {
		if m := out[i].Authorization.Merchant; out[i].History.FirstPaid.IsZero() {
			out[i].LooksLike = firstAlike(looks, m.Name, m.Domain)
		}
	}
	return err
}

// firstAlike is a known name that one of these only looks like.
func firstAlike(looks map[string][]string, names ...string) string {
	for _, name := range names {
		for _, known := range looks[lookalike.Look(name)] {
			if name != "" && lookalike.Alike(name, known) {
				return known
			}
		}
	}
	return ""
}

func (v *visit) addPrecedents(out []views.Held, of []*spend.Authorization) error {
	all, err := v.web.spend.Precedents(v.ctx(), v.tenant(), of, precedents)
	if err != nil {
		return err
	}
	var others []uuid.UUID
	for i, a := range of {
		out[i].Precedents = all[a.ID]
		for _, p := range all[a.ID] {
			others = append(others, p.Agent)
		}
	}
	agents, err := v.web.companies.AgentsByID(v.ctx(), v.tenant(), others)
	handles := make(map[string]string, len(agents))
	for id, a := range agents {
		handles[ident.Format(ident.Agent, id)] = a.Handle
	}
	for i := range out {
		out[i].Agents = handles
	}
	return err
}

// writing is a policy as a version of it says, and its version of now.
type writing struct {
	policy.Policy
	found bool
	now   int
}

// addRules reads the rules that hold the requests, in the versions that did.
func (v *visit) addRules(out []views.Held, _ []*spend.Authorization) error {
	read := map[policy.VersionRef]writing{}
	for i := range out {
		for _, p := range out[i].Approval.Progress() {
			ref := policy.VersionRef{Policy: p.Policy, Version: p.Version}
			w, ok := read[ref]
			if !ok {
				var err error
				if w, err = v.writing(ref); err != nil {
					return err
				}
				read[ref] = w
			}
			rule := views.HoldingRule{Progress: p, Policy: w.Name, Now: w.now}
			if w.found && p.Rule < len(w.Rules) {
				rule.Rule, rule.Found = w.Rules[p.Rule], true
			}
			out[i].Rules = append(out[i].Rules, rule)
		}
	}
	return nil
}

func (v *visit) writing(ref policy.VersionRef) (w writing, err error) {
	now, err := v.web.policies.Get(v.ctx(), v.tenant(), ref.Policy)
	if err != nil {
		return w, err
	}
	if now.Version == ref.Version {
		return writing{now, true, now.Version}, nil
	}
	then, err := v.web.policies.Versions(v.ctx(), v.tenant(), ref.Policy, ref.Version+1, 1)
	if err != nil || len(then) == 0 || then[0].Version != ref.Version {
		return writing{now, false, now.Version}, err
	}
	return writing{then[0].Policy, true, now.Version}, nil
}
