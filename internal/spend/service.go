package spend

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/sign"
)

// Config is what the gate needs to know. Only Issuer has no default.
type Config struct {
	// Issuer is the `iss` of live tokens, and their audience where a company
	// sets none: the server's public address.
	Issuer string
	// Lanes is how many batches run beside each other. Zero means 2.
	Lanes int
	// MaxBatch bounds one transaction. Zero means 128.
	MaxBatch int
	// MaxQueue bounds what waits in a lane; beyond it requests are refused at
	// once. Zero means 2,048.
	MaxQueue int
	// Patience is how long a request waits for its decision. Zero means 1.4 s.
	Patience time.Duration
	// Committers are the connections that decide; nil means the service's pool.
	// A few are enough, one a lane. See CommitterSettings.
	Committers *postgres.Pool
	// Lookups are connections with the same settings for reads by key; nil
	// means the service's pool.
	Lookups *postgres.Pool
	// Audit is told what was written, so that it need not read it to seal it;
	// nil means that it reads.
	Audit *audit.Log
	Log   *slog.Logger
}

// CommitterSettings are for the connections that decide or look up: their few
// statements touch rows by key, so planning them each time costs more than it
// finds.
func CommitterSettings() map[string]string {
	return map[string]string{"plan_cache_mode": "force_generic_plan", "enable_hashjoin": "off", "enable_mergejoin": "off"}
}

// Service is the gate.
type Service struct {
	pool *postgres.Pool
	// committers are the connections that decide.
	committers *postgres.Pool
	lookups    *postgres.Pool
	keys       *sign.KeySet
	policies   *policy.Store
	config     Config
	lanes      []*lane
	cache      *snapshots
	waiters    *waiters
	memory     memory
	past       *past
	// preparing are the tenants whose limits are being counted.
	preparing inProgress
}

// New makes a gate. Nothing is decided until Run.
func New(pool *postgres.Pool, keys *sign.KeySet, policies *policy.Store, c Config) *Service {
	c.Lanes, c.MaxBatch, c.MaxQueue = orElse(c.Lanes, 2), orElse(c.MaxBatch, 128), orElse(c.MaxQueue, 2048)
	c.Patience = orElse(c.Patience, 1400*time.Millisecond)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Committers == nil {
		c.Committers = pool
	}
	if c.Lookups == nil {
		c.Lookups = pool
	}
	s := &Service{pool: pool, committers: c.Committers, lookups: c.Lookups, keys: keys, policies: policies, config: c,
		cache: newSnapshots(policies), waiters: newWaiters(), memory: newMemory(), past: newPast()}
	for range c.Lanes {
		s.lanes = append(s.lanes, newLane(c.MaxQueue, c.Patience/3))
	}
	return s
}

func orElse[T int | time.Duration](v, fallback T) T {
	if v == 0 {
		return fallback
	}
	return v
}

// Call is who asks, in which tenant.
type Call struct {
	Tenant ident.Tenant
	Actor  audit.Actor
	// Key is the API key that is used, nil for a session. It is checked again
	// in the deciding transaction, so a revoked one moves no budget.
	Key uuid.UUID
	// OnlyAgent, unless nil, is the one agent whose authorizations exist for
	// this caller.
	OnlyAgent uuid.UUID
	// Settles is true for a caller that may confirm and void what a processor
	// has redeemed: scope settle or admin.
	Settles bool
	// Once, if set, makes a repeated call have one effect.
	Once *Once
}

// Once is an Idempotency-Key with how to write down the answer.
type Once struct {
	Key once.Key
	// Answer is called before the commit, with what the call will be answered
	// with. It leaves out the token, which Result.Token has also for a replay.
	Answer func(Result) (once.Answer, error)
}

// Result is what a call is answered with.
type Result struct {
	Authorization *Authorization
	// Approval is set when the authorization waits, or waited, for people.
	Approval *Approval
	// Superseded are the authorizations that CastGroup voided with its decision.
	Superseded []*Authorization
	// Token is the signed decision, empty where there is none.
	Token string
	// Replay is the stored answer of an earlier call with the same key. Its
	// token is in Token.
	Replay *once.Answer
	// Stored is the body that Once.Answer gave for this result, nil without an
	// Idempotency-Key: it need not be written a second time.
	Stored []byte

	company settings
}

// Run decides until ctx ends, then finishes what it has taken.
func (s *Service) Run(ctx context.Context) {
	done := make(chan struct{})
	for _, l := range s.lanes {
		go func() {
			s.drive(l)
			done <- struct{}{}
		}()
	}
	<-ctx.Done()
	for _, l := range s.lanes {
		l.close()
	}
	for range s.lanes {
		<-done
	}
}
