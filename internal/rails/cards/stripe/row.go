package stripe

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// boundTo is what a sealed secret belongs to.
func boundTo(t ident.Tenant, what string) string {
	return t.Company.String() + "/" + t.Mode() + "/" + Name + "/" + what
}

func (s *Service) connectionOf(r db.IssuerConnection) (*Connection, error) {
	c := Connection{Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, ID: r.ConnectionID, Account: r.Account, KeyEnding: r.KeyEnding,
		Cardholder: r.Cardholder, Trouble: r.WebhookTrouble, ConnectedAt: r.ConnectedAt, UpdatedAt: r.UpdatedAt, endpoint: r.WebhookEndpoint}
	key, err := s.sealer.Open(r.SecretKey, boundTo(c.Tenant, "key"))
	if err != nil {
		return nil, err
	}
	c.key = string(key)
	if r.WebhookSecret != nil {
		secret, err := s.sealer.Open(r.WebhookSecret, boundTo(c.Tenant, "webhook"))
		if err != nil {
			return nil, err
		}
		c.webhookSecret, c.Ready = string(secret), true
	}
	return &c, nil
}

func (s *Service) insertOf(t ident.Tenant, by audit.Actor, d Draft) db.IssuerConnectParams {
	p := db.IssuerConnectParams{CompanyID: t.Company, Live: t.Live, Provider: Name, ConnectionID: d.id, Account: d.account,
		SecretKey: s.sealer.Seal([]byte(d.key), boundTo(t, "key")), KeyEnding: d.key[len(d.key)-4:],
		WebhookEndpoint: d.endpoint, WebhookTrouble: d.trouble, Cardholder: d.cardholder, ConnectedBy: by.String()}
	if d.webhookSecret != "" {
		p.WebhookSecret = s.sealer.Seal([]byte(d.webhookSecret), boundTo(t, "webhook"))
	}
	return p
}

// forget drops events and ends that are older than an age.
func (s *Service) forget(ctx context.Context, age time.Duration) error {
	if _, err := db.New(s.pool).IssuerEventsForget(ctx, age.Seconds()); err != nil {
		return err
	}
	_, err := db.New(s.pool).IssuerEndedForget(ctx, age.Seconds())
	return err
}

// missing says that there is no such transaction.
func missing(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Missing("transaction")
	}
	return err
}
