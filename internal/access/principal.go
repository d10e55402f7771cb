// Package access says who is calling and what they may do: magic links and
// Clerk, sessions, API keys, the principal that a request acts as, and how
// often it may.
package access

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Scope is a thing that a credential may do.
type Scope string

// The scopes.
const (
	ScopeAdmin     Scope = "admin"     // manage everything, but never decide an approval
	ScopeApprovals Scope = "approvals" // decide approvals
	ScopeSpend     Scope = "spend"     // authorize, confirm, void, budget and its own reads
	ScopeSettle    Scope = "settle"    // for processors: redeem, confirm, void
	ScopeRead      Scope = "read"      // read everything of the company's mode
)

// implied says which scopes one stands for besides itself. An admin manages
// everything, which includes reading it and spending; redeeming a token is the
// processor's alone, and deciding an approval a person's.
var implied = map[Scope][]Scope{ScopeAdmin: {ScopeRead, ScopeSpend}}

// byRole is the one table of what a member's session may do.
var byRole = map[company.Role][]Scope{
	company.Owner:    {ScopeAdmin, ScopeApprovals, ScopeSpend, ScopeSettle, ScopeRead},
	company.Admin:    {ScopeAdmin, ScopeApprovals, ScopeSpend, ScopeRead},
	company.Approver: {ScopeApprovals, ScopeRead},
	company.Viewer:   {ScopeRead},
}

// Kind says by what sort of credential a principal came.
type Kind string

// The kinds of principal.
const (
	ByKey     Kind = "key"
	BySession Kind = "session"
)

// Limits bound how often a credential may call. Zero means the default: 1,000
// in any 60 s and 100 at the same time.
type Limits struct {
	PerMinute, InFlight int
}

// Principal is who a request acts as. It holds no secret.
type Principal struct {
	Kind Kind
	// Tenant is the company and mode. A session without a company, or of
	// several with none chosen, has a nil Company: see NeedCompany.
	Tenant ident.Tenant
	// ModeStated says that the mode is not merely the default: a key's own, or
	// a session's X-Mode.
	ModeStated bool
	// Companies counts what a session's person is a member of when none was
	// chosen.
	Companies int
	// Person, Member and Role are a session's, or those of the member that an
	// approvals key counts as. Email is a session's.
	Person, Member uuid.UUID
	Email          string
	Role           company.Role
	// Session is the id of a session of ours; ClerkSession that of Clerk's.
	Session      uuid.UUID
	ClerkSession string
	// Key is an API key's id, Agent the one that it is bound to.
	Key   uuid.UUID
	Agent *uuid.UUID
	// ExpiresAt is when the credential ends by itself, nil for never.
	ExpiresAt *time.Time
	Scopes    []Scope
	Limits    Limits
}

// Has reports whether the credential was given this very scope.
func (p Principal) Has(s Scope) bool { return slices.Contains(p.Scopes, s) }

// Can reports whether the principal may do what the scope stands for.
func (p Principal) Can(s Scope) bool {
	return p.Has(s) || slices.ContainsFunc(p.Scopes, func(held Scope) bool {
		return slices.Contains(implied[held], s)
	})
}

// CanAny reports whether the principal may do one of these.
func (p Principal) CanAny(scopes ...Scope) bool { return slices.ContainsFunc(scopes, p.Can) }

// Need is nil when the principal acts for a company and may do one of these.
// The faults are those of NeedCompany, and Forbidden: insufficient_scope.
func (p Principal) Need(scopes ...Scope) error {
	if err := p.NeedCompany(); err != nil {
		return err
	}
	if !p.CanAny(scopes...) {
		return fault.New(fault.Forbidden, "insufficient_scope",
			"This needs the scope %s, which the credential or role does not have.", scopes[0])
	}
	return nil
}

// NeedCompany is nil when the principal acts for a company. The faults are
// Invalid: company_required, for a member of several, and Forbidden:
// no_company, for a person of none.
func (p Principal) NeedCompany() error {
	switch {
	case p.Tenant.Company != uuid.Nil:
		return nil
	case p.Companies > 0:
		return fault.BadField("header.X-Company-Id", "company_required",
			"You are a member of several companies: name one in X-Company-Id.")
	}
	return fault.New(fault.Forbidden, "no_company", "You are not a member of a company yet: make one with POST /v1/companies.")
}

// ActingRole is what counts where a rule speaks of roles: a session's own, and
// of keys never more than an admin's.
func (p Principal) ActingRole() company.Role {
	if p.Kind == BySession {
		return p.Role
	}
	if p.Has(ScopeAdmin) {
		return company.Admin
	}
	return company.Viewer
}

// Actor is who the audit log names: a key, a member, or a person who acts
// without a company.
func (p Principal) Actor(requestID string) audit.Actor {
	switch {
	case p.Kind == ByKey:
		return audit.Key(p.Key, requestID)
	case p.Tenant.Company != uuid.Nil:
		return audit.Member(p.Member, requestID)
	default:
		return audit.Person(p.Person, requestID)
	}
}

// modes are the sides whose API keys the principal sees: its own, and for a
// session that did not say X-Mode both, as the mode of a key is in its fields.
func (p Principal) modes() []bool {
	if p.Kind == BySession && !p.ModeStated {
		return []bool{true, false}
	}
	return []bool{p.Tenant.Live}
}

type contextKey struct{}

// With puts the principal into a request's context.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From reads the principal of a request; false when it has none.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(Principal)
	return p, ok
}

// RoleMay reports whether a session of a member with this role may do what the
// scope stands for.
func RoleMay(r company.Role, s Scope) bool { return Principal{Scopes: byRole[r]}.Can(s) }
