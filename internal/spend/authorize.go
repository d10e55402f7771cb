package spend

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// Request is a request to spend, checked by the door.
type Request struct {
	Agent uuid.UUID
	// Handle, if set, is what the agent was found by: ErrRenamed says that it is
	// not the agent's any more.
	Handle   string
	Amount   money.Amount
	Merchant policy.Merchant
	Purpose  string
	Rail     string
	Capture  Capture
	// ExpiresIn is how long an approval waits for its confirm.
	ExpiresIn time.Duration
	Metadata  map[string]string
	// DryRun decides and does nothing else: nothing is reserved or stored.
	DryRun bool
	// Backing, if set, pays for the request: its capture is then explicit.
	Backing *Backing
}

// ErrRenamed says that the handle of a request is not, or no longer, that of its
// agent. Nothing was decided.
var ErrRenamed = errors.New("spend: the handle is not the agent's")

// Authorize decides a request. A denial is an answer, not an error.
//
// Errors: not_found (404) for an agent that is unknown or deleted,
// idempotency_conflict and redemption_required (422), overloaded and outcome_unknown (503).
func (s *Service) Authorize(ctx context.Context, call Call, r Request) (Result, error) {
	merchant := r.Merchant.Key()
	o := &op{tenant: call.Tenant, agent: r.Agent, call: call,
		reads: reads{facts: &factsNeeded{merchant, r.Amount.Currency, r.Amount.Minor}, token: true},
		apply: func(b *batch) (Result, error) { return b.authorize(call, r, merchant) }}
	if r.DryRun {
		o.call.Once = nil // nothing happens, so nothing can happen twice
	}
	var early signature
	result, err := s.submit(ctx, o, func(r Result) { early = s.sign(r.Authorization, r.company) })
	if err != nil {
		return result, err
	}
	return s.signed(result, early)
}

func (b *batch) authorize(call Call, r Request, merchant string) (Result, error) {
	agent, known := b.agents[ref{call.Tenant, r.Agent}]
	switch gone := !known || agent.status == "deleted"; {
	case r.Handle != "" && (gone || agent.handle != r.Handle):
		return Result{}, ErrRenamed
	case gone:
		return Result{}, fault.Missing("agent")
	}
	m := b.modes[call.Tenant]
	if err := m.metered(); err != nil {
		return Result{}, err
	}
	if m.settings.RequireRedemption && r.Capture == Auto {
		return Result{}, fault.BadField("body.capture", "redemption_required",
			"This company's tokens must be redeemed by a processor before they are confirmed: ask with capture explicit.")
	}
	a := b.draft(call, r, merchant)
	f := b.facts(a)
	d := m.set.Evaluate(b.question(a, agent), f)
	if r.Backing != nil {
		var err error
		if d, err = b.backed(call, a, d, r.Backing, r.DryRun); err != nil {
			return Result{}, err
		}
	}
	a.decide(d)
	result := Result{Authorization: a, company: m.settings}
	b.settleDecision(a, m.settings.ApprovalTimeout)
	if d.Outcome == policy.RequiresApproval {
		approval, err := newApproval(a, d.Requirements)
		if err != nil {
			return Result{}, err
		}
		result.Approval = approval
	}
	if r.DryRun {
		a.ID, a.ApprovalID = uuid.Nil, uuid.Nil
		result.Approval = nil
		return result, nil
	}
	b.take(call, a, result.Approval)
	if r.Backing != nil && r.Backing.Decided != nil {
		return result, b.finally(r.Backing.Decided(b.ctx, b.tx, a))
	}
	return result, nil
}

// metered refuses to decide while a limit's history is not counted, or holds that
// have run out still count.
func (m *mode) metered() error {
	if m.late {
		return fault.New(fault.Unavailable, "holds_ending", "Many holds have run out and are being given back: try again.").After(retryAfter)
	}
	if len(m.unmetered) > 0 {
		return fault.New(fault.Unavailable, "meters_not_ready", "A limit is being prepared: try again.").After(retryAfter)
	}
	return nil
}

// draft is the authorization before it is decided.
func (b *batch) draft(call Call, r Request, merchant string) *Authorization {
	return &Authorization{Tenant: call.Tenant, ID: ident.At(b.now), Agent: r.Agent,
		Requested: r.Amount.Minor, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
		Merchant: r.Merchant, MerchantKey: merchant, Rail: r.Rail, Capture: r.Capture,
		Purpose: r.Purpose, Metadata: r.Metadata, ExpiresIn: r.ExpiresIn,
		CreatedAt: b.now, RequestedBy: call.Actor.String()}
}

// question is what the policies are asked about an authorization now.
func (b *batch) question(a *Authorization, agent agentRow) policy.Request {
	return policy.Request{Agent: a.Agent, Handle: agent.handle, Amount: a.Money(a.Amount), Merchant: a.Merchant,
		Purpose: a.Purpose, Rail: a.Rail, Metadata: a.Metadata, At: b.now, Frozen: b.frozen(a.Tenant, agent)}
}

// frozen is the reason code of a freeze, or "".
func (b *batch) frozen(t ident.Tenant, agent agentRow) string {
	switch {
	case b.modes[t].frozen:
		return "company_frozen"
	case agent.status != "active":
		return "agent_frozen"
	}
	return ""
}

// decide writes the policies' decision into the authorization.
func (a *Authorization) decide(d policy.Decision) {
	a.Decision, a.ReasonCode, a.Reason = d.Outcome, d.ReasonCode, d.Reason
	a.Explanation = explain(d)
}

// settleDecision sets the status that a decision leads to, and until when.
func (b *batch) settleDecision(a *Authorization, approvalTimeout time.Duration) {
	switch {
	case a.Decision == policy.Denied:
		a.Status, a.ClosedAt = Denied, b.now
	case a.Decision == policy.RequiresApproval:
		a.Status, a.ExpiresAt = Held, b.now.Add(approvalTimeout)
		a.ApprovalID = ident.At(b.now)
	default:
		b.open(a)
	}
}

// open starts the life of an approved authorization.
func (b *batch) open(a *Authorization) {
	a.Status, a.ExpiresAt = Pending, b.now.Add(a.ExpiresIn)
	if a.Capture == Auto {
		a.Status, a.ClosedAt = Confirmed, b.now
	}
}

// take reserves the budget and writes everything that the decision brings.
func (b *batch) take(call Call, a *Authorization, p *Approval) {
	b.changed.inserted = append(b.changed.inserted, a)
	b.authorizations[ref{a.Tenant, a.ID}] = a
	b.tell(call.Actor, decisionEvent[a.Decision], a, map[string]any{"reason_code": a.ReasonCode})
	if a.Status == Denied {
		return
	}
	b.charge(a, a.Settled(), a.Reserved())
	b.remember(a)
	if a.Status == Confirmed {
		b.know(a)
		b.tell(call.Actor, "authorization.confirmed", a, nil)
	}
	if p != nil {
		b.changed.held = append(b.changed.held, p)
		b.approvals[ref{p.Tenant, p.ID}] = p
	}
}

var decisionEvent = map[policy.Outcome]string{
	policy.Approved:         "authorization.approved",
	policy.Denied:           "authorization.denied",
	policy.RequiresApproval: "authorization.held",
}
