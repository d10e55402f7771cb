package api

import (
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Rule is one rule. Its type says which of the other fields it has.
type Rule struct {
	Type      string        `json:"type" enum:"transaction_limit,approval_threshold,limit,velocity,merchant,mcc,currency,country,hours,rail,new_merchant,duplicate,expression"`
	Amount    *money.Number `json:"amount,omitempty" doc:"Of transaction_limit, approval_threshold and limit."`
	Currency  string        `json:"currency,omitempty" example:"usd" doc:"Of the amount."`
	Period    string        `json:"period,omitempty" enum:"day,week,month,quarter,year,total" doc:"Of limit."`
	Per       string        `json:"per,omitempty" enum:"agent,company" doc:"Of limit: each covered agent has its own, or all share one."`
	TimeZone  string        `json:"time_zone,omitempty" example:"Europe/Berlin" doc:"Of limit and hours; the company's without it."`
	Approvals int           `json:"approvals,omitzero" doc:"How many people must approve: of approval_threshold, and of rules with the effect require_approval."`
	Approvers []string      `json:"approvers,omitempty" doc:"Members, or role:owner, role:admin, role:approver; every owner, admin and approver without it."`
	Window    string        `json:"window,omitempty" example:"1h" doc:"Of velocity and duplicate."`
	Count     int           `json:"count,omitzero" doc:"Of velocity."`
	Mode      string        `json:"mode,omitempty" enum:"allow,block" doc:"Of merchant, mcc, currency, country and rail."`
	Values    []string      `json:"values,omitempty" doc:"Of merchant, mcc, currency, country and rail."`
	Days      []string      `json:"days,omitempty" enum:"mon,tue,wed,thu,fri,sat,sun" doc:"Of hours."`
	From      string        `json:"from,omitempty" example:"08:00" doc:"Of hours."`
	To        string        `json:"to,omitempty" example:"18:00" doc:"Of hours; 24:00 is the end of the day."`
	Effect    string        `json:"effect,omitempty" enum:"deny,require_approval" doc:"Of new_merchant, duplicate and expression."`
	When      string        `json:"when,omitempty" example:"amount > 100.0 && merchant.country != 'US'" doc:"Of expression: CEL over amount, currency, agent, merchant, purpose, rail and metadata."`
}

// ruleTexts are rules as a caller wrote them. Package policy reads them, and
// names what is wrong better than a schema could.
type ruleTexts struct{ raw json.RawMessage }

// Schema is a list of rules.
func (ruleTexts) Schema(r huma.Registry) *huma.Schema { return payload[[]Rule]{}.Schema(r) }

// UnmarshalJSON keeps the text.
func (t *ruleTexts) UnmarshalJSON(raw []byte) error {
	t.raw = append([]byte(nil), raw...)
	return nil
}

// PolicyContent is what a policy is made of.
type PolicyContent struct {
	Name          string     `json:"name" maxLength:"200" example:"Procurement"`
	Agents        []string   `json:"agents,omitempty" doc:"Ids or handles; without any it is company-wide."`
	Status        string     `json:"status,omitempty" enum:"draft,shadow,active,archived" doc:"shadow is evaluated and recorded, and decides nothing. A new policy is active without it, and a new version of one stays what it was."`
	EffectiveFrom *time.Time `json:"effective_from,omitempty" nullable:"true"`
	EffectiveTo   *time.Time `json:"effective_to,omitempty" nullable:"true"`
	Rules         ruleTexts  `json:"rules" doc:"At least one."`
}

// Policy is one version of a named set of rules.
type Policy struct {
	ID            string          `json:"id" example:"pol_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Name          string          `json:"name" example:"Procurement"`
	Version       int             `json:"version"`
	Status        string          `json:"status" enum:"draft,shadow,active,archived"`
	Agents        []string        `json:"agents" doc:"Their ids; none means company-wide."`
	EffectiveFrom *time.Time      `json:"effective_from" nullable:"true"`
	EffectiveTo   *time.Time      `json:"effective_to" nullable:"true"`
	Rules         payload[[]Rule] `json:"rules"`
	Warnings      []PolicyWarning `json:"warnings" doc:"What is allowed, but looks like a mistake."`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
}

func (Policy) versioned() {}

// PolicyWarning is something that looks like a mistake.
type PolicyWarning struct {
	Location string `json:"location" example:"rules[2]"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// PolicyVersion is a policy as one write left it.
type PolicyVersion struct {
	Policy
	WrittenBy string `json:"written_by" doc:"The key or member."`
}

// AgentPolicy is a policy that covers an agent, for those who would rather read.
type AgentPolicy struct {
	Policy
	Sentences []string `json:"sentences" example:"[\"Denies any single payment above 3,000.00 USD.\"]" doc:"Each rule in plain words, in their order, and then what follows from them together. Approvers are named by role or member id. For reading: wording may change."`
}

// agentPolicyViews leaves the words without addresses: an agent's key reads it.
func agentPolicyViews(rows []policy.Policy, words policy.Words) ([]AgentPolicy, error) {
	out := make([]AgentPolicy, len(rows))
	for i, p := range rows {
		view, err := policyView(p)
		if err != nil {
			return nil, err
		}
		out[i] = AgentPolicy{Policy: view, Sentences: make([]string, 0, len(p.Rules)+1)}
		for _, r := range p.Rules {
			out[i].Sentences = append(out[i].Sentences, words.Sentence(r))
		}
		out[i].Sentences = append(out[i].Sentences, words.Also(p.Rules)...)
	}
	return out, nil
}

func policyView(p policy.Policy) (Policy, error) {
	rules, err := json.Marshal(p.Rules)
	out := Policy{ID: ident.Format(ident.Policy, p.ID), Name: p.Name, Version: p.Version, Status: string(p.Status), Agents: []string{},
		EffectiveFrom: utc(p.EffectiveFrom), EffectiveTo: utc(p.EffectiveTo), Rules: payload[[]Rule]{raw: rules},
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC()}
	for _, agent := range p.Agents {
		out.Agents = append(out.Agents, ident.Format(ident.Agent, agent))
	}
	if err != nil {
		return out, err
	}
	warnings, err := p.Check()
	out.Warnings = warningViews(warnings)
	return out, err
}

func warningViews(warnings []policy.Warning) []PolicyWarning {
	out := make([]PolicyWarning, len(warnings))
	for i, w := range warnings {
		out[i] = PolicyWarning(w)
	}
	return out
}
