package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Trial is what to simulate.
type Trial struct {
	Policy   PolicyContent `json:"policy" doc:"It counts as active at all times."`
	Replaces string        `json:"replaces,omitempty" doc:"The policy in whose place it is put."`
	From     time.Time     `json:"from"`
	To       time.Time     `json:"to" doc:"At most 400 days after from."`
}

// Simulation is what would have been.
type Simulation struct {
	From                  time.Time       `json:"from"`
	To                    time.Time       `json:"to"`
	Total                 int             `json:"total" doc:"How many authorizations were replayed."`
	Before                OutcomeCounts   `json:"before"`
	After                 OutcomeCounts   `json:"after"`
	FlipTotals            []FlipTotal     `json:"flip_totals" doc:"Every kind of change, with its sums."`
	Flips                 []Flip          `json:"flips" doc:"The first 100 changes, oldest first."`
	ApprovalsPerWeek      Figure          `json:"approvals_per_week" doc:"How many people would be asked for in an average week."`
	ApprovalsPerWeekSoFar Figure          `json:"approvals_per_week_so_far"`
	Warnings              []PolicyWarning `json:"warnings"`
}

// OutcomeCounts says how many authorizations had each decision.
type OutcomeCounts struct {
	Approved         int `json:"approved"`
	Denied           int `json:"denied"`
	RequiresApproval int `json:"requires_approval"`
}

// FlipTotal adds up the changes of one kind.
type FlipTotal struct {
	Before  string `json:"before" enum:"APPROVED,DENIED,REQUIRES_APPROVAL"`
	After   string `json:"after" enum:"APPROVED,DENIED,REQUIRES_APPROVAL"`
	Count   int    `json:"count"`
	Amounts []Sum  `json:"amounts" doc:"One a currency."`
}

// Sum is an amount with its currency.
type Sum struct {
	Amount   money.Amount `json:"amount"`
	Currency string       `json:"currency" example:"usd"`
}

// Flip is one authorization that would be decided in another way.
type Flip struct {
	Authorization string       `json:"authorization"`
	Agent         string       `json:"agent"`
	Amount        money.Amount `json:"amount"`
	Currency      string       `json:"currency" example:"usd"`
	Merchant      string       `json:"merchant"`
	At            time.Time    `json:"at"`
	Before        string       `json:"before" enum:"APPROVED,DENIED,REQUIRES_APPROVAL"`
	After         string       `json:"after" enum:"APPROVED,DENIED,REQUIRES_APPROVAL"`
	ReasonCode    string       `json:"reason_code"`
	Reason        string       `json:"reason"`
}

func (a *API) registerSimulation() {
	op := huma.Operation{OperationID: "simulatePolicy", Method: http.MethodPost, Path: "/v1/policies/simulate", Summary: "Simulate a policy", Tags: []string{"Policies"},
		Description: "Replays the company's own authorizations with the draft in place. With Accept: application/x-ndjson or text/event-stream, lines of progress come first, and the result last."}
	text := &huma.Schema{Type: huma.TypeString}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json":     {Schema: payload[Simulation]{}.Schema(a.huma.OpenAPI().Components.Schemas)},
		"application/x-ndjson": {Schema: text},
		"text/event-stream":    {Schema: text},
	}}}
	handle(a, op, a.simulatePolicy)
}

