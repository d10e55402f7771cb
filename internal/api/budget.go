package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// AgentBudget is what an agent may still spend.
type AgentBudget struct {
	Agent   string   `json:"agent" example:"agent_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Budgets []Budget `json:"budgets" doc:"One for each currency that the amount rules speak of."`
}

// Budget is what an agent may still spend in one currency.
type Budget struct {
	Currency           string         `json:"currency" example:"usd"`
	MaxAmountNow       maybe[amount]  `json:"max_amount_now" doc:"The largest amount that no amount rule would deny now; null where none bounds it."`
	MaxWithoutApproval maybe[amount]  `json:"max_without_approval" doc:"The largest that would not be held either."`
	BoundedBy          maybe[RuleRef] `json:"bounded_by" doc:"The rule that max_amount_now comes from."`
	Limits             []LimitState   `json:"limits"`
}

// amount is a money.Amount in a place that can be null.
type amount = money.Amount

// RuleRef names a rule.
type RuleRef struct {
	Policy  string `json:"policy"`
	Rule    string `json:"rule" example:"limit"`
	Version int    `json:"version"`
	Index   int    `json:"index" doc:"Which rule of the policy, from 0."`
}

// LimitState is where one limit stands.
type LimitState struct {
	Policy    string       `json:"policy"`
	Period    string       `json:"period" enum:"day,week,month,quarter,year,total"`
	Per       string       `json:"per" enum:"agent,company"`
	TimeZone  string       `json:"time_zone" example:"Europe/Berlin"`
	Window    Window       `json:"window"`
	Limit     money.Amount `json:"limit"`
	Spent     money.Amount `json:"spent"`
	Reserved  money.Amount `json:"reserved"`
	Remaining money.Amount `json:"remaining" doc:"Negative when more was spent than is allowed now."`
}

func (a *API) registerBudget() {
	handle(a, huma.Operation{OperationID: "getBudget", Method: http.MethodGet, Path: "/v1/budget/{agent}", Summary: "Get an agent's budget",
		Tags: []string{"Budget"}}, a.getBudget)
}

func (a *API) getBudget(ctx context.Context, in *struct {
	Agent string `path:"agent" doc:"Id or handle." example:"procurement-bot"`
}) (*reply[AgentBudget], error) {
	t := callOf(ctx).Tenant
	var rows []policy.Headroom
	id, err := a.withAgent(ctx, t, in.Agent, func(id uuid.UUID, handle string) (err error) {
		rows, err = a.spend.Budget(ctx, t, id, handle)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := AgentBudget{Agent: ident.Format(ident.Agent, id), Budgets: []Budget{}}
	for _, h := range rows {
		out.Budgets = append(out.Budgets, budgetView(h))
	}
	return &reply[AgentBudget]{out}, nil
}

func budgetView(h policy.Headroom) Budget {
	out := Budget{Currency: string(h.Currency), MaxAmountNow: minor(h.Max, h.Currency),
		MaxWithoutApproval: minor(h.MaxWithoutApproval, h.Currency), Limits: []LimitState{}}
	if b := h.BoundedBy; b != nil {
		out.BoundedBy = some(RuleRef{Policy: ident.Format(ident.Policy, b.Policy), Rule: string(b.Rule), Version: b.Version, Index: b.Index})
	}
	for _, l := range h.Limits {
		of := func(n int64) money.Amount { return money.Of(n, h.Currency) }
		out.Limits = append(out.Limits, LimitState{Policy: ident.Format(ident.Policy, l.Policy), Period: string(l.Period), Per: string(l.Per),
			TimeZone: l.Zone, Window: Window{From: instant(l.Window.From), To: instant(l.Window.To), TimeZone: l.Zone},
			Limit: of(l.Limit), Spent: of(l.Spent), Reserved: of(l.Reserved), Remaining: of(l.Remaining)})
	}
	return out
}

func minor(n *int64, c money.Currency) maybe[amount] {
	if n == nil {
		return maybe[amount]{}
	}
	return some(money.Of(*n, c))
}

func instant(t time.Time) *time.Time { return utc(&t) }
