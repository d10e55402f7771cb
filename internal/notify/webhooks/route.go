package webhooks

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// wants asks for what the tenant's enabled endpoints ask for: nothing at all
// where there is none.
func (s *Service) wants(ctx context.Context, tx pgx.Tx, t ident.Tenant) ([]string, error) {
	listeners, err := db.New(tx).WebhookListeners(ctx, t.Company, t.Live)
	var all audit.Types
	for _, l := range listeners {
		all = append(all, l.Events...)
	}
	return all.Wanted(), err
}

// chunk bounds the deliveries that one statement writes.
const chunk = 1000

// take makes a delivery of each event for each endpoint that wants it and was
// there when it happened.
func (s *Service) take(ctx context.Context, tx pgx.Tx, t ident.Tenant, news []proof.Record) error {
	listeners, err := db.New(tx).WebhookListeners(ctx, t.Company, t.Live)
	if err != nil {
		return err
	}
	p := db.WebhookDeliveriesInsertParams{CompanyID: t.Company, Live: t.Live}
	for _, r := range news {
		body := ""
		for _, l := range listeners {
			if !audit.Types(l.Events).Pick(r.Type) || !r.At.After(l.CreatedAt) {
				continue
			}
			if body == "" {
				if body, err = payload(r); err != nil {
					return err
				}
			}
			p.DeliveryIds, p.WebhookIds = append(p.DeliveryIds, ident.New()), append(p.WebhookIds, l.WebhookID)
			p.EventIds, p.Types, p.Bodies = append(p.EventIds, r.ID), append(p.Types, r.Type), append(p.Bodies, body)
		}
		if len(p.DeliveryIds) >= chunk {
			if err := s.store(ctx, tx, p); err != nil {
				return err
			}
			p = db.WebhookDeliveriesInsertParams{CompanyID: t.Company, Live: t.Live}
		}
	}
	return s.store(ctx, tx, p)
}

// payload is the message about an event: what Standard Webhooks recommends, with
// the event as the audit log gives it.
func payload(r proof.Record) (string, error) {
	line, err := r.Line()
	if err != nil {
		return "", err
	}
	message, err := json.Marshal(struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{r.Type, r.At, json.RawMessage(line)})
	return string(message), err
}
