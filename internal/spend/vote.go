package spend

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Ballot is what a person says about an approval.
type Ballot struct {
	Approval uuid.UUID
	Voter    Voter
	Verdict  Verdict
	// Amount approves less than was asked; nil approves it all.
	Amount *money.Number
	// Comment is the comment of an approval or the reason of a denial.
	Comment string
	// Shown is the digest of what the person saw; empty: not checked.
	Shown string
}

// Cast counts a person's vote and, when it settles the matter, decides.
//
// Errors: not_found; not_an_approver, own_request (403); already_voted,
// approval_changed, authorization_… with the state (who decided is in the
// text), and the reason code of a rule or freeze that denies now (409);
// amount_above_request (422).
func (s *Service) Cast(ctx context.Context, call Call, v Ballot) (Result, error) {
	a, err := s.ballotOn(ctx, call, v)
	if err != nil {
		return Result{}, err
	}
	return s.submit(ctx, castOp(call, v, a), nil)
}

// ballotOn is the authorization that a ballot is about.
func (s *Service) ballotOn(ctx context.Context, call Call, v Ballot) (*Authorization, error) {
	row, err := db.New(s.pool).ApprovalByID(ctx, call.Tenant.Company, call.Tenant.Live, v.Approval)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.Missing("approval")
	}
	if err != nil {
		return nil, err
	}
	return s.authorization(ctx, call, row.AuthorizationID)
}

func castOp(call Call, v Ballot, a *Authorization) *op {
	return &op{tenant: call.Tenant, agent: a.Agent, call: call,
		reads: reads{authorization: a.ID, approval: v.Approval, voter: &v.Voter,
			facts: &factsNeeded{a.MerchantKey, a.Currency, a.Requested}}, // these never change
		apply: func(b *batch) (Result, error) { return b.cast(call, v, nil) }}
}

// readRole is the member's role now; empty when the person is no member any
// more.
func readRole(ctx context.Context, q *db.Queries, t ident.Tenant, v Voter) (string, error) {
	role, err := q.VoterRole(ctx, t.Company, v.Member, &v.Person)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return role, err
}

// cast counts a vote. Others are what a decision supersedes.
func (b *batch) cast(call Call, v Ballot, others []*Authorization) (Result, error) {
	p := b.approvals[ref{call.Tenant, v.Approval}]
	a := b.authorizations[ref{call.Tenant, p.Authorization}]
	role := b.roles[ref{call.Tenant, v.Voter.Member}]
	if err := p.admits(a, v, role); err != nil {
		return Result{}, err
	}
	vote := Vote{Approval: ref{call.Tenant, p.ID}, Voter: v.Voter, Role: role, Verdict: v.Verdict,
		Comment: v.Comment, By: call.Actor.String(), At: b.now}
	var err error
	if v.Verdict == ForApproval {
		err = b.approve(call, a, p, vote, v.Amount, others)
	} else {
		b.refuse(call, a, p, vote)
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Authorization: a.copy(), Approval: p.copy()}, nil
}

func (p *Approval) copy() *Approval {
	c := *p
	return &c
}

// admits checks everything about the person and the state, before anything
// changes.
func (p *Approval) admits(a *Authorization, v Ballot, role string) error {
	switch {
	case !p.mayVote(v.Voter.Member, role):
		return fault.New(fault.Forbidden, "not_an_approver", "The rule that holds this request names other approvers.")
	case a.RequestedBy == ident.Format(ident.Member, v.Voter.Member):
		return fault.New(fault.Forbidden, "own_request", "Nobody decides what they asked for themselves.")
	case a.Status != Held:
		return p.settled(a)
	case v.Shown != "" && v.Shown != p.Digest:
		return fault.New(fault.Conflict, "approval_changed", "The request is not the one that was shown: look again.")
	}
	for _, earlier := range p.Votes {
		if earlier.Person == v.Voter.Person {
			return fault.New(fault.Conflict, "already_voted", "This person has already said %s.", earlier.Verdict)
		}
	}
	return nil
}

// settled is the conflict of a decision that has been made, and says by whom.
func (p *Approval) settled(a *Authorization) error {
	f := *fault.From(a.stands())
	if p.Status == "approved" || p.Status == "denied" {
		for _, v := range p.Votes {
			f.Text = "This request was already " + p.Status + " by " + ident.Format(ident.Member, v.Member) + "."
		}
	}
	return &f
}

