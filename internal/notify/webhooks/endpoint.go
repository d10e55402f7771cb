package webhooks

import (
	"context"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/safedial"
)

// Reason says why the server itself disabled an endpoint.
type Reason string

// The reasons.
const (
	// Gone: it answered 410.
	Gone Reason = "gone"
	// Failing: it answered nothing but failures for GiveUpAfter.
	Failing Reason = "failing"
)

// GiveUpAfter is how long an endpoint may do nothing but fail.
const GiveUpAfter = 5 * 24 * time.Hour

// Endpoint is an address that hears of events, without its secret.
type Endpoint struct {
	ID               uuid.UUID
	URL, Description string
	Events           audit.Types
	Enabled          bool
	// DisabledReason is empty when a person disabled it.
	DisabledReason Reason
	// OldSecretUntil is when the secret before the present one stops signing.
	OldSecretUntil *time.Time
	// FailingSince is the first failure since the last success.
	FailingSince         *time.Time
	CreatedBy            string
	CreatedAt, UpdatedAt time.Time
}

// Host is the part of the address that may be told to anybody in the company:
// the rest may hold a secret.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Address is a URL that Check found fit to be called.
type Address struct{ url string }

// Check reads the address of an endpoint. It asks the name service, so it is
// not for a transaction. The fault is Invalid and about url.
func (s *Service) Check(ctx context.Context, address string) (Address, error) {
	u, err := safedial.Check(ctx, "url", address, s.allowLoopback)
	if err != nil {
		return Address{}, err
	}
	return Address{u.String()}, nil
}

// Input is what an endpoint is made of. No events means all.
type Input struct {
	Address     Address
	Description string
	Events      []string
	Enabled     bool
}

const (
	// MostEndpoints is how many endpoints a company may have in one mode.
	MostEndpoints  = 20
	maxDescription = 200
)

func (in Input) check() (Input, error) {
	if len(in.Events) == 0 {
		in.Events = []string{audit.Everything}
	}
	var err error
	if in.Events, err = audit.ReadTypes("events", in.Events); err != nil {
		return in, err
	}
	in.Description, err = company.Text("description", in.Description, 0, maxDescription)
	return in, err
}

// Create makes an endpoint. Its secret is in this answer and never again.
// Conflict: too_many_webhooks.
func (s *Service) Create(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, in Input) (Endpoint, string, error) {
	in, err := in.check()
	if err != nil {
		return Endpoint{}, "", err
	}
	id, secret := ident.New(), newSecret()
	row, err := db.New(tx).WebhookInsert(ctx, db.WebhookInsertParams{CompanyID: t.Company, Live: t.Live, WebhookID: id, Url: in.Address.url,
		Description: in.Description, Events: in.Events, Enabled: in.Enabled, Secret: s.seal(t, id, secret), CreatedBy: by.String(), Most: MostEndpoints})
	if isNone(err) {
		err = fault.New(fault.Conflict, "too_many_webhooks", "There are %d endpoints already: delete one first.", MostEndpoints)
	}
	if err != nil {
		return Endpoint{}, "", err
	}
	e := endpointOf(row)
	return e, secret, audit.Append(ctx, tx, t, by, event("webhook.created", e))
}

// Endpoints lists them, newest first.
func (s *Service) Endpoints(ctx context.Context, t ident.Tenant, page company.Page) ([]Endpoint, error) {
	rows, err := db.New(s.pool).WebhookList(ctx, t.Company, t.Live, page.Before, int32(page.Limit))
	out := make([]Endpoint, len(rows))
	for i, r := range rows {
		out[i] = endpointOf(r)
	}
	return out, err
}

// Endpoint reads one.
func (s *Service) Endpoint(ctx context.Context, t ident.Tenant, id uuid.UUID) (Endpoint, error) {
	row, err := db.New(s.pool).WebhookGet(ctx, t.Company, t.Live, id)
	return endpointOf(row), missing(err, "webhook")
}

// Update puts something else in an endpoint's place; its secret stays. One that
// is enabled hears of what happens from then on.
func (s *Service) Update(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, id uuid.UUID, in Input) (Endpoint, error) {
	in, err := in.check()
	if err != nil {
		return Endpoint{}, err
	}
	row, err := db.New(tx).WebhookUpdate(ctx, db.WebhookUpdateParams{CompanyID: t.Company, Live: t.Live, WebhookID: id, Url: in.Address.url,
		Description: in.Description, Events: in.Events, Enabled: in.Enabled})
	if err != nil {
		return Endpoint{}, missing(err, "webhook")
	}
	e := endpointOf(row)
	return e, audit.Append(ctx, tx, t, by, event("webhook.updated", e))
}

// Delete ends an endpoint. What was not delivered yet is not delivered.
func (s *Service) Delete(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, id uuid.UUID) error {
	n, err := db.New(tx).WebhookDelete(ctx, t.Company, t.Live, id)
	if err == nil && n == 0 {
		err = fault.Missing("webhook")
	}
	if err != nil {
		return err
	}
	return audit.Append(ctx, tx, t, by, audit.Event{Type: "webhook.deleted", Subject: ident.Format(ident.Webhook, id)})
}

// disable ends deliveries to an endpoint on the server's own account.
func (s *Service) disable(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID, why Reason) error {
	n, err := db.New(tx).WebhookDisable(ctx, string(why), t.Company, t.Live, id)
	if err != nil || n == 0 {
		return err
	}
	return audit.Append(ctx, tx, t, audit.System(), audit.Event{Type: "webhook.disabled", Subject: ident.Format(ident.Webhook, id),
		Data: map[string]any{"reason": string(why)}})
}

func event(kind string, e Endpoint) audit.Event {
	return audit.Event{Type: kind, Subject: ident.Format(ident.Webhook, e.ID),
		Data: map[string]any{"host": e.Host(), "events": []string(e.Events), "enabled": e.Enabled}}
}
