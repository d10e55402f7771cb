package spend

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
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

func addInsert(p *db.InsertAuthorizationsParams, a *Authorization) error {
	var metadata []byte
	if len(a.Metadata) > 0 {
		var err error
		if metadata, err = json.Marshal(a.Metadata); err != nil {
			return err
		}
	}
	p.Companies, p.Lives = append(p.Companies, a.Tenant.Company), append(p.Lives, a.Tenant.Live)
	p.Ids, p.Agents = append(p.Ids, a.ID), append(p.Agents, a.Agent)
	p.Statuses, p.Decisions = append(p.Statuses, string(a.Status)), append(p.Decisions, string(a.Decision))
	p.ReasonCodes, p.Reasons = append(p.ReasonCodes, a.ReasonCode), append(p.Reasons, a.Reason)
	p.Currencies = append(p.Currencies, string(a.Currency))
	p.Requesteds, p.Amounts = append(p.Requesteds, a.Requested), append(p.Amounts, a.Amount)
	p.MerchantNames, p.MerchantMccs = append(p.MerchantNames, a.Merchant.Name), append(p.MerchantMccs, a.Merchant.MCC)
	p.MerchantCountries = append(p.MerchantCountries, a.Merchant.Country)
	p.MerchantDomains, p.MerchantKeys = append(p.MerchantDomains, a.Merchant.Domain), append(p.MerchantKeys, a.MerchantKey)
	p.Rails, p.Captures = append(p.Rails, a.Rail), append(p.Captures, string(a.Capture))
	p.Purposes, p.Metadatas = append(p.Purposes, a.Purpose), append(p.Metadatas, string(metadata))
	p.ExpiresIns = append(p.ExpiresIns, int32(a.ExpiresIn/time.Second))
	p.ExpiresAts, p.CreatedAts = append(p.ExpiresAts, a.ExpiresAt), append(p.CreatedAts, a.CreatedAt)
	p.ClosedAts, p.RequestedBys = append(p.ClosedAts, a.ClosedAt), append(p.RequestedBys, a.RequestedBy)
	p.Explanations, p.ApprovalIds = append(p.Explanations, a.Explanation.pack()), append(p.ApprovalIds, a.ApprovalID)
	return nil
}

func addUpdate(p *db.UpdateAuthorizationsParams, a *Authorization) {
	p.Companies, p.Lives, p.Ids = append(p.Companies, a.Tenant.Company), append(p.Lives, a.Tenant.Live), append(p.Ids, a.ID)
	p.Statuses, p.Decisions = append(p.Statuses, string(a.Status)), append(p.Decisions, string(a.Decision))
	p.ReasonCodes, p.Reasons = append(p.ReasonCodes, a.ReasonCode), append(p.Reasons, a.Reason)
	p.Amounts, p.Refundeds = append(p.Amounts, a.Amount), append(p.Refundeds, a.Refunded)
	p.ReferencesGiven, p.VoidReasons = append(p.ReferencesGiven, a.Reference), append(p.VoidReasons, a.VoidReason)
	p.ExpiresAts, p.DecidedAts = append(p.ExpiresAts, a.ExpiresAt), append(p.DecidedAts, a.DecidedAt)
	p.ClosedAts, p.RedeemedAts = append(p.ClosedAts, a.ClosedAt), append(p.RedeemedAts, a.RedeemedAt)
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
