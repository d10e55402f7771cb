package spend

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/policy"
)

// Backing is what a rail brings to a request: what it has to say itself, and
// the account that pays. All of it happens in the transaction that decides,
// with the agent locked. That transaction may be tried again, so the functions
// keep nothing outside it that a second call would not overwrite. An error of
// theirs means that they have changed nothing.
type Backing struct {
	// Admit speaks before the policies: a refusal denies whatever they say. It
	// locks what it reads. Nil admits everything.
	Admit func(context.Context, pgx.Tx, *Authorization) (*Refusal, error)
	// Pays is the account that an approved request is held on. Too little there
	// denies it with insufficient_funds.
	Pays ledger.Ref
	// Decided writes what the rail keeps of the decision, whatever it is.
	Decided func(context.Context, pgx.Tx, *Authorization) error
	// Refused writes that Present was refused.
	Refused func(context.Context, pgx.Tx, *Authorization, Refusal) error
}

// Refusal is why a rail says no: a reason code, and a sentence.
type Refusal struct{ Code, Reason string }

// backed decides about a drafted request with what its rail says and has.
func (b *batch) backed(call Call, a *Authorization, d policy.Decision, k *Backing, dryRun bool) (policy.Decision, error) {
	refusal, err := b.admitted(a, k)
	if err == nil && refusal == nil && d.Outcome == policy.Approved && !dryRun {
		refusal, err = b.place(call, a, k)
	}
	if refusal != nil {
		d.Outcome, d.ReasonCode, d.Reason = policy.Denied, refusal.Code, refusal.Reason
		d.Requirements, d.Remedies = nil, nil
	}
	return d, err
}

func (b *batch) admitted(a *Authorization, k *Backing) (*Refusal, error) {
	if k.Admit == nil {
		return nil, nil
	}
	refusal, err := k.Admit(b.ctx, b.tx, a)
	return refusal, b.inside(err)
}

// place holds the authorization's amount on the account that pays.
func (b *batch) place(call Call, a *Authorization, k *Backing) (*Refusal, error) {
	h, err := ledger.Place(b.ctx, b.tx, a.Tenant, call.Actor, ledger.NewHold{Key: a.PublicID() + ":hold", Reference: a.PublicID(), From: k.Pays, Amount: a.Amount})
	if f := fault.From(err); err != nil && f.Code == "insufficient_funds" {
		return &Refusal{f.Code, f.Text}, nil
	}
	a.Hold = h.ID
	return nil, b.inside(err)
}

// giveBack releases what is left of an authorization's hold.
func (b *batch) giveBack(a *Authorization) {
	if a.Hold == uuid.Nil {
		return
	}
	_, _, err := ledger.Release(b.ctx, b.tx, a.Tenant, audit.System(), ledger.Giving{Key: a.PublicID() + ":released", Reference: a.PublicID(), Hold: a.Hold})
	if err != nil {
		b.broken = err
	}
}

// finally gives the batch up for an error of what comes last, when everything
// else is changed.
func (b *batch) finally(err error) error {
	if err != nil {
		b.broken = err
	}
	return err
}

// inside passes an error on, and gives the batch up when PostgreSQL has given
// up its transaction.
func (b *batch) inside(err error) error {
	var refused *pgconn.PgError
	if kind := fault.From(err).Kind; err != nil && (kind == fault.Internal || kind == fault.Unavailable || errors.As(err, &refused)) {
		b.broken = err
	}
	return err
}

// Present asks for the money of an authorization that people have approved,
// when what was held comes again: from now on it has a hold. Amount, in minor
// units, is what is asked for now, at most what was approved. A refusal leaves
// it as it is.
//
// Errors: not_found, 409 with the state as its code, already_presented (409),
// amount_above_hold (422).
func (s *Service) Present(ctx context.Context, call Call, id uuid.UUID, amount int64, k Backing) (Result, *Refusal, error) {
	var refusal *Refusal
	result, err := s.move(ctx, call, id, func(b *batch, a *Authorization) (err error) {
		refusal, err = b.present(call, a, amount, &k)
		return err
	})
	return result, refusal, err
}

func (b *batch) present(call Call, a *Authorization, amount int64, k *Backing) (*Refusal, error) {
	switch {
	case a.Status != Pending:
		return nil, a.stands()
	case a.Hold != uuid.Nil:
		return nil, fault.New(fault.Conflict, "already_presented", "The money for this authorization is held already.")
	case amount > a.Amount:
		return nil, fault.BadField("body.amount", "amount_above_hold", "The approval is for %s: ask for that or less.", a.Money(a.Amount))
	}
	approved := a.Amount
	a.Amount = amount
	refusal, err := b.presented(call, a, k)
	if refusal != nil || err != nil {
		a.Amount = approved
		return refusal, err
	}
	a.ExpiresAt = b.now.Add(a.ExpiresIn)
	b.charge(a, 0, amount-approved)
	b.update(a)
	b.tell(call.Actor, "authorization.presented", a, map[string]any{"released": a.Money(approved - amount).Decimal()})
	return nil, nil
}

func (b *batch) presented(call Call, a *Authorization, k *Backing) (*Refusal, error) {
	var refusal *Refusal
	var err error
	agent := b.agents[ref{a.Tenant, a.Agent}]
	if code := b.frozen(a.Tenant, agent); code != "" {
		refusal = &Refusal{code, policy.FrozenReason(code, agent.handle)}
	} else if refusal, err = b.admitted(a, k); refusal == nil && err == nil {
		refusal, err = b.place(call, a, k)
	}
	switch {
	case err != nil:
		return nil, err
	case refusal != nil && k.Refused != nil:
		return refusal, b.finally(k.Refused(b.ctx, b.tx, a, *refusal))
	case refusal == nil && k.Decided != nil:
		return nil, b.finally(k.Decided(b.ctx, b.tx, a))
	}
	return refusal, nil
}
