// Package stripe is Stripe Issuing as a provider of cards: a company connects its
// own account with a restricted key, its cards are made there, Stripe asks for
// each swipe by a signed webhook that is answered by the gate, and what Stripe
// tells afterwards is booked once.
package stripe

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/sign"
)

// Name is the provider's, in the database and at the doors.
const Name = "stripe"

// DefaultURL is where Stripe's API is.
const DefaultURL = sdk.APIURL

// Config is what the service needs to know and to use. All of it is required but
// URL and Patience.
type Config struct {
	Pool  *postgres.Pool
	Cards *cards.Service
	// KeyEncryptionKey seals the companies' keys, sign.KeySize bytes.
	KeyEncryptionKey []byte
	// BaseURL is our own address, which Stripe calls.
	BaseURL string
	Logger  *slog.Logger
	// URL is where Stripe's API is; DefaultURL when it is empty.
	URL string
	// Patience bounds one decision; DefaultPatience when it is zero.
	Patience time.Duration
}

// DefaultPatience is how long a decision may take: Stripe waits for 2 s, the
// network between us included.
const DefaultPatience = 1500 * time.Millisecond

// Service keeps the connections of all companies, and works with them.
type Service struct {
	pool     *postgres.Pool
	cards    *cards.Service
	sealer   sign.Sealer
	base     string
	log      *slog.Logger
	url      string
	patience time.Duration

	mu      sync.Mutex
	clients map[uuid.UUID]client
}

// Open makes the service.
func Open(c Config) (*Service, error) {
	if c.Pool == nil || c.Cards == nil || c.Logger == nil || c.BaseURL == "" {
		return nil, errors.New("stripe: something that it needs is missing")
	}
	if c.URL == "" {
		c.URL = DefaultURL
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" {
		return nil, errors.New("stripe: its address is not one")
	}
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	sealer, err := sign.NewSealer(c.KeyEncryptionKey, "purser card providers v1")
	return &Service{pool: c.Pool, cards: c.Cards, sealer: sealer, base: strings.TrimRight(c.BaseURL, "/"), log: c.Logger,
		url: c.URL, patience: c.Patience, clients: map[uuid.UUID]client{}}, err
}

// remembered is how long events and ends are kept: longer than Stripe repeats
// an event by itself or by hand.
const remembered = 60 * 24 * time.Hour

// Prune forgets what was said too long ago to be said again.
func (s *Service) Prune(ctx context.Context) error { return s.forget(ctx, remembered) }
