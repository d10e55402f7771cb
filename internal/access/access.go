package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/sign"
)

// Mailer delivers, or takes over for delivery, what access has to say to
// people. Links carry secrets: they belong into the mail and nowhere else.
type Mailer interface {
	SignInLink(ctx context.Context, to, link string, validFor time.Duration) error
	// Invitation is part of the transaction that invites, where it waits to be
	// delivered.
	Invitation(ctx context.Context, tx pgx.Tx, to, companyName, role, link string) error
}

// Config is what access is told at start. BaseURL, Logger and either Mailer or
// Clerk with Queue are required.
type Config struct {
	// BaseURL is the server's own address, such as https://purser.example.
	BaseURL string
	Mailer  Mailer
	Logger  *slog.Logger
	// TrustedProxies may say in X-Forwarded-For whom they speak for.
	TrustedProxies []netip.Prefix
	// Redis counts calls for all replicas; nil counts in this process.
	Redis *redis.Client
	// Clerk lets people sign in there; nil serves magic links.
	Clerk *ClerkConfig
	// Queue has Clerk mail invitations where there is no Mailer.
	Queue *notify.Queue
	// LinksPerAddress and LinksPerClient bound the sign-in mails in 15
	// minutes, to one address and from one client address. Zero means 20 and
	// 100; negative means no bound.
	LinksPerAddress, LinksPerClient int
	// FailuresPerMinute bounds wrong credentials from one client address.
	// Zero means 1,000.
	FailuresPerMinute int
}

// SessionLifetime is how long a session lasts. Signing keys must stay known
// for that long after their last use (sign.Config.MaxTokenLifetime).
const SessionLifetime = 30 * 24 * time.Hour

// linkLifetime is how long a sign-in link works, and the time over which the
// sending limits count.
const linkLifetime = 15 * time.Minute

// Access is the service. Make one with Open, and Run it.
type Access struct {
	pool      *postgres.Pool
	companies *company.Service
	signer    *sign.KeySet
	config    Config
	log       *slog.Logger

	keys     *verified
	rates    *rates
	failures *slidingLogs
	sent     *slidingLogs
	clerk    *clerkIdentity
}

// Open prepares the service: it reads the installation's look-up key.
func Open(ctx context.Context, pool *postgres.Pool, companies *company.Service, signer *sign.KeySet, c Config) (*Access, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	lookupKey, err := db.New(pool).InstallationLookupKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the look-up key: %w", err)
	}
	a := &Access{pool: pool, companies: companies, signer: signer, config: c, log: c.Logger,
		failures: newSlidingLogs(time.Minute), sent: newSlidingLogs(linkLifetime)}
	a.rates = newRates(c.Redis, defaultWindow, c.Logger)
	if a.keys, err = newVerified(pool, lookupKey, a.failures, c.FailuresPerMinute, c.Logger); err != nil {
		return nil, err
	}
	if c.Clerk != nil {
		if a.clerk, err = newClerk(*c.Clerk, c.BaseURL); err != nil {
			return nil, err
		}
	}
	if c.Mailer == nil {
		notify.HandleErrand(c.Queue, a.mailByClerk)
	}
	companies.WhenKeysChange(a.keys.distrust)
	return a, nil
}

func (c *Config) check() error {
	base, err := url.Parse(c.BaseURL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return errors.New("BASE_URL must be an address such as https://purser.example")
	}
	if c.Logger == nil || c.Mailer == nil && (c.Clerk == nil || c.Queue == nil) {
		return errors.New("access: a logger is needed, and a mailer or Clerk with a queue")
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.LinksPerAddress = orElse(c.LinksPerAddress, 20)
	c.LinksPerClient = orElse(c.LinksPerClient, 100)
	c.FailuresPerMinute = orElse(c.FailuresPerMinute, 1000)
	return nil
}

func orElse(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}

// Run does what happens beside requests until ctx ends: it hears of revoked
// keys, writes down when keys were last used, and forgets what is over.
func (a *Access) Run(ctx context.Context) {
	go a.pool.Listen(ctx, "purser_keys", func(string) { a.keys.expireAll() })
	touch, sweep := time.NewTicker(touchEvery), time.NewTicker(sweepEvery)
	defer touch.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			a.report("note when keys were used", a.keys.flush(context.WithoutCancel(ctx)))
			return
		case <-touch.C:
			a.report("note when keys were used", a.keys.flush(ctx))
		case <-sweep.C:
			a.sweep(ctx)
		}
	}
}

const (
	touchEvery = time.Second
	sweepEvery = time.Minute
)

func (a *Access) sweep(ctx context.Context) {
	a.rates.sweep()
	a.failures.sweep()
	a.sent.sweep()
	a.keys.forget()
	q := db.New(a.pool)
	a.report("sweep sign-in links", q.LinkSweep(ctx))
	a.report("sweep sessions", q.SessionSweep(ctx))
	a.report("sweep sign-ins of programs", q.DeviceSweep(ctx))
}

func (a *Access) report(what string, err error) {
	if err != nil {
		a.log.Warn("access could not "+what, "error", err)
	}
}

// InstallationKey is what all replicas of this installation share: it keys the
// look-up of API keys, and what the doors seal with keys derived from it.
func (a *Access) InstallationKey() []byte { return a.keys.lookupKey }
