package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/spend"
)

// ApprovalSummary is an approval within its authorization.
type ApprovalSummary struct {
	ID           string        `json:"id" example:"appr_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Status       string        `json:"status" enum:"pending,approved,denied,expired,voided"`
	Digest       string        `json:"digest" doc:"Stands for the request, its rules and their versions. Send it as shown."`
	Requirements []Requirement `json:"requirements" doc:"Each must be met."`
	Votes        []Vote        `json:"votes"`
	ExpiresAt    time.Time     `json:"expires_at"`
	CreatedAt    time.Time     `json:"created_at"`
	DecidedAt    *time.Time    `json:"decided_at" nullable:"true"`
}

// Approval is a held authorization that waits for people.
type Approval struct {
	ApprovalSummary
	Agent         string        `json:"agent"`
	Authorization Authorization `json:"authorization"`
}

// Requirement is a rule that wants people.
type Requirement struct {
	Policy    string   `json:"policy"`
	Version   int      `json:"version"`
	Rule      int      `json:"rule" doc:"Which rule of the policy, from 0."`
	Approvals int      `json:"approvals" doc:"How many people."`
	Approvers []string `json:"approvers" doc:"Members or roles; empty means every owner, admin and approver."`
}

// Vote is one person's word.
type Vote struct {
	Member  string    `json:"member"`
	Role    string    `json:"role" doc:"At the moment of the vote."`
	Verdict string    `json:"verdict" enum:"approve,deny"`
	Amount  Figure    `json:"amount,omitzero" doc:"Where less was approved."`
	Comment string    `json:"comment"`
	By      string    `json:"by" doc:"The credential: a member or a key."`
	At      time.Time `json:"at"`
}

// Yes approves.
type Yes struct {
	Comment string        `json:"comment,omitempty" maxLength:"1000"`
	Amount  *money.Number `json:"amount,omitempty" doc:"Approves less than was asked."`
	Shown   string        `json:"shown,omitempty" maxLength:"128" doc:"The digest that was shown: another one is 409."`
}

// No denies.
type No struct {
	Reason string `json:"reason,omitempty" maxLength:"1000"`
	Shown  string `json:"shown,omitempty" maxLength:"128" doc:"The digest that was shown: another one is 409."`
}

func summaryView(r spend.Result) maybe[ApprovalSummary] {
	p := r.Approval
	if p == nil {
		return maybe[ApprovalSummary]{}
	}
	out := ApprovalSummary{ID: p.PublicID(), Status: p.Status, Digest: p.Digest, Requirements: []Requirement{}, Votes: []Vote{},
		ExpiresAt: p.ExpiresAt.UTC(), CreatedAt: p.CreatedAt.UTC(), DecidedAt: utc(&p.DecidedAt)}
	for _, q := range p.Requirements {
		out.Requirements = append(out.Requirements, Requirement{Policy: ident.Format(ident.Policy, q.Policy), Version: q.Version,
			Rule: q.Rule, Approvals: q.Approvals, Approvers: append([]string{}, q.Approvers...)})
	}
	for _, v := range p.Votes {
		vote := Vote{Member: ident.Format(ident.Member, v.Member), Role: v.Role, Verdict: string(v.Verdict),
			Comment: v.Comment, By: v.By, At: v.At.UTC()}
		if v.Amount > 0 {
			vote.Amount = Figure(r.Authorization.Money(v.Amount).Decimal())
		}
		out.Votes = append(out.Votes, vote)
	}
	return some(out)
}

func approvalView(r spend.Result) Approval {
	out := Approval{Agent: ident.Format(ident.Agent, r.Authorization.Agent), Authorization: authorizationView(r)}
	if s := summaryView(r).value; s != nil {
		out.ApprovalSummary = *s
	}
	out.Authorization.Approval = maybe[ApprovalSummary]{}
	return out
}

type ApprovalRef struct {
	ID string `path:"id" doc:"The approval's id." example:"appr_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (r ApprovalRef) id() (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Approval, r.ID)
	if !ok {
		return id, missing("approval")
	}
	return id, nil
}

