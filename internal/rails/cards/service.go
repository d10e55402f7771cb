package cards

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// Config is what the rail works with. Pool, Gate and Vault are required.
type Config struct {
	Pool  *postgres.Pool
	Gate  *spend.Service
	Vault *vault.Vault
	// Issuers finds what companies have connected; nil: nobody has anything, and
	// only test mode has cards.
	Issuers Issuers
	Log     *slog.Logger
}

// Actor is who does something. A network is audit.System().
type Actor = audit.Actor

// Service is the rail.
type Service struct {
	config    Config
	undecided undecided
	calls     chan struct{} // of providers that are being made
}

// New makes the rail.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Service{config: c, undecided: undecided{all: map[asked]time.Time{}}, calls: make(chan struct{}, issuerCalls)}
}

func missing(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Missing("card")
	}
	return err
}

// Get reads a card. Errors: not_found.
func (s *Service) Get(ctx context.Context, t ident.Tenant, id uuid.UUID) (Card, error) {
	return get(ctx, db.New(s.config.Pool), t, id)
}

func get(ctx context.Context, q *db.Queries, t ident.Tenant, id uuid.UUID) (Card, error) {
	row, err := q.CardGet(ctx, t.Company, t.Live, id)
	if err != nil {
		return Card{}, missing(err)
	}
	return cardOf(row.Card, row.Balance, row.Held)
}

// List lists cards, newest first.
func (s *Service) List(ctx context.Context, t ident.Tenant, f Filter, p Page) ([]Card, error) {
	rows, err := db.New(s.config.Pool).CardList(ctx, db.CardListParams{CompanyID: t.Company, Live: t.Live, Agent: f.Agent,
		Status: string(f.Status), Currency: string(f.Currency), Before: p.Before, MaxRows: int32(p.Limit)})
	if err != nil {
		return nil, err
	}
	return cardsOf(rows)
}

// ByRef finds a card by its provider's id of it. Errors: not_found.
func (s *Service) ByRef(ctx context.Context, t ident.Tenant, provider, ref string) (uuid.UUID, error) {
	id, err := db.New(s.config.Pool).CardByRef(ctx, t.Company, t.Live, provider, ref)
	return id, missing(err)
}

// FindByPAN finds whose card a number of the sandbox is. Errors: not_found, also
// for a number that is none.
func (s *Service) FindByPAN(ctx context.Context, number string) (ident.Tenant, uuid.UUID, error) {
	if !vault.OurRange(number) {
		return ident.Tenant{}, uuid.Nil, fault.Missing("card")
	}
	row, err := db.New(s.config.Pool).CardByNumber(ctx, s.config.Vault.Lookup(number))
	return ident.Tenant{Company: row.CompanyID, Live: row.Live}, row.CardID, missing(err)
}

// Transactions lists what happened to a card, newest first. Errors: not_found.
func (s *Service) Transactions(ctx context.Context, t ident.Tenant, id uuid.UUID, p Page) ([]Transaction, error) {
	q := db.New(s.config.Pool)
	c, err := get(ctx, q, t, id)
	if err != nil {
		return nil, err
	}
	rows, err := q.CardTransactions(ctx, db.CardTransactionsParams{CompanyID: t.Company, Live: t.Live, CardID: id, Before: p.Before, MaxRows: int32(p.Limit)})
	out := make([]Transaction, len(rows))
	for i, r := range rows {
		out[i] = transactionOf(r, c.Currency)
	}
	return out, err
}

// Find reads what the network's event with this id did to a card. Errors:
// not_found.
func (s *Service) Find(ctx context.Context, t ident.Tenant, card uuid.UUID, networkID string) (Transaction, error) {
	q := db.New(s.config.Pool)
	c, err := get(ctx, q, t, card)
	if err != nil {
		return Transaction{}, err
	}
	row, err := q.CardTransactionByNetworkID(ctx, t.Company, t.Live, card, networkID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Transaction{}, fault.Missing("transaction")
	}
	return transactionOf(row, c.Currency), err
}

// locked reads a card whose row, and whose agent's, the transaction then holds.
func locked(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID) (Card, error) {
	q := db.New(tx)
	c, err := get(ctx, q, t, id)
	if err != nil {
		return Card{}, err
	}
	if err := q.CardLockAgent(ctx, t.Company, t.Live, c.Agent); err != nil {
		return Card{}, err
	}
	return lockedCard(ctx, tx, t, id)
}

// lockedCard is locked where the agent is held already.
func lockedCard(ctx context.Context, tx pgx.Tx, t ident.Tenant, id uuid.UUID) (Card, error) {
	q := db.New(tx)
	if _, err := q.CardLock(ctx, t.Company, t.Live, id); err != nil {
		return Card{}, missing(err)
	}
	return get(ctx, q, t, id)
}
