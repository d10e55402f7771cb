package api

import (
	"encoding/json"
	"time"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// Merchant is whom the money is for.
type Merchant struct {
	Name    string `json:"name" minLength:"1" maxLength:"256" example:"AWS"`
	MCC     string `json:"mcc,omitempty" pattern:"^[0-9]{4}$" example:"7372" doc:"ISO 18245."`
	Country string `json:"country,omitempty" pattern:"^[A-Za-z]{2}$" example:"US" doc:"ISO 3166-1 alpha-2."`
	Domain  string `json:"domain,omitempty" maxLength:"253" example:"aws.amazon.com"`
}

// Authorization is one request to spend and what became of it.
type Authorization struct {
	ID              *string                `json:"id" nullable:"true" example:"auth_01jd3v7m4sfx1r5k0m7z2w8y9a" doc:"null for a dry run."`
	Decision        string                 `json:"decision" enum:"APPROVED,DENIED,REQUIRES_APPROVAL"`
	Status          string                 `json:"status" enum:"pending,held,confirmed,voided,expired,denied"`
	ReasonCode      string                 `json:"reason_code" example:"ok" doc:"The strictest rule's."`
	Reason          string                 `json:"reason" example:"Within every limit"`
	Agent           string                 `json:"agent" example:"agent_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Amount          money.Amount           `json:"amount" doc:"As approved, or less after a confirm of less."`
	Currency        string                 `json:"currency" example:"usd"`
	Merchant        Merchant               `json:"merchant"`
	Rail            string                 `json:"rail" enum:"api,card,iban,invoice,crypto"`
	ExpiresAt       *time.Time             `json:"expires_at" nullable:"true" doc:"The end of the hold, or of the wait for people."`
	CreatedAt       time.Time              `json:"created_at"`
	Token           *string                `json:"token" nullable:"true" example:"eyJ…" doc:"The signed decision; null while held and when nothing is open."`
	Approval        maybe[ApprovalSummary] `json:"approval" doc:"What the authorization waits, or waited, for."`
	Trace           payload[[]TraceStep]   `json:"trace" doc:"Every rule, what it saw and what it allowed."`
	Remedies        payload[[]Remedy]      `json:"remedies" doc:"What would by itself lead to another answer."`
	RequestedAmount money.Amount           `json:"requested_amount"`
	CapturedAmount  money.Amount           `json:"captured_amount" doc:"What was taken: all of it once confirmed, and what a card network captured so far."`
	RefundedAmount  money.Amount           `json:"refunded_amount" doc:"What was given back of it."`
	Capture         string                 `json:"capture" enum:"explicit,auto"`
	Purpose         string                 `json:"purpose"`
	Metadata        map[string]string      `json:"metadata"`
	Reference       string                 `json:"reference" doc:"As given with the confirm."`
	VoidReason      string                 `json:"void_reason"`
	Policies        payload[[]VersionRef]  `json:"policies" doc:"The versions that decided."`
	RequestedBy     string                 `json:"requested_by" doc:"The key or member that asked."`
	DecidedAt       *time.Time             `json:"decided_at" nullable:"true" doc:"When people decided."`
	ClosedAt        *time.Time             `json:"closed_at" nullable:"true" doc:"When it was confirmed, voided, denied or expired."`
	RedeemedAt      *time.Time             `json:"redeemed_at" nullable:"true" doc:"When a processor redeemed the token."`
	Livemode        bool                   `json:"livemode"`
}

// TraceStep is what one rule saw, allowed and said.
type TraceStep struct {
	Policy    string  `json:"policy"`
	Version   int     `json:"version"`
	Rule      string  `json:"rule" example:"limit"`
	Index     int     `json:"index" doc:"Which rule of the policy, from 0."`
	Outcome   string  `json:"outcome" enum:"pass,deny,require_approval"`
	Code      string  `json:"code,omitempty"`
	Shadow    bool    `json:"shadow,omitzero" doc:"Whether it was recorded only."`
	Mode      string  `json:"mode,omitempty"`
	Value     string  `json:"value,omitempty" doc:"What the rule looked at."`
	Limit     Figure  `json:"limit,omitzero"`
	Used      Figure  `json:"used,omitzero"`
	Remaining Figure  `json:"remaining,omitzero"`
	Period    string  `json:"period,omitempty"`
	Per       string  `json:"per,omitempty"`
	Window    *Window `json:"window,omitempty"`
	TimeZone  string  `json:"time_zone,omitempty"`
}

// Window is the time that a rule adds up.
type Window struct {
	From     *time.Time `json:"from" nullable:"true"`
	To       *time.Time `json:"to" nullable:"true"`
	TimeZone string     `json:"time_zone,omitempty" example:"Europe/Berlin"`
}

// Remedy is one thing that would by itself lead to another answer.
type Remedy struct {
	Type      string        `json:"type" enum:"lower_amount,retry_after,request_approval"`
	MaxAmount *money.Amount `json:"max_amount,omitempty" doc:"Of lower_amount."`
	At        *time.Time    `json:"at,omitempty" doc:"Of retry_after."`
}

// VersionRef names a version of a policy.
type VersionRef struct {
	Policy  string `json:"policy" example:"pol_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Version int    `json:"version" example:"3"`
}

func authorizationView(r spend.Result) Authorization {
	x := r.Authorization
	return Authorization{ID: text(x.PublicID()), Decision: string(x.Decision), Status: string(x.Status), ReasonCode: x.ReasonCode,
		Reason: x.Reason, Agent: ident.Format(ident.Agent, x.Agent), Amount: x.Money(x.Amount), Currency: string(x.Currency),
		Merchant: merchantView(x.Merchant), Rail: x.Rail, ExpiresAt: utc(&x.ExpiresAt), CreatedAt: x.CreatedAt.UTC(),
		Token: text(r.Token), Approval: summaryView(r), Trace: listJSON[TraceStep](x.Trace), Remedies: remediesView(x),
		RequestedAmount: x.Money(x.Requested), CapturedAmount: x.Money(x.Taken()), RefundedAmount: x.Money(x.Refunded), Capture: string(x.Capture),
		Purpose: x.Purpose, Metadata: x.Metadata, Reference: x.Reference, VoidReason: x.VoidReason,
		Policies: listJSON[VersionRef](x.Policies), RequestedBy: x.RequestedBy, DecidedAt: utc(&x.DecidedAt),
		ClosedAt: utc(&x.ClosedAt), RedeemedAt: utc(&x.RedeemedAt), Livemode: x.Tenant.Live}
}

// remediesView is what would lead to another answer. What people have decided
// has no remedy any more.
func remediesView(x *spend.Authorization) payload[[]Remedy] {
	if !x.DecidedAt.IsZero() {
		return listJSON[Remedy](nil)
	}
	return listJSON[Remedy](x.Remedies)
}

func merchantView(m policy.Merchant) Merchant {
	return Merchant{Name: m.Name, MCC: m.MCC, Country: m.Country, Domain: m.Domain}
}

// text is a string, or null for an empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listJSON is a list as it is stored; none is empty.
func listJSON[T any](raw json.RawMessage) payload[[]T] {
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("[]")
	}
	return payload[[]T]{raw: raw}
}
