package spend

import (
	"bytes"
	"context"
	"slices"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
)

// superseded is the void_reason of what a decision on a later retry ended.
const superseded = "superseded"

// CastGroup is Cast on the newest request of a group. When the vote settles it,
// either way, the earlier ones that still wait are voided as superseded in the
// same transaction: their budgets are given back, and who waits for them is
// told. Until then they stay held. Result.Superseded are those that it voided.
//
// Errors: those of Cast, and group_changed (409) when a newer retry waits: what
// was shown is not the newest any more.
func (s *Service) CastGroup(ctx context.Context, call Call, v Ballot) (Result, error) {
	a, err := s.ballotOn(ctx, call, v)
	if err != nil {
		return Result{}, err
	}
	o := castOp(call, v, a)
	o.reads.alike = true
	o.apply = func(b *batch) (Result, error) { return b.castGroup(call, v) }
	return s.submit(ctx, o, nil)
}

// readAlike reads what waits for the same as an authorization. Its agent's row
// is locked, so that none comes or goes any more.
func (b *batch) readAlike(ctx context.Context, q *db.Queries, a *Authorization) error {
	rows, err := q.HeldAlike(ctx, db.HeldAlikeParams{CompanyID: a.Tenant.Company, Live: a.Tenant.Live, Agent: a.Agent,
		MerchantKey: a.MerchantKey, Requested: a.Requested, Currency: string(a.Currency), Purpose: a.Purpose})
	for _, r := range rows {
		if err := b.hold(r); err != nil {
			return err
		}
	}
	return err
}

// castGroup sees the group as the batch has it now: a retry that was asked for
// in the same batch is one, and what was decided in it is none.
func (b *batch) castGroup(call Call, v Ballot) (Result, error) {
	p := b.approvals[ref{call.Tenant, v.Approval}]
	a := b.authorizations[ref{call.Tenant, p.Authorization}]
	earlier, newer := b.alike(a)
	if newer && a.Status == Held {
		return Result{}, fault.New(fault.Conflict, "group_changed", "The agent has asked for the same again: look again.")
	}
	result, err := b.cast(call, v, earlier)
	if err != nil || result.Authorization.Status == Held {
		return result, err
	}
	for _, other := range earlier {
		b.supersede(call, other, a)
		result.Superseded = append(result.Superseded, other.copy())
	}
	return result, nil
}

// alike are the other held requests of an authorization's group that are older,
// newest first, and whether there is one that is newer.
func (b *batch) alike(a *Authorization) (earlier []*Authorization, newer bool) {
	for id, other := range b.authorizations {
		if id.tenant != a.Tenant || other == a || other.Status != Held || other.groupKey() != a.groupKey() {
			continue
		}
		if bytes.Compare(other.ApprovalID[:], a.ApprovalID[:]) > 0 {
			newer = true
		} else {
			earlier = append(earlier, other)
		}
	}
	slices.SortFunc(earlier, func(x, y *Authorization) int { return bytes.Compare(y.ApprovalID[:], x.ApprovalID[:]) })
	return earlier, newer
}

// supersede voids a held retry after a later one was decided.
func (b *batch) supersede(call Call, a, by *Authorization) {
	a.VoidReason = superseded
	b.close(a, Voided, "voided")
	b.tell(call.Actor, "authorization.voided", a, map[string]any{"reason": superseded, "superseded_by": by.PublicID()})
}

// withoutOthers takes what is reserved for others that go with a decision out of
// the meters, which must be copies, and them out of the twins. A velocity counts
// them: it counts what was voided.
func (b *batch) withoutOthers(others []*Authorization, f policy.Facts) policy.Facts {
	for _, a := range others {
		for _, m := range f.Meters {
			if loc, err := meter.LoadZone(m.Zone); err == nil {
				m.Apply(b.now, loc, a.CreatedAt, 0, -a.Reserved())
			}
		}
		if i := slices.IndexFunc(f.Twins, a.CreatedAt.Equal); i >= 0 {
			f.Twins = slices.Delete(f.Twins, i, i+1)
		}
	}
	return f
}
