package access

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Key is an API key as it may be shown: without its secret.
type Key struct {
	ID     uuid.UUID
	Tenant ident.Tenant
	Name   string
	// Prefix is the first 16 characters of the key.
	Prefix string
	Scopes []Scope
	// Agent is the agent that the key is bound to, Member the one that an
	// approvals key counts as.
	Agent, Member *uuid.UUID
	// CreatedBy is the public id of the key, member or person.
	CreatedBy string
	// Limits are nil where the defaults hold.
	Limits                *Limits
	ExpiresAt, LastUsedAt *time.Time
	// RerolledTo is the key that took this one's place.
	RerolledTo *uuid.UUID
	CreatedAt  time.Time
}

// NewKey is what an API key is made of.
type NewKey struct {
	Name string
	// Mode is live or test; empty is the caller's own.
	Mode   string
	Scopes []string
	// Agent is an id or a handle in that mode; empty binds to none.
	Agent     string
	ExpiresAt *time.Time
	// Limits, where set, are an owner's to give.
	Limits *Limits
}

// Bounds of what an owner may allow a key.
const (
	maxPerMinute = 1_000_000
	maxInFlight  = 10_000
	maxKeyName   = 200
	maxGrace     = 7 * 24 * time.Hour
)

// CreateKey makes an API key and gives its secret, this once. A credential
// grants only scopes that it has; see checkScopes for the rest.
func (a *Access) CreateKey(ctx context.Context, tx pgx.Tx, p Principal, requestID string, in NewKey) (Key, string, error) {
	if err := p.NeedCompany(); err != nil {
		return Key{}, "", err
	}
	row, err := a.newRow(ctx, tx, p, in)
	if err != nil {
		return Key{}, "", err
	}
	return a.insertKey(ctx, tx, p.Actor(requestID), "key.created", row)
}

// newRow checks what was asked for and by whom.
func (a *Access) newRow(ctx context.Context, tx pgx.Tx, p Principal, in NewKey) (row db.KeyInsertParams, err error) {
	t, err := keyMode(p, in.Mode)
	if err != nil {
		return row, err
	}
	row = db.KeyInsertParams{CompanyID: t.Company, Live: t.Live, ExpiresAt: in.ExpiresAt}
	if row.Name, err = company.Text("name", in.Name, 1, maxKeyName); err != nil {
		return row, err
	}
	scopes, err := readScopes(in.Scopes)
	if err != nil {
		return row, err
	}
	row.Scopes = texts(scopes)
	if err := checkScopes(p, scopes); err != nil {
		return row, err
	}
	if slices.Contains(scopes, ScopeApprovals) {
		row.MemberID = &p.Member
	}
	if row.AgentID, err = a.boundAgent(ctx, t, scopes, in.Agent); err != nil {
		return row, err
	}
	if row.PerMinute, row.InFlight, err = ownLimits(p, in.Limits); err != nil {
		return row, err
	}
	return row, checkExpiry(ctx, tx, in.ExpiresAt)
}

// insertKey draws the secret, and writes the row and the event.
func (a *Access) insertKey(ctx context.Context, tx pgx.Tx, by audit.Actor, event string, row db.KeyInsertParams) (Key, string, error) {
	secret := drawKey(row.Live)
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcryptCost)
	if err != nil {
		return Key{}, "", err
	}
	row.KeyID, row.CreatedBy = ident.New(), by.String()
	sum := a.keys.lookup(secret)
	row.Prefix, row.BcryptHash, row.Lookup = secret[:prefixLength], string(hash), sum[:]
	stored, err := db.New(tx).KeyInsert(ctx, row)
	if err != nil {
		return Key{}, "", err
	}
	k := keyOf(stored)
	err = audit.Append(ctx, tx, k.Tenant, by, audit.Event{Type: event, Agent: k.Agent,
		Subject: ident.Format(ident.Key, k.ID),
		Data:    map[string]any{"name": k.Name, "prefix": k.Prefix, "scopes": texts(k.Scopes)}})
	return k, secret, err
}

