package spend

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/policy"
)

// Posting is something that a payment network says has happened. It is booked
// in the gate's transaction, whatever the policies say by now. The functions
// follow the rule of Backing's.
type Posting struct {
	// Key is unique among the tenant's postings in the ledger.
	Key string
	// Amount is in minor units; where it says so, zero is everything.
	Amount int64
	// Keep, for a reversal, is what stays held and captured together, instead of
	// an amount that goes; zero: the amount says it.
	Keep int64
	// Final says that no other capture will come.
	Final bool
	// Pays is the account that the hold was placed on, Takes where captured
	// money goes, and comes back from.
	Pays, Takes ledger.Ref
	// Known says that this was booked before: then nothing happens. The
	// authorization is nil for Force.
	Known func(context.Context, pgx.Tx, *Authorization) (bool, error)
	// Booked writes what the rail keeps of it. The ledger's transaction is zero
	// when no money moved.
	Booked func(context.Context, pgx.Tx, *Authorization, ledger.Transaction) error
}

// NetworkPosted is the reason code of what a network booked without asking.
const NetworkPosted = "network_posted"

// CaptureHold books money that was taken. It may come in parts, and be more
// than is held: what is above comes from the account itself, below its floor if
// need be, and counts against the budgets all the same. An amount of zero is
// all that is held. The authorization is confirmed once nothing is any more.
//
// Errors: not_found, 409 with the state as its code, not_presented (409).
func (s *Service) CaptureHold(ctx context.Context, call Call, id uuid.UUID, p Posting) (Result, error) {
	return s.posted(ctx, call, id, p, func(b *batch, a *Authorization) (ledger.Transaction, error) {
		switch {
		case a.Status != Pending && a.Status != Confirmed:
			return ledger.Transaction{}, a.stands()
		case a.Hold == uuid.Nil:
			return ledger.Transaction{}, notPresented()
		}
		return b.capture(call.Actor, a, p)
	})
}

func notPresented() error {
	return fault.New(fault.Conflict, "not_presented", "No money is held for this authorization.")
}

func (b *batch) capture(by audit.Actor, a *Authorization, p Posting) (x ledger.Transaction, err error) {
	spent, reserved := a.Settled(), a.Reserved()
	if p.Amount == 0 {
		p.Amount = reserved
	}
	last := p.Final || p.Amount >= reserved
	if a.Status == Pending {
		_, x, err = ledger.Capture(b.ctx, b.tx, a.Tenant, by, ledger.Taking{Key: p.Key, Reference: a.PublicID(), Hold: a.Hold,
			Amount: p.Amount, To: p.Takes, Final: last, Forced: true})
		a.Captured += p.Amount
	} else {
		x, err = ledger.Force(b.ctx, b.tx, a.Tenant, by, ledger.Posting{Key: p.Key, Kind: "captured", Reference: a.PublicID(),
			Entries: ledger.Move(p.Pays, p.Takes, p.Amount)})
		a.Amount += p.Amount
	}
	if err != nil {
		return x, b.finally(err)
	}
	b.charge(a, a.Settled()-spent, a.Reserved()-reserved)
	b.tell(by, "authorization.captured", a, map[string]any{"captured": a.Money(p.Amount).Decimal(), "final": last})
	if a.Status == Pending && last {
		b.finish(by, a, false)
	}
	b.update(a)
	return x, nil
}

// finish confirms what was captured in parts. Unless it is released already,
// what is left of the hold goes back.
func (b *batch) finish(by audit.Actor, a *Authorization, release bool) {
	if release {
		b.giveBack(a)
	}
	reserved, left := a.Reserved(), max(a.Amount-a.Captured, 0)
	a.Status, a.Amount, a.Captured, a.ClosedAt = Confirmed, a.Captured, 0, b.now
	b.charge(a, 0, -reserved)
	b.know(a)
	b.update(a)
	b.tell(by, "authorization.confirmed", a, map[string]any{"released": a.Money(left).Decimal()})
}

// ReverseHold gives back a part of what is held, or all of it with an amount of
// zero. What was captured stays.
//
// Errors: not_found, 409 with the state as its code, not_presented and
// reversal_above_hold (409), also where no more than what is to stay is left.
func (s *Service) ReverseHold(ctx context.Context, call Call, id uuid.UUID, p Posting) (Result, error) {
	return s.posted(ctx, call, id, p, func(b *batch, a *Authorization) (ledger.Transaction, error) {
		amount := p.Amount
		if amount == 0 {
			amount = a.Reserved()
		}
		if p.Keep != 0 {
			amount = a.Amount - p.Keep
		}
		switch {
		case a.Status != Pending:
			return ledger.Transaction{}, a.stands()
		case a.Hold == uuid.Nil:
			return ledger.Transaction{}, notPresented()
		case amount <= 0:
			return ledger.Transaction{}, fault.New(fault.Conflict, "reversal_above_hold", "No more than %s is authorized.", a.Money(a.Amount))
		case amount > a.Reserved():
			return ledger.Transaction{}, fault.New(fault.Conflict, "reversal_above_hold", "Only %s are held.", a.Money(a.Reserved()))
		}
		return b.reverse(call.Actor, a, amount, p.Key)
	})
}

