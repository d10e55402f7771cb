package webhooks

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Status says how far a delivery is.
type Status string

// The statuses.
const (
	// Pending: another attempt will be made.
	Pending Status = "pending"
	// Delivered: the receiver answered 2xx.
	Delivered Status = "delivered"
	// Failed: no attempt is made any more, unless it is replayed.
	Failed Status = "failed"
	// Canceled: its endpoint was disabled before.
	Canceled Status = "canceled"
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	// ID is the webhook-id of every attempt.
	ID, Webhook uuid.UUID
	// Event is the event's public id, empty for a test.
	Event, Type string
	// Body is what is sent, JSON.
	Body   string
	Status Status
	// Attempts is how many were made, in all.
	Attempts int
	// NextAt is when the next one is due; while one is under way, when it counts
	// as lost. Nil when there is none to come.
	NextAt    *time.Time
	EndedAt   *time.Time
	CreatedAt time.Time
	// History has every attempt, where it was asked for.
	History []Attempt
}

// Attempt is one call of the receiver.
type Attempt struct {
	// Number counts from 1.
	Number       int
	At           time.Time
	Milliseconds int
	// Status is the answer's, zero when there was none.
	Status int
	// Trouble says what went wrong, empty when nothing did.
	Trouble string
	// Answer is how the answer's body begins. A stranger wrote it.
	Answer string
}

// Deliveries lists those of an endpoint, newest first, without their attempts.
func (s *Service) Deliveries(ctx context.Context, t ident.Tenant, webhook uuid.UUID, status Status, page company.Page) ([]Delivery, error) {
	if _, err := s.Endpoint(ctx, t, webhook); err != nil {
		return nil, err
	}
	p := db.WebhookDeliveryListParams{CompanyID: t.Company, Live: t.Live, WebhookID: webhook, Before: page.Before, MaxRows: int32(page.Limit)}
	if status != "" {
		p.Status = (*string)(&status)
	}
	rows, err := db.New(s.pool).WebhookDeliveryList(ctx, p)
	out := make([]Delivery, len(rows))
	for i, r := range rows {
		out[i] = deliveryOf(r)
	}
	return out, err
}

// Delivery reads one, with every attempt.
func (s *Service) Delivery(ctx context.Context, t ident.Tenant, id uuid.UUID) (Delivery, error) {
	q := db.New(s.pool)
	row, err := q.WebhookDeliveryGet(ctx, t.Company, t.Live, id)
	if err != nil {
		return Delivery{}, missing(err, "delivery")
	}
	d := deliveryOf(row)
	attempts, err := q.WebhookAttempts(ctx, t.Company, t.Live, []uuid.UUID{id})
	for _, a := range attempts {
		d.History = append(d.History, attemptOf(a))
	}
	return d, err
}

// Test sends an endpoint a message of the type webhook.test. Its event is not in
// the log, which its position of -1 says. Conflict: webhook_disabled.
func (s *Service) Test(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, webhook uuid.UUID) (Delivery, error) {
	q := db.New(tx)
	e, err := q.WebhookGet(ctx, t.Company, t.Live, webhook)
	if err != nil {
		return Delivery{}, missing(err, "webhook")
	}
	if !e.Enabled {
		return Delivery{}, disabled()
	}
	now, err := q.DatabaseClock(ctx)
	if err != nil {
		return Delivery{}, err
	}
	body, err := payload(proof.Record{Position: -1, ID: ident.Format(ident.Event, ident.New()), At: now.UTC(), Type: testType,
		Actor: by.String(), Subject: ident.Format(ident.Webhook, webhook), Data: json.RawMessage("{}"), RequestID: by.RequestID})
	if err != nil {
		return Delivery{}, err
	}
	id := ident.New()
	if err := s.store(ctx, tx, db.WebhookDeliveriesInsertParams{CompanyID: t.Company, Live: t.Live, DeliveryIds: []uuid.UUID{id},
		WebhookIds: []uuid.UUID{webhook}, EventIds: []string{""}, Types: []string{testType}, Bodies: []string{body}}); err != nil {
		return Delivery{}, err
	}
	row, err := q.WebhookDeliveryGet(ctx, t.Company, t.Live, id)
	return deliveryOf(row), err
}

// testType is the type of a test's message.
const testType = "webhook.test"

// Replay makes a delivery due now, and gives it all its attempts again: the same
// message with the same id. Conflict: webhook_disabled.
func (s *Service) Replay(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID) (Delivery, error) {
	q := db.New(tx)
	row, err := q.WebhookDeliveryGet(ctx, t.Company, t.Live, id)
	if err != nil {
		return Delivery{}, missing(err, "delivery")
	}
	e, err := q.WebhookGet(ctx, t.Company, t.Live, row.WebhookID)
	if err != nil {
		return Delivery{}, missing(err, "delivery")
	}
	if !e.Enabled {
		return Delivery{}, disabled()
	}
	if row, err = q.WebhookReplay(ctx, t.Company, t.Live, id); err != nil {
		return Delivery{}, err
	}
	return deliveryOf(row), s.queue.Add(ctx, tx, river.InsertManyParams{Args: job{Company: t.Company, Live: t.Live, Delivery: id, Webhook: row.WebhookID}})
}

func disabled() error {
	return fault.New(fault.Conflict, "webhook_disabled", "This endpoint is disabled: enable it first.")
}