// keyMode is the tenant that a new key belongs to.
func keyMode(p Principal, mode string) (ident.Tenant, error) {
	t := p.Tenant
	switch mode {
	case "":
		return t, nil
	case "live", "test":
		t.Live = mode == "live"
	default:
		return t, fault.BadField("mode", "mode_unknown", "A mode is live or test.")
	}
	if t == p.Tenant || !p.ModeStated {
		return t, nil
	}
	if p.Kind == ByKey {
		return t, fault.New(fault.Forbidden, "wrong_mode", "A %s key cannot make a key of the other mode.", p.Tenant.Mode())
	}
	return t, fault.BadField("mode", "mode_mismatch", "X-Mode says %s.", p.Tenant.Mode())
}

func readScopes(names []string) ([]Scope, error) {
	if len(names) == 0 {
		return nil, fault.BadField("scopes", "required", "A key needs at least one scope.")
	}
	var out []Scope
	for _, name := range names {
		s := Scope(name)
		if !slices.Contains(byRole[company.Owner], s) {
			return nil, fault.BadField("scopes", "scope_unknown", "A scope is admin, approvals, spend, settle or read.")
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// checkScopes holds the grant to what the caller has. An approvals key stands
// for a person: only a session makes one, for its own member, and it can do
// nothing else but read, so that no program both asks and approves.
func checkScopes(p Principal, scopes []Scope) error {
	approvals := slices.Contains(scopes, ScopeApprovals)
	if approvals && p.Kind != BySession {
		return fault.New(fault.Forbidden, "session_required", "Only a member's session can make a key that decides approvals.")
	}
	if !p.Can(ScopeAdmin) && (!approvals || p.Kind != BySession) {
		return fault.New(fault.Forbidden, "insufficient_scope", "Making this key needs the scope admin.")
	}
	for _, s := range scopes {
		if !p.Has(s) {
			return fault.New(fault.Forbidden, "scope_not_held", "You cannot give the scope %s, as you do not have it.", s)
		}
		if approvals && s != ScopeApprovals && s != ScopeRead {
			return fault.BadField("scopes", "scope_combination", "A key with approvals can hold no other scope but read.")
		}
	}
	return nil
}

// boundAgent finds the agent of a bound key, in the key's own mode.
func (a *Access) boundAgent(ctx context.Context, t ident.Tenant, scopes []Scope, ref string) (*uuid.UUID, error) {
	if ref == "" {
		return nil, nil
	}
	other := func(s Scope) bool { return s != ScopeSpend && s != ScopeRead }
	if !slices.Contains(scopes, ScopeSpend) || slices.ContainsFunc(scopes, other) {
		return nil, fault.BadField("agent", "scope_combination", "A key of an agent has the scope spend, and may have read.")
	}
	ids, err := a.companies.ResolveAgents(ctx, t, []string{ref})
	if err != nil {
		return nil, err
	}
	return &ids[0], nil
}

func checkExpiry(ctx context.Context, tx pgx.Tx, at *time.Time) error {
	if at == nil {
		return nil
	}
	future, err := db.New(tx).KeyInFuture(ctx, *at)
	if err == nil && !future {
		return fault.BadField("expires_at", "not_in_future", "A key must expire in the future.")
	}
	return err
}

func ownLimits(p Principal, l *Limits) (perMinute, inFlight *int32, err error) {
	if l == nil {
		return nil, nil, nil
	}
	if p.Kind != BySession || p.Role != company.Owner {
		return nil, nil, fault.New(fault.Forbidden, "owner_required", "Only an owner may set a key's rate limit.")
	}
	if perMinute, err = bounded("rate_limit.per_minute", l.PerMinute, maxPerMinute); err != nil {
		return nil, nil, err
	}
	inFlight, err = bounded("rate_limit.in_flight", l.InFlight, maxInFlight)
	return perMinute, inFlight, err
}

func bounded(field string, n, most int) (*int32, error) {
	if n == 0 {
		return nil, nil
	}
	if n < 1 || n > most {
		return nil, fault.BadField(field, "out_of_range", "This is from 1 to %d.", most)
	}
	out := int32(n)
	return &out, nil
}
