package spend

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
)

// Approval is a held authorization's wait for people.
type Approval struct {
	Tenant        ident.Tenant
	ID            uuid.UUID
	Authorization uuid.UUID
	Agent         uuid.UUID
	// Status is pending, approved, denied, expired or voided.
	Status string
	// Requirements must each be met by as many people as it says.
	Requirements []policy.Requirement
	// Digest stands for what a person is shown: the request, and the rules that
	// held it, in their versions. It changes when one of those policies does,
	// until the approval is decided.
	Digest    string
	ExpiresAt time.Time
	CreatedAt time.Time
	DecidedAt time.Time
	Votes     []Vote
}

// PublicID is the id that a caller sees.
func (p *Approval) PublicID() string { return ident.Format(ident.Approval, p.ID) }

// Vote is one person's word on an approval.
type Vote struct {
	Approval ref
	Voter
	// Role is the member's at the moment of the vote.
	Role    string
	Verdict Verdict
	// Amount is what was approved in minor units, 0 for all that was asked.
	Amount  int64
	Comment string
	By      string // the credential: a member or a key
	At      time.Time
}

// Voter is a person of a company. A person counts once, by whatever credential.
type Voter struct {
	Person, Member uuid.UUID
}

// Verdict is what a person says.
type Verdict string

// The verdicts.
const (
	ForApproval Verdict = "approve"
	Against     Verdict = "deny"
)

func newApproval(a *Authorization, requirements []policy.Requirement) (*Approval, error) {
	digest, err := digestOf(a, requirements)
	return &Approval{Tenant: a.Tenant, ID: a.ApprovalID, Authorization: a.ID, Agent: a.Agent, Status: "pending",
		Requirements: requirements, Digest: digest, ExpiresAt: a.ExpiresAt, CreatedAt: a.CreatedAt}, err
}

// digestOf covers what must not change between the page and the click.
func digestOf(a *Authorization, requirements []policy.Requirement) (string, error) {
	shown, err := json.Marshal(struct {
		ID, Agent, Currency, Rail, Purpose string
		Requested                          int64
		Merchant                           policy.Merchant
		Metadata                           map[string]string
		Requirements                       []policy.Requirement
		Policies                           json.RawMessage
	}{a.PublicID(), a.Agent.String(), string(a.Currency), a.Rail, a.Purpose,
		a.Requested, a.Merchant, a.Metadata, requirements, a.Policies})
	sum := sha256.Sum256(shown)
	return base64.RawURLEncoding.EncodeToString(sum[:]), err
}

// eligible reports whether a member with this role may meet the requirement.
// Without named approvers every owner, admin and approver may.
func eligible(r policy.Requirement, member uuid.UUID, role string) bool {
	if len(r.Approvers) == 0 {
		return role == "owner" || role == "admin" || role == "approver"
	}
	return slices.Contains(r.Approvers, "role:"+role) ||
		slices.Contains(r.Approvers, ident.Format(ident.Member, member))
}

// mayVote reports whether the voter meets any requirement.
func (p *Approval) mayVote(member uuid.UUID, role string) bool {
	return slices.ContainsFunc(p.Requirements, func(r policy.Requirement) bool { return eligible(r, member, role) })
}

// met reports whether every requirement has its people.
func (p *Approval) met() bool {
	return !slices.ContainsFunc(p.Requirements, func(r policy.Requirement) bool { return p.approvers(r) < r.Approvals })
}

// approvers counts who has approved and may meet the requirement.
func (p *Approval) approvers(r policy.Requirement) (people int) {
	for _, v := range p.Votes {
		if v.Verdict == ForApproval && eligible(r, v.Member, v.Role) {
			people++
		}
	}
	return people
}

// approvedAmount is the lowest amount that anybody approved.
func (p *Approval) approvedAmount(asked int64) int64 {
	for _, v := range p.Votes {
		if v.Verdict == ForApproval && v.Amount > 0 {
			asked = min(asked, v.Amount)
		}
	}
	return asked
}

// readApproval reads one approval with its votes; it must exist.
func readApproval(ctx context.Context, q *db.Queries, t ident.Tenant, id uuid.UUID) (*Approval, error) {
	row, err := q.ApprovalByID(ctx, t.Company, t.Live, id)
	if err != nil {
		return nil, err
	}
	all, err := withVotes(ctx, q, t, []db.Approval{row})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// withVotes turns rows into approvals and adds their votes.
func withVotes(ctx context.Context, q *db.Queries, t ident.Tenant, rows []db.Approval) ([]*Approval, error) {
	out := make([]*Approval, len(rows))
	byID := make(map[uuid.UUID]*Approval, len(rows))
	var c columns
	for i, r := range rows {
		p, err := approvalFromRow(r)
		if err != nil {
			return nil, err
		}
		out[i], byID[p.ID] = p, p
		c.add(t, p.ID)
	}
	votes, err := q.VotesOfApprovals(ctx, c.companies, c.lives, c.ids)
	for _, v := range votes {
		p := byID[v.ApprovalID]
		p.Votes = append(p.Votes, voteFromRow(v))
	}
	if err != nil {
		return nil, err
	}
	return out, current(ctx, q, t, out)
}