// approve counts a vote for, and opens the authorization when it was the last
// one needed. The deny rules and freezes of this moment apply.
func (b *batch) approve(call Call, a *Authorization, p *Approval, vote Vote, amount *money.Number, others []*Authorization) error {
	if amount != nil {
		minor, err := parseAmount(*amount, a.Currency)
		if err != nil {
			return err
		}
		if minor > a.Amount {
			return fault.BadField("body.amount", "amount_above_request", "The request is for %s: approve that or less.", a.Money(a.Amount))
		}
		vote.Amount = minor
	}
	voted := p.copy()
	voted.Votes = append(append([]Vote(nil), p.Votes...), vote)
	less := voted.approvedAmount(a.Amount)
	if err := b.stillAllowed(a, less, others); err != nil {
		return err
	}
	p.Votes = voted.Votes
	b.changed.votes = append(b.changed.votes, vote)
	if !p.met() {
		b.tell(call.Actor, "approval.voted", a, map[string]any{"verdict": string(vote.Verdict), "approval": p.PublicID()})
		return nil
	}
	b.grant(call.Actor, a, p, less)
	return nil
}

// stillAllowed asks the policies again, without the request's own reservation
// and without those of others that go with it. That it needs approval is known;
// that it is denied now is a conflict.
func (b *batch) stillAllowed(a *Authorization, amount int64, others []*Authorization) error {
	m := b.modes[a.Tenant]
	if err := m.metered(); err != nil {
		return err
	}
	agent := b.agents[ref{a.Tenant, a.Agent}]
	if agent.status == "deleted" {
		return fault.New(fault.Conflict, "agent_deleted", "This cannot be approved: the agent is deleted.")
	}
	r := b.question(a, agent)
	r.Amount = a.Money(amount)
	d := m.set.Evaluate(r, b.withoutOthers(others, b.withoutOwn(a, b.facts(a))))
	if d.Outcome == policy.Denied {
		return fault.New(fault.Conflict, d.ReasonCode, "This cannot be approved now. %s", d.Reason)
	}
	return nil
}

// grant makes a held authorization pending, for the amount that was approved.
func (b *batch) grant(by audit.Actor, a *Authorization, p *Approval, amount int64) {
	held := a.Amount
	a.Amount, a.Decision, a.ReasonCode, a.DecidedAt = amount, policy.Approved, policy.CodeOK, b.now
	a.Reason = "Approved by " + by.String()
	b.open(a)
	b.charge(a, a.Settled(), a.Reserved()-held)
	b.conclude(a, p, "approved")
	b.tell(by, "authorization.approved", a, map[string]any{"approval": p.PublicID(), "requested": a.Money(a.Requested).Decimal()})
	if a.Status == Confirmed {
		b.know(a)
		b.tell(by, "authorization.confirmed", a, nil)
	}
}

// refuse denies a held authorization: one person against it is enough.
func (b *batch) refuse(call Call, a *Authorization, p *Approval, vote Vote) {
	p.Votes = append(append([]Vote(nil), p.Votes...), vote)
	b.changed.votes = append(b.changed.votes, vote)
	held := a.Amount
	a.Status, a.Decision, a.ReasonCode = Denied, policy.Denied, "denied_by_approver"
	a.Reason = "Denied by " + call.Actor.String()
	if vote.Comment != "" {
		a.Reason += ": " + vote.Comment
	}
	a.DecidedAt, a.ClosedAt = b.now, b.now
	b.charge(a, 0, -held)
	b.forget(a)
	b.conclude(a, p, "denied")
	b.tell(call.Actor, "authorization.denied", a, map[string]any{"reason_code": a.ReasonCode, "approval": p.PublicID()})
}

// conclude writes that people have decided, and wakes who waits for it.
func (b *batch) conclude(a *Authorization, p *Approval, status string) {
	p.Status, p.DecidedAt = status, b.now
	b.changed.closed = append(b.changed.closed, closedApproval{ref{p.Tenant, p.ID}, status})
	b.changed.decidedIDs = append(b.changed.decidedIDs, a.ID)
	b.update(a)
}
