package cards

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// Issuer is a provider of cards: the network's edge. It is called inside the
// transaction, before any row is locked, and has 10 s at most. Errors that are
// no faults are the provider's, and become provider_unavailable.
type Issuer interface {
	// Name is kept with each card, such as sandbox.
	Name() string
	// Issue makes a card, once for each NewCard.ID.
	Issue(ctx context.Context, c NewCard) (Issued, error)
	SetStatus(ctx context.Context, ref string, s Status) error
	SetControls(ctx context.Context, ref string, c Controls) error
	Reveal(ctx context.Context, ref string) (Secret, error)
	// Statement is the provider's own list of what was moved, oldest first.
	Statement(ctx context.Context, from, to time.Time) ([]Line, error)
}

// NewCard is what an issuer makes a card of.
type NewCard struct {
	Tenant    ident.Tenant
	ID, Agent uuid.UUID
	Currency  money.Currency
	Name      string
	SingleUse bool
	Controls  Controls
	Metadata  map[string]string
	// At is the database's clock.
	At time.Time
}

// Issued is a card as its issuer knows it.
type Issued struct {
	Ref, Last4        string
	ExpMonth, ExpYear int
	// Secret is nil where the issuer does not hand it out with the card.
	Secret *Secret
}

// Line is one movement of a provider's statement.
type Line struct {
	Ref       string // the provider's id of the card
	NetworkID string
	Type      Type
	Amount    money.Amount
	At        time.Time
}

// Issuers gives the issuer that a company has connected: the one of that name,
// or for an empty name the one that new cards come from. Nil without an error:
// the company has connected none.
type Issuers func(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (Issuer, error)

const (
	// issuerPatience bounds a call of an issuer.
	issuerPatience = 10 * time.Second
	// freezePatience bounds the call that tells of a freeze, which holds here
	// whether it is heard or not.
	freezePatience = time.Second
	// issuerCalls is how many calls are made at once, and callPatience how long
	// one waits to be. Each holds a connection of the pool meanwhile, and a provider
	// that does not answer must leave some for everybody else.
	issuerCalls  = 6
	callPatience = 50 * time.Millisecond
)

// issuer is the one of that name, or that new cards come from. Test mode has the
// sandbox unless the company connected another.
func (s *Service) issuer(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (Issuer, error) {
	if name != SandboxName && s.config.Issuers != nil {
		if found, err := s.config.Issuers(ctx, tx, t, name); found != nil || err != nil {
			return found, err
		}
	}
	if !t.Live && (name == "" || name == SandboxName) {
		return sandbox{s.config.Vault, tx, t}, nil
	}
	return nil, fault.New(fault.Conflict, "provider_not_connected", "No provider of cards is connected. Test mode has a sandbox that needs none.")
}

// at calls the issuer within a time, and says what its failure is. The sandbox is
// in the database, and waits for nobody.
func (s *Service) at(ctx context.Context, i Issuer, patience time.Duration, call func(context.Context) error) error {
	if i.Name() == SandboxName {
		return within(ctx, i, patience, call)
	}
	return within(ctx, i, patience, func(ctx context.Context) error {
		select {
		case s.calls <- struct{}{}:
			defer func() { <-s.calls }()
			return call(ctx)
		case <-time.After(callPatience):
			return errors.New("cards: too many calls of providers are waiting")
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func within(ctx context.Context, i Issuer, patience time.Duration, call func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := call(limited)
	if err == nil || fault.From(err).Kind != fault.Internal {
		return err
	}
	return fault.New(fault.Unavailable, "provider_unavailable", "%s did not do what was asked: try again.", i.Name()).After(issuerPatience).Because(err)
}
