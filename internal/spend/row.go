package spend

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/wire"
)

func settingsOf(r db.CompanySettingsRow) settings {
	return settings{Currency: money.Currency(r.Currency), Zone: r.TimeZone,
		ApprovalTimeout: time.Duration(r.ApprovalTimeout) * time.Second,
		Audience:        r.TokenAudience, RequireRedemption: r.RequireRedemption}
}

func fromRow(r db.Authorization) (*Authorization, error) {
	a := &Authorization{
		Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, ID: r.AuthorizationID, Agent: r.AgentID,
		Status: Status(r.Status), Decision: policy.Outcome(r.Decision), ReasonCode: r.ReasonCode, Reason: r.Reason,
		Requested: r.Requested, Amount: r.Amount, Refunded: r.Refunded, Currency: money.Currency(r.Currency),
		Merchant:    policy.Merchant{Name: r.MerchantName, MCC: r.MerchantMcc, Country: r.MerchantCountry, Domain: r.MerchantDomain},
		MerchantKey: r.MerchantKey, Rail: r.Rail, Capture: Capture(r.Capture), Purpose: r.Purpose,
		Reference: r.Reference, VoidReason: r.VoidReason, ExpiresIn: time.Duration(r.ExpiresIn) * time.Second,
		ExpiresAt: orZero(r.ExpiresAt), CreatedAt: r.CreatedAt, DecidedAt: orZero(r.DecidedAt),
		ClosedAt: orZero(r.ClosedAt), RedeemedAt: orZero(r.RedeemedAt), RequestedBy: r.RequestedBy,
	}
	var err error
	if a.Explanation, err = unpackExplanation(r.Explanation); err != nil {
		return nil, err
	}
	if r.ApprovalID != nil {
		a.ApprovalID = *r.ApprovalID
	}
	if r.HoldID != nil {
		a.Hold = *r.HoldID
	}
	if r.Captured != nil {
		a.Captured = *r.Captured
	}
	if len(r.Metadata) > 0 {
		return a, json.Unmarshal(r.Metadata, &a.Metadata)
	}
	return a, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// rowOf is an authorization_row: what there is to say of a new decision.
func rowOf(a *Authorization) (r wire.Row, err error) {
	var metadata []byte
	if len(a.Metadata) > 0 {
		if metadata, err = json.Marshal(a.Metadata); err != nil {
			return nil, err
		}
	}
	explanation := a.Explanation.pack()
	r = wire.New(700 + len(explanation) + len(metadata) + len(a.Purpose))
	r.UUID(a.Tenant.Company)
	r.Bool(a.Tenant.Live)
	r.UUID(a.ID)
	r.UUID(a.Agent)
	for _, text := range []string{string(a.Status), string(a.Decision), a.ReasonCode, a.Reason, string(a.Currency)} {
		r.Text(text)
	}
	r.Int64(a.Requested)
	r.Int64(a.Amount)
	for _, text := range []string{a.Merchant.Name, a.Merchant.MCC, a.Merchant.Country, a.Merchant.Domain, a.MerchantKey,
		a.Rail, string(a.Capture), a.Purpose} {
		r.Text(text)
	}
	r.JSONOrNull(metadata)
	r.Int32(int32(a.ExpiresIn / time.Second))
	r.TimeOrNull(a.ExpiresAt)
	r.Time(a.CreatedAt)
	r.TimeOrNull(a.ClosedAt)
	r.Text(a.RequestedBy)
	r.Bytes(explanation)
	r.UUIDOrNull(a.ApprovalID)
	r.UUIDOrNull(a.Hold)
	return r, nil
}

// changeOf is a change_row: what may change after the decision.
func changeOf(a *Authorization) wire.Row {
	r := wire.New(450 + len(a.Reason))
	r.UUID(a.Tenant.Company)
	r.Bool(a.Tenant.Live)
	r.UUID(a.ID)
	for _, text := range []string{string(a.Status), string(a.Decision), a.ReasonCode, a.Reason} {
		r.Text(text)
	}
	r.Int64(a.Amount)
	r.Int64(a.Refunded)
	r.UUIDOrNull(a.Hold)
	r.Int64(a.Captured)
	r.Text(a.Reference)
	r.Text(a.VoidReason)
	for _, at := range []time.Time{a.ExpiresAt, a.DecidedAt, a.ClosedAt, a.RedeemedAt} {
		r.TimeOrNull(at)
	}
	return r
}

func approvalFromRow(r db.Approval) (*Approval, error) {
	p := &Approval{Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, ID: r.ApprovalID,
		Authorization: r.AuthorizationID, Agent: r.AgentID, Status: r.Status, Digest: r.Digest,
		ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt, DecidedAt: orZero(r.DecidedAt)}
	return p, json.Unmarshal(r.Requirements, &p.Requirements)
}

func voteFromRow(r db.ApprovalVote) Vote {
	v := Vote{Approval: ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.ApprovalID},
		Voter: Voter{Person: r.PersonID, Member: r.MemberID}, Role: r.Role, Verdict: Verdict(r.Verdict),
		Comment: r.Comment, By: r.VotedBy, At: r.CreatedAt}
	if r.Amount != nil {
		v.Amount = *r.Amount
	}
	return v
}

func voteParams(v Vote) db.InsertVoteParams {
	p := db.InsertVoteParams{CompanyID: v.Approval.tenant.Company, Live: v.Approval.tenant.Live, ApprovalID: v.Approval.id,
		PersonID: v.Person, MemberID: v.Member, Role: v.Role, Verdict: string(v.Verdict),
		Comment: v.Comment, VotedBy: v.By, CreatedAt: v.At}
	if v.Amount > 0 {
		p.Amount = &v.Amount
	}
	return p
}

// afterAll is above every id: where a list of the newest begins.
var afterAll = uuid.Max
