package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
)

// CardProvider is who makes cards. Its secrets are never shown.
type CardProvider struct {
	Provider    string     `json:"provider" enum:"sandbox,stripe"`
	Mode        string     `json:"mode" enum:"live,test"`
	Connected   bool       `json:"connected" doc:"The sandbox of test mode needs no connecting."`
	Ready       bool       `json:"ready" doc:"Whether new cards can be made there."`
	Trouble     *string    `json:"trouble" nullable:"true" doc:"Why it is connected and not ready: what Stripe said of the webhook."`
	ID          *string    `json:"id" nullable:"true" example:"conn_01jd3v7m4sfx1r5k0m7z2w8y9a" doc:"The connection's."`
	Account     *string    `json:"account" nullable:"true" example:"acct_1NQKAcHMbd2fZZ2x" doc:"The provider's id of the account; null where the key may not read it."`
	KeyEnding   *string    `json:"key_ending" nullable:"true" example:"x7Qa" doc:"The last four characters of the key."`
	Cardholder  *string    `json:"cardholder" nullable:"true" example:"ich_1NQKAcHMbd2fZZ2x" doc:"Who the cards are issued to."`
	WebhookURL  *string    `json:"webhook_url" nullable:"true" doc:"Where the provider sends its events."`
	ConnectedAt *time.Time `json:"connected_at" nullable:"true"`
	UpdatedAt   *time.Time `json:"updated_at" nullable:"true"`
}

// StripeKeys is what connects a company's account at Stripe.
type StripeKeys struct {
	SecretKey     string            `json:"secret_key" minLength:"1" maxLength:"255" doc:"A restricted key of the same mode, with write access to Issuing and to webhook endpoints. It is kept sealed, and never shown again." example:"rk_test_…"`
	WebhookSecret string            `json:"webhook_secret,omitempty" maxLength:"255" doc:"The signing secret of a webhook that was made by hand. Without it, the webhook is made here." example:"whsec_…"`
	CardholderID  string            `json:"cardholder_id,omitempty" maxLength:"255" doc:"Who the cards are issued to, if Stripe has the cardholder already. Without it: the one before, or a new one." example:"ich_1NQKAcHMbd2fZZ2x"`
	Cardholder    *StripeCardholder `json:"cardholder,omitempty" doc:"What a new cardholder is made of; what is left out is taken from the account."`
}

// StripeCardholder names the company to Stripe.
type StripeCardholder struct {
	Name    string         `json:"name,omitempty" maxLength:"100" doc:"Printed on the cards: 24 Latin letters at most." example:"Acme"`
	Email   string         `json:"email,omitempty" maxLength:"254"`
	Phone   string         `json:"phone,omitempty" maxLength:"40" doc:"Cards in eur and gbp need one."`
	Address *StripeAddress `json:"address,omitempty"`
}

// StripeAddress is where the company is.
type StripeAddress struct {
	Line1      string `json:"line1" minLength:"1" maxLength:"200"`
	Line2      string `json:"line2,omitempty" maxLength:"200"`
	City       string `json:"city" minLength:"1" maxLength:"100"`
	State      string `json:"state,omitempty" maxLength:"100"`
	PostalCode string `json:"postal_code" minLength:"1" maxLength:"20"`
	Country    string `json:"country" minLength:"2" maxLength:"2" example:"DE"`
}

func (k StripeKeys) input() stripe.Input {
	in := stripe.Input{SecretKey: k.SecretKey, WebhookSecret: k.WebhookSecret, Cardholder: stripe.Cardholder{ID: k.CardholderID}}
	if h := k.Cardholder; h != nil {
		in.Cardholder.Name, in.Cardholder.Email, in.Cardholder.Phone = h.Name, h.Email, h.Phone
		if h.Address != nil {
			in.Cardholder.Address = (*stripe.Address)(h.Address)
		}
	}
	return in
}

func (a *API) registerIssuers() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Cards"}}
	}
	handle(a, tagged("listCardProviders", http.MethodGet, "/v1/card-providers", "List providers of cards",
		"Those that this server knows, connected or not, in this mode."), a.listCardProviders)
	handle(a, tagged("connectStripe", http.MethodPut, "/v1/card-providers/stripe", "Connect Stripe Issuing",
		"The key is tried at Stripe, the cardholder is found or made, and so is the webhook. From then on, new cards of this mode are made there. "+
			"Where Stripe does not let the key make the webhook, make one by hand for webhook_url, and connect again with its signing secret."), a.connectStripe)
	effect(a, tagged("disconnectStripe", http.MethodDelete, "/v1/card-providers/stripe", "Disconnect Stripe Issuing",
		"The key is forgotten. Refused with provider_in_use while cards that were made there are not canceled."), a.disconnectStripe)
}

func (a *API) stripeView(t ident.Tenant, c *stripe.Connection) CardProvider {
	out := CardProvider{Provider: stripe.Name, Mode: t.Mode()}
	if c == nil {
		return out
	}
	address := a.stripe.WebhookURL(*c)
	id := ident.Format(ident.Connection, c.ID)
	out.Connected, out.Ready = true, c.Ready
	out.ID, out.Account, out.KeyEnding, out.Cardholder, out.WebhookURL = &id, orNull(c.Account), &c.KeyEnding, &c.Cardholder, &address
	out.Trouble, out.ConnectedAt, out.UpdatedAt = orNull(c.Trouble), utc(&c.ConnectedAt), utc(&c.UpdatedAt)
	return out
}

// orNull is null for what is not there.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (a *API) listCardProviders(ctx context.Context, _ *struct{}) (*reply[List[CardProvider]], error) {
	t := callOf(ctx).Tenant
	c, err := a.stripe.Connection(ctx, nil, t)
	if err != nil {
		return nil, err
	}
	out := List[CardProvider]{Data: []CardProvider{a.stripeView(t, c)}}
	if !t.Live {
		out.Data = append(out.Data, CardProvider{Provider: "sandbox", Mode: t.Mode(), Connected: true, Ready: c == nil})
	}
	return &reply[List[CardProvider]]{out}, nil
}

// connectStripe calls Stripe before its transaction, as that may take long.
func (a *API) connectStripe(ctx context.Context, in *struct{ Body StripeKeys }) (*effected[CardProvider], error) {
	c := callOf(ctx)
	draft, err := a.stripe.Prepare(ctx, c.Tenant, in.Body.input())
	if err != nil {
		return nil, err
	}
	return run(ctx, a, http.StatusOK, func(ctx context.Context, tx pgx.Tx) (CardProvider, error) {
		made, err := a.stripe.Connect(ctx, tx, c.Tenant, c.actor(), draft)
		return a.stripeView(c.Tenant, &made), err
	})
}

func (a *API) disconnectStripe(ctx context.Context, tx pgx.Tx, _ *struct{}) (CardProvider, error) {
	c := callOf(ctx)
	return a.stripeView(c.Tenant, nil), a.stripe.Disconnect(ctx, tx, c.Tenant, c.actor())
}