func (b *batch) reverse(by audit.Actor, a *Authorization, amount int64, key string) (ledger.Transaction, error) {
	_, x, err := ledger.Release(b.ctx, b.tx, a.Tenant, by, ledger.Giving{Key: key, Reference: a.PublicID(), Hold: a.Hold, Amount: amount})
	if err != nil {
		return x, b.finally(err)
	}
	all := amount == a.Reserved()
	b.charge(a, 0, -amount)
	b.update(a)
	switch {
	case !all:
		a.Amount -= amount
		b.tell(by, "authorization.reduced", a, map[string]any{"released": a.Money(amount).Decimal()})
	case a.Captured > 0:
		a.Amount = a.Captured
		b.finish(by, a, false)
	default:
		a.Status, a.ClosedAt, a.VoidReason = Voided, b.now, "reversed by the network"
		b.forget(a)
		b.tell(by, "authorization.voided", a, map[string]any{"reason": a.VoidReason})
	}
	return x, nil
}

// ExpireHold ends an authorization as if its time were over.
//
// Errors: not_found, 409 with the state as its code.
func (s *Service) ExpireHold(ctx context.Context, call Call, id uuid.UUID, p Posting) (Result, error) {
	return s.posted(ctx, call, id, p, func(b *batch, a *Authorization) (ledger.Transaction, error) {
		if a.Status != Pending {
			return ledger.Transaction{}, a.stands()
		}
		b.expire(a)
		return ledger.Transaction{}, b.broken
	})
}

// Refund books money that came back: the budget goes back to the window that it
// was taken from. An amount of zero is all that was captured.
//
// Errors: not_found, 409 with the state as its code, refund_above_capture (409).
func (s *Service) Refund(ctx context.Context, call Call, id uuid.UUID, p Posting) (Result, error) {
	return s.posted(ctx, call, id, p, func(b *batch, a *Authorization) (ledger.Transaction, error) {
		if a.Taken() == 0 {
			return ledger.Transaction{}, a.stands()
		}
		if p.Amount == 0 {
			p.Amount = a.Settled()
		}
		if p.Amount > a.Settled() || p.Amount == 0 {
			return ledger.Transaction{}, fault.New(fault.Conflict, "refund_above_capture", "At most %s can be refunded.", a.Money(a.Settled()))
		}
		return b.refund(call.Actor, a, p)
	})
}

func (b *batch) refund(by audit.Actor, a *Authorization, p Posting) (ledger.Transaction, error) {
	x, err := ledger.Post(b.ctx, b.tx, a.Tenant, by, ledger.Posting{Key: p.Key, Kind: "refunded", Reference: a.PublicID(),
		Entries: ledger.Move(p.Takes, p.Pays, p.Amount)})
	if err != nil {
		return x, b.finally(err)
	}
	a.Refunded += p.Amount
	b.charge(a, -p.Amount, 0)
	b.update(a)
	b.tell(by, "authorization.refunded", a, map[string]any{"refunded": a.Money(p.Amount).Decimal()})
	return x, nil
}

// Force books what no authorization allowed: confirmed at once, past every
// limit. The result has no authorization when it was known.
//
// Errors: not_found (404) for an agent that is unknown.
func (s *Service) Force(ctx context.Context, call Call, r Request, p Posting) (Result, error) {
	r.Capture = Auto
	return s.submit(ctx, &op{tenant: call.Tenant, agent: r.Agent, call: call, apply: func(b *batch) (Result, error) {
		if _, known := b.agents[ref{call.Tenant, r.Agent}]; !known {
			return Result{}, fault.Missing("agent")
		}
		if again, err := p.known(b, nil); again || err != nil {
			return Result{}, err
		}
		return b.force(call, r, p)
	}}, nil)
}

func (b *batch) force(call Call, r Request, p Posting) (Result, error) {
	a := b.draft(call, r, r.Merchant.Key())
	a.decide(policy.Decision{Outcome: policy.Approved, ReasonCode: NetworkPosted, Reason: "The network has settled this without asking"})
	b.open(a)
	x, err := ledger.Force(b.ctx, b.tx, a.Tenant, call.Actor, ledger.Posting{Key: p.Key, Kind: "captured", Reference: a.PublicID(),
		Entries: ledger.Move(p.Pays, p.Takes, a.Amount)})
	if err != nil {
		return Result{}, b.finally(err)
	}
	b.take(call, a, nil)
	return Result{Authorization: a.copy()}, p.booked(b, a, x)
}

// posted books something that happened to one authorization.
func (s *Service) posted(ctx context.Context, call Call, id uuid.UUID, p Posting, do func(*batch, *Authorization) (ledger.Transaction, error)) (Result, error) {
	return s.move(ctx, call, id, func(b *batch, a *Authorization) error {
		if again, err := p.known(b, a); again || err != nil {
			return err
		}
		x, err := do(b, a)
		if err != nil {
			return err
		}
		return p.booked(b, a, x)
	})
}

func (p *Posting) known(b *batch, a *Authorization) (bool, error) {
	if p.Known == nil {
		return false, nil
	}
	again, err := p.Known(b.ctx, b.tx, a)
	return again, b.inside(err)
}

func (p *Posting) booked(b *batch, a *Authorization, x ledger.Transaction) error {
	if p.Booked == nil {
		return nil
	}
	return b.finally(p.Booked(b.ctx, b.tx, a, x))
}
