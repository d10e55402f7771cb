package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/getpurser/purser/internal/client"
)

// policiesURI is the resource of what applies to the caller's agent, in words.
const policiesURI = "purser://policies"

func (s server) addReading(made *sdk.Server) {
	no := false
	reads := &sdk.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &no}
	sdk.AddTool(made, &sdk.Tool{Name: "get_budget", Title: "What could be spent now",
		Description: "The largest amount that would not be denied now, the largest that needs no person, and every limit with what is left of it and when it resets.",
		Annotations: reads}, s.budget)
	sdk.AddTool(made, &sdk.Tool{Name: "explain_decision", Title: "Why it was decided so",
		Description: "The present state of a spend, every rule that looked at it and what it said, and what would lead to another answer.",
		Annotations: reads}, s.explain)
	sdk.AddTool(made, &sdk.Tool{Name: "list_policies", Title: "What applies to me",
		Description: "The policies that decide your spending, rule by rule in words.",
		Annotations: reads}, s.listPolicies)
	made.AddResource(&sdk.Resource{URI: policiesURI, Name: "policies", Title: "What applies to this agent", MIMEType: "text/plain",
		Description: "The policies that decide this agent's spending, in words."}, s.policiesResource)
}

type agentInput struct {
	Agent string `json:"agent,omitempty" jsonschema:"the agent, by id or handle; not needed when the key is bound to one"`
}

// budget is the API's own answer: its shape is in the OpenAPI document.
type budget struct {
	Agent   string           `json:"agent"`
	Budgets []currencyBudget `json:"budgets"`
}

type currencyBudget struct {
	Currency           string       `json:"currency"`
	MaxAmountNow       string       `json:"max_amount_now,omitempty" jsonschema:"absent where nothing bounds it"`
	MaxWithoutApproval string       `json:"max_without_approval,omitempty" jsonschema:"absent where nothing bounds it"`
	Limits             []limitState `json:"limits"`
}

type limitState struct {
	Period    string `json:"period"`
	Per       string `json:"per"`
	Limit     string `json:"limit"`
	Spent     string `json:"spent"`
	Reserved  string `json:"reserved"`
	Remaining string `json:"remaining"`
	ResetsAt  string `json:"resets_at,omitempty"`
}

// apiBudget is what the API answers: amounts are numbers, kept as written.
type apiBudget struct {
	Agent   string
	Budgets []struct {
		Currency           string
		MaxAmountNow       *json.Number `json:"max_amount_now"`
		MaxWithoutApproval *json.Number `json:"max_without_approval"`
		Limits             []struct {
			Period, Per                       string
			Limit, Spent, Reserved, Remaining json.Number
			Window                            struct{ To *string }
		}
	}
}

func (b apiBudget) readable() budget {
	out := budget{Agent: b.Agent, Budgets: []currencyBudget{}}
	for _, c := range b.Budgets {
		one := currencyBudget{Currency: c.Currency, MaxAmountNow: number(c.MaxAmountNow), MaxWithoutApproval: number(c.MaxWithoutApproval), Limits: []limitState{}}
		for _, l := range c.Limits {
			one.Limits = append(one.Limits, limitState{Period: l.Period, Per: l.Per, Limit: l.Limit.String(), Spent: l.Spent.String(),
				Reserved: l.Reserved.String(), Remaining: l.Remaining.String(), ResetsAt: text(l.Window.To)})
		}
		out.Budgets = append(out.Budgets, one)
	}
	return out
}

func number(n *json.Number) string {
	if n == nil {
		return ""
	}
	return n.String()
}

func (s server) budget(ctx context.Context, _ *sdk.CallToolRequest, in agentInput) (*sdk.CallToolResult, budget, error) {
	agent, err := s.who(ctx, in.Agent)
	if err != nil {
		return nil, budget{}, err
	}
	var b apiBudget
	err = s.get(ctx, "/v1/budget/"+url.PathEscape(agent), nil, &b)
	return nil, b.readable(), err
}

