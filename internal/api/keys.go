package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Key is an API key without its secret.
type Key struct {
	ID         string     `json:"id" example:"key_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Key        string     `json:"key,omitempty" doc:"The secret, in the answer that creates it and never again." example:"ag_test_…"`
	Prefix     string     `json:"prefix" doc:"How the key begins."`
	Name       string     `json:"name" example:"CI"`
	Mode       string     `json:"mode" enum:"live,test"`
	Scopes     []string   `json:"scopes" enum:"admin,approvals,spend,settle,read"`
	Agent      *string    `json:"agent" nullable:"true" doc:"The agent that the key is bound to."`
	Member     *string    `json:"member" nullable:"true" doc:"The member that an approvals key counts as."`
	RateLimit  *RateLimit `json:"rate_limit,omitempty" doc:"Where it differs from the default."`
	ExpiresAt  *time.Time `json:"expires_at" nullable:"true"`
	LastUsedAt *time.Time `json:"last_used_at" nullable:"true"`
	RerolledTo *string    `json:"rerolled_to" nullable:"true" doc:"The key that took this one's place."`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
}

func (k Key) stored() any {
	k.Key = ""
	return k
}

// RateLimit bounds a key.
type RateLimit struct {
	PerMinute int `json:"per_minute,omitzero" minimum:"1" maximum:"1000000" doc:"Requests in any 60 s; 1,000 without it."`
	InFlight  int `json:"in_flight,omitzero" minimum:"1" maximum:"10000" doc:"Requests at the same time; 100 without it."`
}

// NewKey is what an API key is made of.
type NewKey struct {
	Name      string     `json:"name" maxLength:"200" example:"CI"`
	Mode      string     `json:"mode" enum:"live,test"`
	Scopes    []string   `json:"scopes" enum:"admin,approvals,spend,settle,read" minItems:"1"`
	Agent     string     `json:"agent,omitempty" minLength:"1" doc:"Binds the key to one agent of that mode."`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	RateLimit *RateLimit `json:"rate_limit,omitempty" doc:"Only an owner may set it."`
}

// Credential is what a key of one agent is made of.
type Credential struct {
	Name      string     `json:"name" maxLength:"200" example:"worker"`
	Scopes    []string   `json:"scopes,omitempty" enum:"spend,read" doc:"spend without it."`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	RateLimit *RateLimit `json:"rate_limit,omitempty" doc:"Only an owner may set it."`
}

// Reroll says how long the old key goes on.
type Reroll struct {
	GraceSeconds int64 `json:"grace_seconds,omitzero" minimum:"0" maximum:"604800" doc:"How long the old key still works; not at all without it."`
}

func keyView(k access.Key) Key {
	out := Key{ID: ident.Format(ident.Key, k.ID), Prefix: k.Prefix, Name: k.Name, Mode: k.Tenant.Mode(), Scopes: scopeNames(k.Scopes),
		Agent: publicID(ident.Agent, k.Agent), Member: publicID(ident.Member, k.Member), RerolledTo: publicID(ident.Key, k.RerolledTo),
		ExpiresAt: utc(k.ExpiresAt), LastUsedAt: utc(k.LastUsedAt), CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt.UTC()}
	if k.Limits != nil {
		out.RateLimit = &RateLimit{k.Limits.PerMinute, k.Limits.InFlight}
	}
	return out
}

// publicID is the public form of an id, if there is one.
func publicID(p ident.Prefix, id *uuid.UUID) *string {
	if id == nil {
		return nil
	}
	s := ident.Format(p, *id)
	return &s
}

func (l *RateLimit) limits() *access.Limits {
	if l == nil {
		return nil
	}
	return &access.Limits{PerMinute: l.PerMinute, InFlight: l.InFlight}
}

type KeyRef struct {
	ID string `path:"id" doc:"The key's id." example:"key_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (r KeyRef) id() (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Key, r.ID)
	if !ok {
		return id, missing("API key")
	}
	return id, nil
}

func (a *API) registerKeys() {
	tagged := func(id, method, path, summary, tag string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag}}
	}
	create := tagged("createKey", http.MethodPost, "/v1/api-keys", "Create an API key", "API keys")
	create.Description = "The secret is in this answer and never again. A caller grants only scopes that it has; an approvals key is made by a member's session and counts as that member."
	bind := tagged("createCredential", http.MethodPost, "/v1/agents/{id}/credentials", "Create a key of an agent", "Agents")
	reroll := tagged("rerollKey", http.MethodPost, "/v1/api-keys/{id}/reroll", "Replace an API key", "API keys")
	reroll.Description = "A new key with the same rights, whose secret is in this answer; the old one works on for grace_seconds."
	create.DefaultStatus, bind.DefaultStatus, reroll.DefaultStatus = http.StatusCreated, http.StatusCreated, http.StatusCreated
	effect(a, create, a.createKey)
	effect(a, bind, a.createCredential)
	effect(a, reroll, a.rerollKey)
	handle(a, tagged("listKeys", http.MethodGet, "/v1/api-keys", "List API keys", "API keys"), a.listKeys)
	handle(a, tagged("listCredentials", http.MethodGet, "/v1/agents/{id}/credentials", "List the keys of an agent", "Agents"), a.listCredentials)
	handle(a, tagged("getKey", http.MethodGet, "/v1/api-keys/{id}", "Get an API key", "API keys"), a.getKey)
	revoke := tagged("revokeKey", http.MethodDelete, "/v1/api-keys/{id}", "Revoke an API key", "API keys")
	revoke.Description = "Effective on the next request, on every replica within a second, and at once on whatever moves budget."
	effect(a, revoke, a.revokeKey)
}

