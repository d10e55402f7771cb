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

// WebhookDelivery is one event on its way to one webhook.
type WebhookDelivery struct {
	ID            string     `json:"id" doc:"The webhook-id of every attempt." example:"whd_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Webhook       string     `json:"webhook" example:"whk_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Event         *string    `json:"event" nullable:"true" doc:"The event's id; null for a test." example:"evt_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Type          string     `json:"type" example:"authorization.approved"`
	Status        string     `json:"status" enum:"pending,delivered,failed,canceled" doc:"canceled: the webhook was disabled before."`
	Attempts      int        `json:"attempts" doc:"How many were made, replays included."`
	NextAttemptAt *time.Time `json:"next_attempt_at" nullable:"true"`
	EndedAt       *time.Time `json:"ended_at" nullable:"true"`
	CreatedAt     time.Time  `json:"created_at"`
}

// WebhookHistory is a delivery with what was sent and every attempt.
type WebhookHistory struct {
	WebhookDelivery
	Body    string           `json:"body" doc:"What is sent, byte by byte."`
	History []WebhookAttempt `json:"history" doc:"Every attempt, oldest first."`
}

// WebhookAttempt is one call of the receiver.
type WebhookAttempt struct {
	Number  int       `json:"number" doc:"From 1."`
	At      time.Time `json:"at"`
	Took    int       `json:"took_ms" doc:"Milliseconds."`
	Status  *int      `json:"status" nullable:"true" doc:"Of the answer; null when there was none."`
	Trouble string    `json:"trouble" doc:"What went wrong, for people; empty when nothing did."`
	Answer  string    `json:"answer" doc:"How the answer's body begins."`
}

func deliveryView(d webhooks.Delivery) WebhookDelivery {
	out := WebhookDelivery{ID: ident.Format(ident.Delivery, d.ID), Webhook: ident.Format(ident.Webhook, d.Webhook), Type: d.Type,
		Status: string(d.Status), Attempts: d.Attempts, NextAttemptAt: utc(d.NextAt), EndedAt: utc(d.EndedAt), CreatedAt: d.CreatedAt.UTC()}
	if d.Event != "" {
		out.Event = &d.Event
	}
	return out
}

func historyView(d webhooks.Delivery) WebhookHistory {
	out := WebhookHistory{WebhookDelivery: deliveryView(d), Body: d.Body, History: []WebhookAttempt{}}
	for _, h := range d.History {
		attempt := WebhookAttempt{Number: h.Number, At: h.At.UTC(), Took: h.Milliseconds, Trouble: h.Trouble, Answer: h.Answer}
		if h.Status != 0 {
			attempt.Status = &h.Status
		}
		out.History = append(out.History, attempt)
	}
	return out
}

type DeliveryRef struct {
	ID string `path:"id" doc:"The delivery's id." example:"whd_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (r DeliveryRef) id() (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Delivery, r.ID)
	if !ok {
		return id, missing("delivery")
	}
	return id, nil
}

func (a *API) registerDeliveries(tagged func(id, method, path, summary, description string) huma.Operation) {
	handle(a, tagged("listDeliveries", http.MethodGet, "/v1/webhooks/{id}/deliveries", "List deliveries", "Newest first, for 30 days."), a.listDeliveries)
	handle(a, tagged("getDelivery", http.MethodGet, "/v1/webhook-deliveries/{id}", "Get a delivery", "With what is sent, and every attempt."), a.getDelivery)
	replay := tagged("replayDelivery", http.MethodPost, "/v1/webhooks/deliveries/{id}/replay", "Replay a delivery",
		"The same message with the same id, now, and with all its attempts again.")
	replay.DefaultStatus = http.StatusAccepted
	effect(a, replay, a.replayDelivery)
}

func (a *API) testWebhook(ctx context.Context, tx pgx.Tx, in *WebhookRef) (WebhookDelivery, error) {
	id, err := in.id()
	if err != nil {
		return WebhookDelivery{}, err
	}
	c := callOf(ctx)
	d, err := a.webhooks.Test(ctx, tx, c.Tenant, c.actor(), id)
	return deliveryView(d), err
}

func (a *API) listDeliveries(ctx context.Context, in *struct {
	Paging
	WebhookRef
	Status string `query:"status" enum:"pending,delivered,failed,canceled" doc:"Only those that are this far."`
}) (*reply[List[WebhookDelivery]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	page, err := a.idPage(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	rows, err := a.webhooks.Deliveries(ctx, callOf(ctx).Tenant, id, webhooks.Status(in.Status), page)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(d webhooks.Delivery) uuid.UUID { return d.ID }), deliveryView), nil
}

func (a *API) getDelivery(ctx context.Context, in *DeliveryRef) (*reply[WebhookHistory], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	d, err := a.webhooks.Delivery(ctx, callOf(ctx).Tenant, id)
	return &reply[WebhookHistory]{historyView(d)}, err
}

func (a *API) replayDelivery(ctx context.Context, tx pgx.Tx, in *DeliveryRef) (WebhookDelivery, error) {
	id, err := in.id()
	if err != nil {
		return WebhookDelivery{}, err
	}
	d, err := a.webhooks.Replay(ctx, tx, callOf(ctx).Tenant, id)
	return deliveryView(d), err
}