func (a *API) simulatePolicy(ctx context.Context, in *struct {
	Accept string `header:"Accept" doc:"application/json, application/x-ndjson or text/event-stream."`
	Body   Trial
}) (*streamed, error) {
	known, err := a.answered(ctx)
	if err != nil {
		return nil, err
	}
	kind := progressKind(in.Accept)
	if known && kind == "" {
		return a.simulated(ctx, policy.Simulation{})
	}
	trial, err := a.readTrial(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	t := callOf(ctx).Tenant
	if kind != "" {
		return a.stream(kind, func(ctx context.Context, w *flusher) error {
			lines := progressLines{w: w, events: kind == eventStream}
			trial.Progress = lines.progress
			s, err := a.policies.Simulate(ctx, t, trial)
			return lines.end(ctx, a, simulationView(s), within("policy", err))
		}), nil
	}
	ctx, stop := a.patient(ctx, true)
	defer stop()
	s, err := a.policies.Simulate(ctx, t, trial)
	if err != nil {
		return nil, within("policy", err)
	}
	return a.simulated(ctx, s)
}

// simulated answers a simulation, and keeps the answer for who repeats the
// request: what it found is not what a later one would find.
func (a *API) simulated(ctx context.Context, s policy.Simulation) (*streamed, error) {
	out, err := run(ctx, a, http.StatusOK, func(context.Context, pgx.Tx) (Simulation, error) { return simulationView(s), nil })
	if err != nil {
		return nil, err
	}
	return whole(out.Body, out.Replayed)
}

func (a *API) readTrial(ctx context.Context, in Trial) (policy.Trial, error) {
	content, err := a.readPolicy(ctx, in.Policy)
	if err != nil {
		return policy.Trial{}, within("policy", err)
	}
	out := policy.Trial{Content: content, From: in.From, To: in.To}
	if in.Replaces != "" {
		id, err := PolicyRef{in.Replaces}.id()
		if err != nil {
			return out, err
		}
		out.Replaces = &id
	}
	return out, nil
}

// within moves the places that the policies name to where they are in the body.
func within(part string, err error) error {
	f := fault.From(err)
	if err == nil || len(f.Fields) == 0 {
		return err
	}
	moved := *f
	moved.Fields = append([]fault.Field(nil), f.Fields...)
	for i, field := range moved.Fields {
		if field.Location != "from" && field.Location != "to" {
			moved.Fields[i].Location = part + "." + field.Location
		}
	}
	return &moved
}

func simulationView(s policy.Simulation) Simulation {
	out := Simulation{From: s.From.UTC(), To: s.To.UTC(), Total: s.Total, Before: OutcomeCounts(s.Before), After: OutcomeCounts(s.After),
		FlipTotals: []FlipTotal{}, Flips: []Flip{}, ApprovalsPerWeek: tenths(s.WeeklyApprovals),
		ApprovalsPerWeekSoFar: tenths(s.WeeklyApprovalsBefore), Warnings: warningViews(s.Warnings)}
	for _, k := range s.Totals {
		total := FlipTotal{Before: string(k.Before), After: string(k.After), Count: k.Count, Amounts: []Sum{}}
		for _, m := range k.Amounts {
			total.Amounts = append(total.Amounts, Sum{m, string(m.Currency)})
		}
		out.FlipTotals = append(out.FlipTotals, total)
	}
	for _, f := range s.Flips {
		out.Flips = append(out.Flips, Flip{Authorization: ident.Format(ident.Authorization, f.Authorization), Agent: agentText(f.Agent),
			Amount: f.Amount, Currency: string(f.Amount.Currency), Merchant: f.Merchant, At: f.At.UTC(),
			Before: string(f.Before), After: string(f.After), ReasonCode: f.ReasonCode, Reason: f.Reason})
	}
	return out
}

func agentText(id uuid.UUID) string { return ident.Format(ident.Agent, id) }

// tenths writes a count of tenths as a number.
func tenths(n int64) Figure {
	return Figure(strconv.FormatInt(n/10, 10) + "." + strconv.FormatInt(n%10, 10))
}

const (
	eventStream = "text/event-stream"
	ndjson      = "application/x-ndjson"
)

// progressKind is the format in which the caller wants to hear of progress, or
// "" for none.
func progressKind(accept string) string {
	for _, kind := range []string{eventStream, ndjson} {
		if strings.Contains(strings.ToLower(accept), kind) {
			return kind
		}
	}
	return ""
}