// who is the agent that is named, that the server was started for, or that the
// key is bound to.
func (s server) who(ctx context.Context, named string) (string, error) {
	if agent := first(named, s.agent); agent != "" {
		return agent, nil
	}
	var key struct{ Agent *string }
	err := s.call(ctx, client.Call{Method: http.MethodPost, Path: "/v1/auth/validate", Body: map[string]string{"key": s.api.Token()}}, &key)
	if err != nil {
		return "", err
	}
	if key.Agent == nil {
		return "", fmt.Errorf("name the agent that you spend for in the argument agent: the key is not bound to one")
	}
	return *key.Agent, nil
}

type idInput struct {
	ID string `json:"id" jsonschema:"the authorization's id"`
}

// explanation is a decision with every rule that looked at it.
type explanation struct {
	decision
	Rules []string `json:"rules" jsonschema:"every rule, what it saw and what it said"`
}

// step is one rule of a trace.
type step struct {
	Policy    string      `json:"policy"`
	Rule      string      `json:"rule"`
	Outcome   string      `json:"outcome"`
	Limit     json.Number `json:"limit"`
	Used      json.Number `json:"used"`
	Remaining json.Number `json:"remaining"`
	Shadow    bool        `json:"shadow"`
	Code      string      `json:"code"`
}

func (t step) String() string {
	line := fmt.Sprintf("%s (%s): %s", t.Rule, t.Policy, t.Outcome)
	if t.Limit != "" {
		line += ", limit " + t.Limit.String()
	}
	if t.Used != "" {
		line += fmt.Sprintf(", used %s, remaining %s", t.Used, t.Remaining)
	}
	if t.Shadow {
		line += " (only watched, decided nothing)"
	}
	return line
}

func (s server) explain(ctx context.Context, _ *sdk.CallToolRequest, in idInput) (*sdk.CallToolResult, explanation, error) {
	var a authorization
	if err := s.get(ctx, "/v1/authorize/"+url.PathEscape(in.ID), nil, &a); err != nil {
		return nil, explanation{}, err
	}
	e := explanation{decision: a.decision(), Rules: []string{}}
	for _, t := range a.Trace {
		e.Rules = append(e.Rules, t.String())
	}
	result := readable(e.decision)
	if len(e.Rules) > 0 {
		result.Content = append(result.Content, &sdk.TextContent{Text: "Rules:\n- " + strings.Join(e.Rules, "\n- ")})
	}
	return result, e, nil
}

// policies are those that apply, with their rules in words.
type policies struct {
	Agent    string        `json:"agent"`
	Policies []agentPolicy `json:"policies"`
}

type agentPolicy struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Version int      `json:"version"`
	Status  string   `json:"status"`
	Rules   []string `json:"sentences" jsonschema:"each rule as a sentence"`
}

func (p policies) String() string {
	if len(p.Policies) == 0 {
		return "No policy covers this agent, so every request is denied."
	}
	var b strings.Builder
	for _, one := range p.Policies {
		fmt.Fprintf(&b, "%s (%s, version %d, %s)\n", one.Name, one.ID, one.Version, one.Status)
		for _, rule := range one.Rules {
			fmt.Fprintf(&b, "- %s\n", rule)
		}
	}
	return b.String()
}

func (s server) policies(ctx context.Context, named string) (p policies, err error) {
	if p.Agent, err = s.who(ctx, named); err != nil {
		return p, err
	}
	var list struct{ Data []agentPolicy }
	if err := s.get(ctx, "/v1/agents/"+url.PathEscape(p.Agent)+"/policies", nil, &list); err != nil {
		return p, err
	}
	p.Policies = []agentPolicy{}
	for _, one := range list.Data {
		if one.Status == "active" {
			p.Policies = append(p.Policies, one)
		}
	}
	return p, nil
}

func (s server) listPolicies(ctx context.Context, _ *sdk.CallToolRequest, in agentInput) (*sdk.CallToolResult, policies, error) {
	p, err := s.policies(ctx, in.Agent)
	if err != nil {
		return nil, p, err
	}
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: p.String()}}}, p, nil
}

func (s server) policiesResource(ctx context.Context, _ *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	p, err := s.policies(ctx, "")
	if err != nil {
		return nil, err
	}
	return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: policiesURI, MIMEType: "text/plain", Text: p.String()}}}, nil
}