func (a *API) registerApprovals() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Approvals"}}
	}
	handle(a, tagged("listApprovals", http.MethodGet, "/v1/approvals", "List approvals", "Those that wait, unless status says otherwise."), a.listApprovals)
	handle(a, tagged("getApproval", http.MethodGet, "/v1/approvals/{id}", "Get an approval", ""), a.getApproval)
	handle(a, tagged("approve", http.MethodPost, "/v1/approvals/{id}/approve", "Approve a held authorization",
		"Nobody twice, and nobody what they asked for themselves. The deny rules and freezes of this moment apply."), a.approve)
	handle(a, tagged("deny", http.MethodPost, "/v1/approvals/{id}/deny", "Deny a held authorization", "One person against it is enough."), a.deny)
}

func (a *API) listApprovals(ctx context.Context, in *struct {
	Paging
	Status string `query:"status" enum:"pending,approved,denied,expired,voided" default:"pending" doc:"Where it stands."`
	Agent  string `query:"agent" doc:"Id or handle."`
}) (*reply[List[Approval]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	agent := c.agent
	if in.Agent != "" {
		if agent, err = a.agentFilter(ctx, in.Agent); err != nil {
			return nil, err
		}
	}
	rows, err := a.spend.Approvals(ctx, c.Tenant, in.Status, orNil(agent), orNil(before), in.Limit+1)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(r spend.Result) uuid.UUID { return r.Approval.ID }), approvalView), nil
}

func (a *API) getApproval(ctx context.Context, in *ApprovalRef) (*reply[Approval], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	r, err := a.spend.Approval(ctx, c.Tenant, id)
	if err == nil && !c.sees(r.Authorization.Agent) {
		err = missing("approval")
	}
	if err != nil {
		return nil, err
	}
	return &reply[Approval]{approvalView(r)}, nil
}

func (a *API) approve(ctx context.Context, in *struct {
	ApprovalRef
	Body *Yes
}) (*effected[Approval], error) {
	var b Yes
	if in.Body != nil {
		b = *in.Body
	}
	comment, err := company.Prose("comment", b.Comment, 0, 1000)
	if err != nil {
		return nil, err
	}
	return a.cast(ctx, in.ApprovalRef, spend.Ballot{Verdict: spend.ForApproval, Amount: b.Amount, Comment: comment, Shown: b.Shown})
}

func (a *API) deny(ctx context.Context, in *struct {
	ApprovalRef
	Body *No
}) (*effected[Approval], error) {
	var b No
	if in.Body != nil {
		b = *in.Body
	}
	reason, err := company.Prose("reason", b.Reason, 0, 1000)
	if err != nil {
		return nil, err
	}
	return a.cast(ctx, in.ApprovalRef, spend.Ballot{Verdict: spend.Against, Comment: reason, Shown: b.Shown})
}

// cast hands the gate a person's word.
func (a *API) cast(ctx context.Context, ref ApprovalRef, b spend.Ballot) (*effected[Approval], error) {
	id, err := ref.id()
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	b.Approval, b.Voter = id, spend.Voter{Person: c.Person, Member: c.Member}
	call := c.spendCall()
	if call.Once != nil {
		call.Once.Answer = func(r spend.Result) (once.Answer, error) {
			body, err := encode(approvalView(r))
			return once.Answer{Status: http.StatusOK, Body: body}, err
		}
	}
	r, err := a.spend.Cast(ctx, call, b)
	if err != nil {
		return nil, err
	}
	if r.Replay != nil {
		return &effected[Approval]{Status: r.Replay.Status, Replayed: "true", Body: payload[Approval]{raw: r.Replay.Body}}, nil
	}
	body, err := encode(approvalView(r))
	return &effected[Approval]{Status: http.StatusOK, Body: payload[Approval]{raw: body}}, err
}
