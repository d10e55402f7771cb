package access

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

func keyOf(r db.ApiKey) Key {
	k := Key{ID: r.KeyID, Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, Name: r.Name, Prefix: r.Prefix,
		Scopes: scopesOf(r.Scopes), Agent: r.AgentID, Member: r.MemberID, CreatedBy: r.CreatedBy,
		ExpiresAt: r.ExpiresAt, LastUsedAt: r.LastUsedAt, RerolledTo: r.RerolledTo, CreatedAt: r.CreatedAt}
	if r.PerMinute != nil || r.InFlight != nil {
		l := limitsOf(r)
		k.Limits = &l
	}
	return k
}

func limitsOf(r db.ApiKey) (l Limits) {
	if r.PerMinute != nil {
		l.PerMinute = int(*r.PerMinute)
	}
	if r.InFlight != nil {
		l.InFlight = int(*r.InFlight)
	}
	return l
}

func limitColumn(n int) *int32 {
	if n == 0 {
		return nil
	}
	out := int32(n)
	return &out
}

func scopesOf(names []string) []Scope {
	out := make([]Scope, len(names))
	for i, name := range names {
		out[i] = Scope(name)
	}
	return out
}

func texts(scopes []Scope) []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = string(s)
	}
	return out
}

// keyRow is a key as authentication reads it, with the facts that it depends
// on, at one moment of the database's clock.
type keyRow struct {
	db.ApiKey
	person      *uuid.UUID
	role        *string
	agentStatus *string
	readAt      time.Time
}

// works reports whether the key still opens anything: not revoked, not
// expired, its agent not deleted, its member still one.
func (r keyRow) works() bool {
	switch {
	case r.RevokedAt != nil:
	case r.ExpiresAt != nil && !r.ExpiresAt.After(r.readAt):
	case r.AgentID != nil && (r.agentStatus == nil || *r.agentStatus == string(company.AgentDeleted)):
	case r.MemberID != nil && r.person == nil:
	default:
		return true
	}
	return false
}

// principal is who the key acts as. A member who may no longer decide takes
// that right away from the key that counts as them.
func (r keyRow) principal() Principal {
	p := Principal{Kind: ByKey, Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, ModeStated: true,
		Key: r.KeyID, Agent: r.AgentID, ExpiresAt: r.ExpiresAt, Limits: limitsOf(r.ApiKey), Scopes: scopesOf(r.Scopes)}
	if r.MemberID != nil && r.person != nil && r.role != nil {
		p.Member, p.Person, p.Role = *r.MemberID, *r.person, company.Role(*r.role)
		p.Scopes = within(p.Scopes, byRole[p.Role])
	}
	return p
}

// within keeps the scopes that the role has too.
func within(scopes, role []Scope) []Scope {
	out := make([]Scope, 0, len(scopes))
	for _, s := range scopes {
		for _, has := range role {
			if s == has {
				out = append(out, s)
			}
		}
	}
	return out
}
