package webhooks

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
)

func endpointOf(r db.WebhookEndpoint) Endpoint {
	return Endpoint{ID: r.WebhookID, URL: r.Url, Description: r.Description, Events: r.Events, Enabled: r.Enabled,
		DisabledReason: Reason(r.DisabledReason), OldSecretUntil: r.OldUntil, FailingSince: r.FailingSince,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

func deliveryOf(r db.WebhookDelivery) Delivery {
	d := Delivery{ID: r.DeliveryID, Webhook: r.WebhookID, Event: r.Event, Type: r.Type, Body: r.Body, Status: Status(r.Status),
		Attempts: int(r.Attempts), EndedAt: r.EndedAt, CreatedAt: r.CreatedAt}
	if d.Status == Pending {
		d.NextAt = &r.NextAt
	}
	return d
}

func attemptOf(r db.WebhookAttempt) Attempt {
	a := Attempt{Number: int(r.Number), At: r.StartedAt, Milliseconds: int(r.TookMs), Trouble: r.Trouble, Answer: r.Answer}
	if r.Status != nil {
		a.Status = int(*r.Status)
	}
	return a
}

func isNone(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// missing says what is not there.
func missing(err error, what string) error {
	if isNone(err) {
		return fault.Missing(what)
	}
	return err
}
