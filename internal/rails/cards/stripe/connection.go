package stripe

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Connection is a company's account at Stripe, in one mode, without its secrets.
type Connection struct {
	Tenant ident.Tenant
	ID     uuid.UUID
	// Account is Stripe's id of it, empty where the key may not read it.
	Account string
	// KeyEnding is the last four characters of the key.
	KeyEnding string
	// Cardholder is who the cards are issued to: the company.
	Cardholder string
	// Ready says that Stripe's events can be checked. Cards are made only then.
	Ready bool
	// Trouble is why it is not ready.
	Trouble                string
	ConnectedAt, UpdatedAt time.Time

	key, webhookSecret string
	endpoint           string // Stripe's id of the webhook that we made
}

// WebhookURL is where Stripe sends the events of a connection.
func (s *Service) WebhookURL(c Connection) string {
	return s.base + "/v1/stripe/" + ident.Format(ident.Connection, c.ID) + "/webhook"
}

// queries is where a read goes: to the pool, or with a transaction that has one
// of its connections already.
func (s *Service) queries(tx pgx.Tx) *db.Queries {
	if tx != nil {
		return db.New(tx)
	}
	return db.New(s.pool)
}

// Connection reads a company's; nil when there is none. It takes part in tx if
// there is one.
func (s *Service) Connection(ctx context.Context, tx pgx.Tx, t ident.Tenant) (*Connection, error) {
	row, err := s.queries(tx).IssuerGet(ctx, t.Company, t.Live, Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.connectionOf(row)
}

// byID finds a connection by the name in its webhook's address.
func (s *Service) byID(ctx context.Context, named string) (*Connection, error) {
	id, ok := ident.Parse(ident.Connection, named)
	if !ok {
		return nil, fault.Missing("connection")
	}
	row, err := db.New(s.pool).IssuerByConnection(ctx, id, Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.Missing("connection")
	}
	if err != nil {
		return nil, err
	}
	return s.connectionOf(row)
}

// Connect keeps what Prepare found, and audits it. Conflict:
// provider_in_use when cards of another account are not canceled yet.
func (s *Service) Connect(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, d Draft) (Connection, error) {
	row, err := db.New(tx).IssuerConnect(ctx, s.insertOf(t, by, d))
	if errors.Is(err, pgx.ErrNoRows) {
		return Connection{}, fault.New(fault.Conflict, "provider_changed", "Somebody else connected Stripe meanwhile. Look, and repeat the request if need be.")
	}
	if err != nil {
		return Connection{}, err
	}
	c, err := s.connectionOf(row)
	if err != nil {
		return Connection{}, err
	}
	return *c, audit.Append(ctx, tx, t, by, audit.Event{Type: "card_provider.connected", Subject: ident.Format(ident.Connection, c.ID),
		Data: map[string]any{"provider": Name, "account": c.Account, "ready": c.Ready}})
}

// Disconnect forgets a company's connection with its secrets. Conflict:
// provider_in_use while cards of it are not canceled.
func (s *Service) Disconnect(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor) error {
	c, err := s.Connection(ctx, tx, t)
	if err != nil {
		return err
	}
	if c == nil {
		return fault.Missing("connection")
	}
	if err := s.unused(ctx, tx, t); err != nil {
		return err
	}
	if _, err := db.New(tx).IssuerDisconnect(ctx, t.Company, t.Live, Name); err != nil {
		return err
	}
	return audit.Append(ctx, tx, t, by, audit.Event{Type: "card_provider.disconnected", Subject: ident.Format(ident.Connection, c.ID),
		Data: map[string]any{"provider": Name, "account": c.Account}})
}

// unused refuses with provider_in_use while cards can still be paid with.
func (s *Service) unused(ctx context.Context, tx pgx.Tx, t ident.Tenant) error {
	open, err := db.New(tx).IssuerOpenCards(ctx, t.Company, t.Live, Name)
	if err == nil && open > 0 {
		err = fault.New(fault.Conflict, "provider_in_use", "%d cards were made there and are not canceled. Cancel them first.", open)
	}
	return err
}

// apiOf gives the client of a connection, a new one after its key has changed.
func (s *Service) apiOf(c Connection) *sdk.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, ok := s.clients[c.ID]
	if !ok || have.key != c.key {
		have = client{newClient(s.url, c.key), c.key}
		s.clients[c.ID] = have
	}
	return have.api
}
