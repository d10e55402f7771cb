package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// Confirmation says what was really spent.
type Confirmation struct {
	Amount    *money.Number `json:"amount,omitempty" doc:"Without it, all that is held. Less releases the rest."`
	Reference string        `json:"reference,omitempty" maxLength:"256" doc:"The payment's own id, say."`
}

// Voiding says why nothing was spent.
type Voiding struct {
	Reason string `json:"reason,omitempty" maxLength:"1000"`
}

// TokenToRedeem is a token that a processor was given.
type TokenToRedeem struct {
	Token string `json:"token" minLength:"1" maxLength:"8192"`
}

type AuthorizationRef struct {
	ID string `path:"id" doc:"The authorization's id." example:"auth_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (a *API) registerAuthorizations() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Authorizations"}}
	}
	ask := tagged("authorize", http.MethodPost, "/v1/authorize", "Ask to spend",
		"Decided at once: 200 for APPROVED and DENIED, 202 for what waits for people. The token says the same to a processor.")
	a.alsoHeld(&ask)
	ask.Metadata = map[string]any{directOf: directly(a.authorize)}
	handle(a, ask, func(ctx context.Context, in *struct {
		AgentHeader string `header:"X-Agent-Id" doc:"The agent, instead of in the body."`
		Body        SpendRequest
	}) (*effected[Authorization], error) {
		return a.authorize(ctx, &in.Body)
	})
	handle(a, tagged("confirmAuthorization", http.MethodPost, "/v1/authorize/{id}/confirm", "Confirm a payment",
		"Counts what was reserved as spent. Confirming twice the same way answers the first result again."), a.confirm)
	handle(a, tagged("voidAuthorization", http.MethodPost, "/v1/authorize/{id}/void", "Void an authorization",
		"Gives back what was reserved. Voiding twice answers the first result again."), a.void)
	handle(a, tagged("getAuthorization", http.MethodGet, "/v1/authorize/{id}", "Get an authorization",
		"With a fresh token while it is pending. With wait, a held one is waited for."), a.getAuthorization)
	handle(a, tagged("listAuthorizations", http.MethodGet, "/v1/authorizations", "List authorizations", ""), a.listAuthorizations)
	redeem := tagged("redeemToken", http.MethodPost, "/v1/tokens/redeem", "Redeem a token",
		"For processors: answers the authorization's live state and, once only, marks it redeemed. From then on only settle or admin may confirm or void it.")
	redeem.Tags = []string{"Tokens"}
	handle(a, redeem, a.redeem)
}

// alsoHeld documents the second status that asking to spend can have.
func (a *API) alsoHeld(op *huma.Operation) {
	schema := payload[Authorization]{}.Schema(a.huma.OpenAPI().Components.Schemas)
	op.Responses = map[string]*huma.Response{"202": {Description: "Held: it waits for people.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}}
}

func (a *API) confirm(ctx context.Context, in *struct {
	AuthorizationRef
	Body *Confirmation
}) (*effected[Authorization], error) {
	id, err := authorizationID(in.ID)
	if err != nil {
		return nil, err
	}
	var b Confirmation
	if in.Body != nil {
		b = *in.Body
	}
	reference, err := company.Text("reference", b.Reference, 0, 256)
	if err != nil {
		return nil, err
	}
	return decided(a.spend.Confirm(ctx, callOf(ctx).spendCall(), id, b.Amount, reference))
}

func (a *API) void(ctx context.Context, in *struct {
	AuthorizationRef
	Body *Voiding
}) (*effected[Authorization], error) {
	id, err := authorizationID(in.ID)
	if err != nil {
		return nil, err
	}
	var b Voiding
	if in.Body != nil {
		b = *in.Body
	}
	reason, err := company.Prose("reason", b.Reason, 0, 1000)
	if err != nil {
		return nil, err
	}
	return decided(a.spend.Void(ctx, callOf(ctx).spendCall(), id, reason))
}

func (a *API) getAuthorization(ctx context.Context, in *struct {
	AuthorizationRef
	Wait int `query:"wait" minimum:"0" maximum:"60" doc:"How many seconds to wait for the decision of a held one."`
}) (*reply[Authorization], error) {
	id, err := authorizationID(in.ID)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	wait := time.Duration(in.Wait) * time.Second
	ctx, stop := a.patient(ctx, in.Wait > 0)
	defer stop()
	ctx, enough := context.WithTimeout(ctx, wait+a.decisionPatience)
	defer enough()
	r, err := a.spend.Get(ctx, c.spendCall(), id, wait)
	if err != nil {
		return nil, err
	}
	return &reply[Authorization]{authorizationView(r)}, nil
}

func (a *API) redeem(ctx context.Context, in *struct{ Body TokenToRedeem }) (*effected[Authorization], error) {
	return decided(a.spend.Redeem(ctx, callOf(ctx).spendCall(), in.Body.Token))
}

type AuthorizationFilter struct {
	Agent    string    `query:"agent" doc:"Id or handle."`
	Status   string    `query:"status" enum:"pending,held,confirmed,voided,expired,denied" doc:"Where it stands."`
	Decision string    `query:"decision" enum:"APPROVED,DENIED,REQUIRES_APPROVAL" doc:"What was decided."`
	Merchant string    `query:"merchant" maxLength:"256" doc:"A whole name or domain."`
	Currency string    `query:"currency" maxLength:"3" doc:"ISO 4217, in any case."`
	Rail     string    `query:"rail" enum:"api,card,iban,invoice,crypto" doc:"The rail it was asked on."`
	From     time.Time `query:"from" doc:"Created at or after."`
	To       time.Time `query:"to" doc:"Created before."`
}

func (a *API) listAuthorizations(ctx context.Context, in *struct {
	Paging
	AuthorizationFilter
}) (*reply[List[Authorization]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	filter, err := a.readFilter(ctx, in.AuthorizationFilter)
	if err != nil {
		return nil, err
	}
	rows, err := a.spend.List(ctx, callOf(ctx).Tenant, filter, orNil(before), in.Limit+1)
	if err != nil {
		return nil, err
	}
	results, err := a.spend.WithApprovals(ctx, callOf(ctx).Tenant, rows)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, results, idPosition(func(r spend.Result) uuid.UUID { return r.Authorization.ID }), authorizationView), nil
}

func orNil(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// readFilter finds what a filter names, within what the call is scoped to.
func (a *API) readFilter(ctx context.Context, in AuthorizationFilter) (spend.Filter, error) {
	f := spend.Filter{Status: spend.Status(in.Status), Decision: in.Decision, Merchant: in.Merchant, Rail: in.Rail,
		From: in.From, To: in.To, MerchantKey: policy.Normal(in.Merchant)}
	if agent := callOf(ctx).agent; agent != nil {
		f.Agent = *agent
	}
	if in.Agent != "" {
		id, err := a.agentFilter(ctx, in.Agent)
		if err != nil {
			return f, err
		}
		f.Agent = *id
	}
	if in.Currency != "" {
		currency, err := money.ParseCurrency(in.Currency)
		if err != nil {
			return f, err
		}
		f.Currency = string(currency)
	}
	return f, nil
}