func (a *API) createKey(ctx context.Context, tx pgx.Tx, in *struct{ Body NewKey }) (Key, error) {
	c, b := callOf(ctx), in.Body
	if c.agent != nil && b.Agent == "" {
		b.Agent = ident.Format(ident.Agent, *c.agent)
	}
	k, secret, err := a.access.CreateKey(ctx, tx, c.Principal, c.id, access.NewKey{Name: b.Name, Mode: b.Mode, Scopes: b.Scopes,
		Agent: b.Agent, ExpiresAt: b.ExpiresAt, Limits: b.RateLimit.limits()})
	if err == nil && k.Agent != nil {
		err = c.sameAgent(*k.Agent, "body.agent")
	}
	return secretKey(k, secret), err
}

func (a *API) createCredential(ctx context.Context, tx pgx.Tx, in *struct {
	AgentRef
	Body Credential
}) (Key, error) {
	c, b := callOf(ctx), in.Body
	if len(b.Scopes) == 0 {
		b.Scopes = []string{string(access.ScopeSpend)}
	}
	k, secret, err := a.access.CreateKey(ctx, tx, c.Principal, c.id, access.NewKey{Name: b.Name, Mode: c.Tenant.Mode(), Scopes: b.Scopes,
		Agent: in.ID, ExpiresAt: b.ExpiresAt, Limits: b.RateLimit.limits()})
	return secretKey(k, secret), err
}

func secretKey(k access.Key, secret string) Key {
	out := keyView(k)
	out.Key = secret
	return out
}

func (a *API) rerollKey(ctx context.Context, tx pgx.Tx, in *struct {
	KeyRef
	Body *Reroll
}) (Key, error) {
	id, err := in.id()
	if err != nil {
		return Key{}, err
	}
	var grace time.Duration
	if in.Body != nil {
		grace = time.Duration(in.Body.GraceSeconds) * time.Second
	}
	c := callOf(ctx)
	k, secret, err := a.access.RerollKey(ctx, tx, c.Principal, c.id, id, grace)
	return secretKey(k, secret), err
}

func (a *API) listKeys(ctx context.Context, in *struct {
	Paging
	Agent string `query:"agent" doc:"Only the keys of this agent."`
}) (*reply[List[Key]], error) {
	agent := callOf(ctx).agent
	if in.Agent != "" {
		id, err := a.agentFilter(ctx, in.Agent)
		if err != nil {
			return nil, err
		}
		agent = id
	}
	return a.keysOf(ctx, in.Paging, agent)
}

func (a *API) listCredentials(ctx context.Context, in *struct {
	Paging
	AgentRef
}) (*reply[List[Key]], error) {
	g, err := a.companies.Agent(ctx, callOf(ctx).Tenant, in.ID)
	if err != nil {
		return nil, err
	}
	return a.keysOf(ctx, in.Paging, &g.ID)
}

func (a *API) keysOf(ctx context.Context, p Paging, agent *uuid.UUID) (*reply[List[Key]], error) {
	page, err := a.idPage(ctx, p)
	if err != nil {
		return nil, err
	}
	rows, err := a.access.Keys(ctx, callOf(ctx).Principal, agent, page)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, p, rows, idPosition(func(k access.Key) uuid.UUID { return k.ID }), keyView), nil
}

func (a *API) getKey(ctx context.Context, in *KeyRef) (*reply[Key], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	k, err := a.access.Key(ctx, callOf(ctx).Principal, id)
	return &reply[Key]{keyView(k)}, err
}

func (a *API) revokeKey(ctx context.Context, tx pgx.Tx, in *KeyRef) (Deleted, error) {
	id, err := in.id()
	if err != nil {
		return Deleted{}, err
	}
	c := callOf(ctx)
	return Deleted{in.ID, true}, a.access.RevokeKey(ctx, tx, c.Principal, c.id, id)
}

// agentFilter finds the agent that a query names, and refuses another than the
// one that the call is scoped to.
func (a *API) agentFilter(ctx context.Context, named string) (*uuid.UUID, error) {
	c := callOf(ctx)
	g, err := a.companies.Agent(ctx, c.Tenant, named)
	if err != nil {
		if fault.Is(err, "not_found") {
			return nil, missing("agent")
		}
		return nil, err
	}
	return &g.ID, c.sameAgent(g.ID, "query.agent")
}
