// Package webhooks tells the systems of our users what happened: events of the
// audit log, signed as Standard Webhooks says, delivered at least once and in
// no promised order, with ten attempts over about three days.
package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/safedial"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/sign"
)

// Config is what webhooks need to know and to use. All of it is required but
// AllowLoopback and Patience.
type Config struct {
	Pool *postgres.Pool
	// Queue keeps the deliveries; somebody else runs it.
	Queue *notify.Queue
	// KeyEncryptionKey seals the secrets, sign.KeySize bytes.
	KeyEncryptionKey []byte
	Logger           *slog.Logger
	// AllowLoopback lets endpoints be on this very machine, over plain http too:
	// for a development server.
	AllowLoopback bool
	// Patience bounds one attempt; DefaultPatience when it is zero.
	Patience time.Duration
}

// DefaultPatience is how long a receiver may take for its answer.
const DefaultPatience = 15 * time.Second

// Service keeps endpoints and delivers to them.
type Service struct {
	pool          *postgres.Pool
	queue         *notify.Queue
	sealer        sign.Sealer
	log           *slog.Logger
	allowLoopback bool
	patience      time.Duration
	client        *http.Client
	slots         *slots
}

// Open makes the service, and tells the queue that it works off deliveries.
func Open(c Config) (*Service, error) {
	if c.Pool == nil || c.Queue == nil || c.Logger == nil {
		return nil, errors.New("webhooks: something that they need is missing")
	}
	sealer, err := sign.NewSealer(c.KeyEncryptionKey, "purser webhook secrets v1")
	if err != nil {
		return nil, err
	}
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	s := &Service{pool: c.Pool, queue: c.Queue, sealer: sealer, log: c.Logger, allowLoopback: c.AllowLoopback, patience: c.Patience,
		client: safedial.Client(c.AllowLoopback, c.Patience, maxAnswer), slots: newSlots(c.Patience)}
	notify.Handle[job](c.Queue, &worker{WorkerDefaults: river.WorkerDefaults[job]{}, s: s})
	return s, nil
}

// Route turns events into deliveries, for the endpoints that want them and were
// there before.
func (s *Service) Route() audit.Route {
	return audit.Route{Name: "webhooks", Wants: s.wants, Take: s.take}
}

// Retention is how long a delivery is kept.
const Retention = 30 * 24 * time.Hour

// pruned is how many deliveries one statement of Prune deletes at most.
const pruned = 1000

// Prune deletes the deliveries that are older than Retention.
func (s *Service) Prune(ctx context.Context) error {
	for {
		n, err := db.New(s.pool).WebhookPrune(ctx, Retention.Seconds())
		if err != nil || n < pruned {
			return err
		}
	}
}

// store writes deliveries and the jobs that make them.
func (s *Service) store(ctx context.Context, tx pgx.Tx, p db.WebhookDeliveriesInsertParams) error {
	if len(p.DeliveryIds) == 0 {
		return nil
	}
	if err := db.New(tx).WebhookDeliveriesInsert(ctx, p); err != nil {
		return err
	}
	jobs := make([]river.InsertManyParams, len(p.DeliveryIds))
	for i, id := range p.DeliveryIds {
		jobs[i] = river.InsertManyParams{Args: job{Company: p.CompanyID, Live: p.Live, Delivery: id, Webhook: p.WebhookIds[i]}}
	}
	return s.queue.Add(ctx, tx, jobs...)
}
