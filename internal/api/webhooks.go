package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/webhooks"
)

// Webhook is an address that hears of events.
type Webhook struct {
	ID             string     `json:"id" example:"whk_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	URL            string     `json:"url" example:"https://example.com/purser"`
	Description    string     `json:"description"`
	Events         []string   `json:"events" doc:"Types of events, families such as authorization.*, or * for all." example:"authorization.*"`
	Enabled        bool       `json:"enabled"`
	DisabledReason *string    `json:"disabled_reason" nullable:"true" enum:"gone,failing" doc:"Why the server disabled it: it answered 410, or nothing but failures for five days. Null when a person did."`
	Secret         string     `json:"secret,omitempty" doc:"What its messages are signed with, in the answer that makes it and never again." example:"whsec_…"`
	OldSecretUntil *time.Time `json:"old_secret_until" nullable:"true" doc:"Until then, the secret before signs as well."`
	FailingSince   *time.Time `json:"failing_since" nullable:"true" doc:"The first failure since the last success."`
	CreatedBy      string     `json:"created_by"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
}

func (w Webhook) stored() any {
	w.Secret = ""
	return w
}

// WebhookContent is what a webhook is made of.
type WebhookContent struct {
	URL         string   `json:"url" minLength:"1" maxLength:"2048" doc:"https, on the Internet, without credentials in it." example:"https://example.com/purser"`
	Description string   `json:"description,omitempty" maxLength:"200"`
	Events      []string `json:"events,omitempty" maxItems:"100" doc:"Types of events, families such as authorization.*, or *, which it is without them." example:"authorization.*"`
	Enabled     *bool    `json:"enabled,omitempty" doc:"true without it."`
}

// Rotation says how long the secret before the new one goes on.
type Rotation struct {
	GraceSeconds *int64 `json:"grace_seconds,omitempty" minimum:"0" maximum:"604800" doc:"How long the old secret signs as well; a day without it."`
}

func webhookView(e webhooks.Endpoint) Webhook {
	out := Webhook{ID: ident.Format(ident.Webhook, e.ID), URL: e.URL, Description: e.Description, Events: e.Events, Enabled: e.Enabled,
		OldSecretUntil: utc(e.OldSecretUntil), FailingSince: utc(e.FailingSince), CreatedBy: e.CreatedBy,
		CreatedAt: e.CreatedAt.UTC(), UpdatedAt: e.UpdatedAt.UTC()}
	if e.DisabledReason != "" {
		out.DisabledReason = (*string)(&e.DisabledReason)
	}
	return out
}

type WebhookRef struct {
	ID string `path:"id" doc:"The webhook's id." example:"whk_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (r WebhookRef) id() (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Webhook, r.ID)
	if !ok {
		return id, missing("webhook")
	}
	return id, nil
}

func (a *API) registerWebhooks() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Webhooks"}}
	}
	create := tagged("createWebhook", http.MethodPost, "/v1/webhooks", "Create a webhook",
		"Its secret is in this answer and never again. It hears of what happens from now on, at least once and in no promised order.")
	create.DefaultStatus = http.StatusCreated
	handle(a, create, a.createWebhook)
	handle(a, tagged("listWebhooks", http.MethodGet, "/v1/webhooks", "List webhooks", "Newest first, without their secrets."), a.listWebhooks)
	handle(a, tagged("getWebhook", http.MethodGet, "/v1/webhooks/{id}", "Get a webhook", "Without its secret."), a.getWebhook)
	handle(a, tagged("replaceWebhook", http.MethodPut, "/v1/webhooks/{id}", "Replace a webhook", "Its secret stays. One that was disabled hears of what happens from now on."), a.replaceWebhook)
	effect(a, tagged("deleteWebhook", http.MethodDelete, "/v1/webhooks/{id}", "Delete a webhook", "What was not delivered yet is not delivered."), a.deleteWebhook)
	test := tagged("testWebhook", http.MethodPost, "/v1/webhooks/{id}/test", "Send a test", "A message of the type webhook.test, whatever events the webhook asks for.")
	test.DefaultStatus = http.StatusAccepted
	effect(a, test, a.testWebhook)
	effect(a, tagged("rotateWebhookSecret", http.MethodPost, "/v1/webhooks/{id}/rotate-secret", "Rotate the secret",
		"The new secret is in this answer and never again. For grace_seconds, messages have a signature of each."), a.rotateWebhookSecret)
	a.registerDeliveries(tagged)
	a.documentMessages()
}

// content checks the address, which takes a look at the name service, before
// there is a transaction.
func (a *API) content(ctx context.Context, b WebhookContent) (webhooks.Input, error) {
	address, err := a.webhooks.Check(ctx, b.URL)
	return webhooks.Input{Address: address, Description: b.Description, Events: b.Events, Enabled: b.Enabled == nil || *b.Enabled}, err
}

func (a *API) createWebhook(ctx context.Context, in *struct{ Body WebhookContent }) (*effected[Webhook], error) {
	content, err := a.content(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	return run(ctx, a, http.StatusCreated, func(ctx context.Context, tx pgx.Tx) (Webhook, error) {
		e, secret, err := a.webhooks.Create(ctx, tx, c.Tenant, c.actor(), content)
		return secretWebhook(e, secret), err
	})
}

func secretWebhook(e webhooks.Endpoint, secret string) Webhook {
	out := webhookView(e)
	out.Secret = secret
	return out
}

func (a *API) listWebhooks(ctx context.Context, in *Paging) (*reply[List[Webhook]], error) {
	page, err := a.idPage(ctx, *in)
	if err != nil {
		return nil, err
	}
	rows, err := a.webhooks.Endpoints(ctx, callOf(ctx).Tenant, page)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, *in, rows, idPosition(func(e webhooks.Endpoint) uuid.UUID { return e.ID }), webhookView), nil
}

func (a *API) getWebhook(ctx context.Context, in *WebhookRef) (*reply[Webhook], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	e, err := a.webhooks.Endpoint(ctx, callOf(ctx).Tenant, id)
	return &reply[Webhook]{webhookView(e)}, err
}

func (a *API) replaceWebhook(ctx context.Context, in *struct {
	WebhookRef
	Body WebhookContent
}) (*reply[Webhook], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	if _, err := a.webhooks.Endpoint(ctx, c.Tenant, id); err != nil {
		return nil, err
	}
	content, err := a.content(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	var e webhooks.Endpoint
	err = a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		e, err = a.webhooks.Update(ctx, tx, c.Tenant, c.actor(), id, content)
		return err
	})
	return &reply[Webhook]{webhookView(e)}, err
}

func (a *API) deleteWebhook(ctx context.Context, tx pgx.Tx, in *WebhookRef) (Deleted, error) {
	id, err := in.id()
	if err != nil {
		return Deleted{}, err
	}
	c := callOf(ctx)
	return Deleted{in.ID, true}, a.webhooks.Delete(ctx, tx, c.Tenant, c.actor(), id)
}

func (a *API) rotateWebhookSecret(ctx context.Context, tx pgx.Tx, in *struct {
	WebhookRef
	Body *Rotation
}) (Webhook, error) {
	id, err := in.id()
	if err != nil {
		return Webhook{}, err
	}
	grace := webhooks.DefaultGrace
	if in.Body != nil && in.Body.GraceSeconds != nil {
		grace = time.Duration(*in.Body.GraceSeconds) * time.Second
	}
	c := callOf(ctx)
	e, secret, err := a.webhooks.RotateSecret(ctx, tx, c.Tenant, c.actor(), id, grace)
	return secretWebhook(e, secret), err
}
