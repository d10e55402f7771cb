package spend

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
)

// Confirm marks a pending authorization as spent. An amount below the hold
// releases the rest; nil confirms it all. Confirming twice the same way answers
// the first result again.
//
// Errors: not_found, 409 with the state as its code (authorization_voided…),
// amount_above_hold (422), redemption_required and redeemed (409).
func (s *Service) Confirm(ctx context.Context, call Call, id uuid.UUID, amount *money.Number, reference string) (Result, error) {
	return s.move(ctx, call, id, func(b *batch, a *Authorization) error { return b.confirm(call, a, amount, reference) })
}

func (b *batch) confirm(call Call, a *Authorization, amount *money.Number, reference string) error {
	minor, err := confirmed(a, amount)
	if err != nil {
		return err
	}
	if a.Status == Confirmed && a.Amount == minor && (reference == "" || a.Reference == reference) {
		return nil
	}
	if err := a.mayMove(call, Pending); err != nil {
		return err
	}
	if err := a.ownMove(); err != nil {
		return err
	}
	if a.Rail == cardRail { // people approved it, and the card was not swiped again
		return notPresented()
	}
	if b.modes[a.Tenant].settings.RequireRedemption && a.RedeemedAt.IsZero() {
		return fault.New(fault.Conflict, "redemption_required", "This company's tokens must be redeemed by a processor before they are confirmed.")
	}
	if minor > a.Amount {
		return fault.BadField("body.amount", "amount_above_hold", "The hold is %s: a confirm may take that or less.", a.Money(a.Amount))
	}
	held := a.Amount
	a.Status, a.Amount, a.Reference, a.ClosedAt = Confirmed, minor, reference, b.now
	b.charge(a, minor, -held)
	b.know(a)
	b.update(a)
	b.tell(call.Actor, "authorization.confirmed", a, map[string]any{"released": a.Money(held - minor).Decimal()})
	return nil
}

// confirmed is the amount to confirm, in minor units.
func confirmed(a *Authorization, amount *money.Number) (int64, error) {
	if amount == nil {
		return a.Amount, nil
	}
	return parseAmount(*amount, a.Currency)
}

// parseAmount reads an amount of a request's body.
func parseAmount(n money.Number, c money.Currency) (int64, error) {
	m, err := money.Parse(string(n), c)
	if err != nil {
		f := *fault.From(err)
		f.Fields = []fault.Field{{Location: "body.amount", Code: f.Code, Message: f.Text}}
		return 0, &f
	}
	return m.Minor, nil
}

// Void gives back what an open authorization reserved. Voiding twice answers
// the first result again.
//
// Errors: not_found, 409 with the state as its code, redeemed (409).
func (s *Service) Void(ctx context.Context, call Call, id uuid.UUID, reason string) (Result, error) {
	return s.move(ctx, call, id, func(b *batch, a *Authorization) error { return b.void(call, a, reason) })
}

func (b *batch) void(call Call, a *Authorization, reason string) error {
	if a.Status == Voided {
		return nil
	}
	if err := a.mayMove(call, Pending, Held); err != nil {
		return err
	}
	if err := a.ownMove(); err != nil {
		return err
	}
	a.VoidReason = reason
	b.close(a, Voided, "voided")
	b.tell(call.Actor, "authorization.voided", a, map[string]any{"reason": reason})
	return nil
}

// move submits a change of one authorization.
func (s *Service) move(ctx context.Context, call Call, id uuid.UUID, change func(*batch, *Authorization) error) (Result, error) {
	o := &op{tenant: call.Tenant, call: call, reads: reads{authorization: id},
		apply: func(b *batch) (Result, error) {
			a := b.authorizations[ref{call.Tenant, id}]
			if a == nil {
				return Result{}, fault.Missing("authorization")
			}
			if err := change(b, a); err != nil {
				return Result{}, err
			}
			return Result{Authorization: a.copy()}, nil
		}}
	if agent, known := s.memory.agents.GetIfPresent(ref{call.Tenant, id}); known {
		if err := o.belongsTo(agent); err != nil {
			return Result{}, err
		}
	}
	return s.submit(ctx, o, nil)
}

// copy is the authorization as it is now, whatever the rest of the batch does.
func (a *Authorization) copy() *Authorization {
	c := *a
	return &c
}

// mayMove refuses a move from a state that does not permit it, and one of a
// redeemed authorization by anybody but a processor.
func (a *Authorization) mayMove(call Call, from ...Status) error {
	for _, s := range from {
		if a.Status != s {
			continue
		}
		if !a.RedeemedAt.IsZero() && !call.Settles {
			return fault.New(fault.Conflict, "authorization_redeemed", "A processor has redeemed this authorization: only a settle or admin key may confirm or void it.")
		}
		return nil
	}
	return a.stands()
}

// cardRail is the rail whose money a network takes: nobody else can say that it
// was spent.
const cardRail = "card"

// ownMove refuses to end what a network holds money for: it alone says what
// becomes of that.
func (a *Authorization) ownMove() error {
	if a.Hold != uuid.Nil {
		return fault.New(fault.Conflict, "network_settles", "The network holds money for this authorization, and captures or reverses it.")
	}
	return nil
}

// stands is the conflict of a state that does not permit the move.
func (a *Authorization) stands() error {
	return fault.New(fault.Conflict, "authorization_"+string(a.Status), "This authorization is %s.", a.Status)
}

// close ends an open authorization without spending and gives its budget back
// to the windows that it was taken from.
func (b *batch) close(a *Authorization, to Status, approval string) {
	reserved := a.Reserved()
	if a.Status == Held {
		b.changed.decidedIDs = append(b.changed.decidedIDs, a.ID)
		b.changed.closed = append(b.changed.closed, closedApproval{ref{a.Tenant, a.ApprovalID}, approval})
		if p := b.approvals[ref{a.Tenant, a.ApprovalID}]; p != nil {
			p.Status = approval
		}
	}
	a.Status, a.ClosedAt = to, b.now
	b.giveBack(a)
	b.charge(a, 0, -reserved)
	b.forget(a)
	b.update(a)
}

// releaseExpired ends every open authorization of the batch's agents whose time
// has run out by the database's clock: a budget is free for the very next
// decision, whether or not a sweeper ran.
func (b *batch) releaseExpired() {
	for _, a := range b.authorizations {
		if a.Status.Open() && !a.ExpiresAt.After(b.now) {
			b.expire(a)
		}
	}
}

// expire ends an authorization that nobody confirmed. What was captured of it
// stays spent.
func (b *batch) expire(a *Authorization) {
	if a.Captured > 0 {
		b.finish(audit.System(), a, true)
		return
	}
	b.close(a, Expired, "expired")
	b.tell(audit.System(), "authorization.expired", a, nil)
}
