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

func insertOf(a *Authorization) (r db.InsertAuthorizationParams, err error) {
	var metadata []byte
	if len(a.Metadata) > 0 {
		if metadata, err = json.Marshal(a.Metadata); err != nil {
			return r, err
		}
	}
	return db.InsertAuthorizationParams{CompanyID: a.Tenant.Company, Live: a.Tenant.Live, AuthorizationID: a.ID, AgentID: a.Agent,
		Status: string(a.Status), Decision: string(a.Decision), ReasonCode: a.ReasonCode, Reason: a.Reason,
		Currency: string(a.Currency), Requested: a.Requested, Amount: a.Amount,
		MerchantName: a.Merchant.Name, MerchantMcc: a.Merchant.MCC, MerchantCountry: a.Merchant.Country,
		MerchantDomain: a.Merchant.Domain, MerchantKey: a.MerchantKey, Rail: a.Rail, Capture: string(a.Capture),
		Purpose: a.Purpose, Metadata: string(metadata), ExpiresIn: int32(a.ExpiresIn / time.Second),
		ExpiresAt: a.ExpiresAt, CreatedAt: a.CreatedAt, ClosedAt: a.ClosedAt, RequestedBy: a.RequestedBy,
		Explanation: a.Explanation.pack(), ApprovalID: a.ApprovalID, HoldID: a.Hold}, nil
}

func addInsert(p *db.InsertAuthorizationsParams, r db.InsertAuthorizationParams) {
	p.Companies, p.Lives = append(p.Companies, r.CompanyID), append(p.Lives, r.Live)
	p.Ids, p.Agents = append(p.Ids, r.AuthorizationID), append(p.Agents, r.AgentID)
	p.Statuses, p.Decisions = append(p.Statuses, r.Status), append(p.Decisions, r.Decision)
	p.ReasonCodes, p.Reasons = append(p.ReasonCodes, r.ReasonCode), append(p.Reasons, r.Reason)
	p.Currencies = append(p.Currencies, r.Currency)
	p.Requesteds, p.Amounts = append(p.Requesteds, r.Requested), append(p.Amounts, r.Amount)
	p.MerchantNames, p.MerchantMccs = append(p.MerchantNames, r.MerchantName), append(p.MerchantMccs, r.MerchantMcc)
	p.MerchantCountries = append(p.MerchantCountries, r.MerchantCountry)
	p.MerchantDomains, p.MerchantKeys = append(p.MerchantDomains, r.MerchantDomain), append(p.MerchantKeys, r.MerchantKey)
	p.Rails, p.Captures = append(p.Rails, r.Rail), append(p.Captures, r.Capture)
	p.Purposes, p.Metadatas = append(p.Purposes, r.Purpose), append(p.Metadatas, r.Metadata)
	p.ExpiresIns = append(p.ExpiresIns, r.ExpiresIn)
	p.ExpiresAts, p.CreatedAts = append(p.ExpiresAts, r.ExpiresAt), append(p.CreatedAts, r.CreatedAt)
	p.ClosedAts, p.RequestedBys = append(p.ClosedAts, r.ClosedAt), append(p.RequestedBys, r.RequestedBy)
	p.Explanations, p.ApprovalIds = append(p.Explanations, r.Explanation), append(p.ApprovalIds, r.ApprovalID)
	p.Holds = append(p.Holds, r.HoldID)
}

func addUpdate(p *db.UpdateAuthorizationsParams, a *Authorization) {
	p.Companies, p.Lives, p.Ids = append(p.Companies, a.Tenant.Company), append(p.Lives, a.Tenant.Live), append(p.Ids, a.ID)
	p.Statuses, p.Decisions = append(p.Statuses, string(a.Status)), append(p.Decisions, string(a.Decision))
	p.ReasonCodes, p.Reasons = append(p.ReasonCodes, a.ReasonCode), append(p.Reasons, a.Reason)
	p.Amounts, p.Refundeds = append(p.Amounts, a.Amount), append(p.Refundeds, a.Refunded)
	p.Holds, p.Captureds = append(p.Holds, a.Hold), append(p.Captureds, a.Captured)
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
