package api

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/policy"
)

// PolicyRef names a policy.
type PolicyRef struct {
	ID string `path:"id" doc:"The policy's id." example:"pol_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (r PolicyRef) id() (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Policy, r.ID)
	if !ok {
		return id, missing("policy")
	}
	return id, nil
}

func (a *API) registerPolicies() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Policies"}}
	}
	create := tagged("createPolicy", http.MethodPost, "/v1/policies", "Create a policy", "It decides from the next request on.")
	create.DefaultStatus = http.StatusCreated
	handle(a, create, a.createPolicy)
	handle(a, tagged("listPolicies", http.MethodGet, "/v1/policies", "List policies", ""), a.listPolicies)
	handle(a, tagged("getPolicy", http.MethodGet, "/v1/policies/{id}", "Get a policy", ""), a.getPolicy)
	replace := tagged("replacePolicy", http.MethodPut, "/v1/policies/{id}", "Write a new version of a policy",
		"With If-Match a stale version is refused; without it the write goes through. Without status it stays as it is.")
	archive := tagged("archivePolicy", http.MethodDelete, "/v1/policies/{id}", "Archive a policy", "It decides nothing from the next request on. Its versions stay.")
	replace.Errors = []int{http.StatusPreconditionFailed, http.StatusConflict}
	archive.Errors = []int{http.StatusPreconditionFailed}
	handle(a, replace, a.replacePolicy)
	effect(a, archive, a.archivePolicy)
	handle(a, tagged("listPolicyVersions", http.MethodGet, "/v1/policies/{id}/versions", "List a policy's versions", ""), a.listVersions)
	handle(a, huma.Operation{OperationID: "listAgentPolicies", Method: http.MethodGet, Path: "/v1/agents/{id}/policies",
		Summary: "List the policies that cover an agent", Description: "All but archived ones: active, shadow and draft, company-wide ones included. Each says its rules in plain words too, for programs that read.", Tags: []string{"Agents"}}, a.agentPolicies)
	a.registerSimulation()
}

// read turns what a caller wrote into what the policies take.
func (a *API) readPolicy(ctx context.Context, in PolicyContent) (policy.Content, error) {
	rules, err := policy.DecodeRules(in.Rules.raw)
	if err != nil {
		return policy.Content{}, err
	}
	c := callOf(ctx)
	agents, err := a.companies.ResolveAgents(ctx, c.Tenant, in.Agents)
	for i, id := range agents {
		if err == nil {
			err = c.sameAgent(id, fmt.Sprintf("agents[%d]", i))
		}
	}
	return policy.Content{Name: in.Name, Status: policy.Status(in.Status), Agents: agents,
		EffectiveFrom: in.EffectiveFrom, EffectiveTo: in.EffectiveTo, Rules: rules}, err
}

// writePolicy prepares what takes long, and then writes. A repeated request is
// answered without either.
func (a *API) writePolicy(ctx context.Context, status int, in PolicyContent, write func(context.Context, pgx.Tx, policy.Content) (policy.Policy, error)) (*effected[Policy], error) {
	known, err := a.answered(ctx)
	if err != nil {
		return nil, err
	}
	var content policy.Content
	if !known {
		if content, err = a.readPolicy(ctx, in); err != nil {
			return nil, err
		}
		if _, err := a.policies.Prepare(ctx, callOf(ctx).Tenant, &content); err != nil {
			return nil, err
		}
	}
	return run(ctx, a, status, func(ctx context.Context, tx pgx.Tx) (Policy, error) {
		p, err := write(ctx, tx, content)
		if err != nil {
			return Policy{}, err
		}
		return policyView(p)
	})
}

// answered says whether the request's Idempotency-Key has an answer already.
func (a *API) answered(ctx context.Context) (known bool, err error) {
	key, ok := callOf(ctx).onceKey()
	if !ok {
		return false, nil
	}
	err = a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		found, err := once.Find(ctx, tx, key)
		known = found != nil && !found.Outlived
		return err
	})
	return known, err
}

func (a *API) createPolicy(ctx context.Context, in *struct{ Body PolicyContent }) (*effected[Policy], error) {
	c := callOf(ctx)
	return a.writePolicy(ctx, http.StatusCreated, in.Body, func(ctx context.Context, tx pgx.Tx, content policy.Content) (policy.Policy, error) {
		return a.policies.Create(ctx, tx, c.Tenant, c.actor(), content)
	})
}

// Precondition is the header that keeps a write from undoing another's.
type Precondition struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the version that is to be changed."`
}

func (a *API) replacePolicy(ctx context.Context, in *struct {
	PolicyRef
	Precondition
	Body PolicyContent
}) (*effected[Policy], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	versions, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	before, err := a.policies.Get(ctx, c.Tenant, id)
	if err != nil {
		return nil, err // before anything is prepared for it
	}
	if in.Body.Status == "" {
		in.Body.Status = string(before.Status) // a draft is not begun, nor what was archived, by saying nothing
	}
	return a.writePolicy(ctx, http.StatusOK, in.Body, func(ctx context.Context, tx pgx.Tx, content policy.Content) (policy.Policy, error) {
		return a.policies.Update(ctx, tx, c.Tenant, c.actor(), id, versions, content)
	})
}

func (a *API) archivePolicy(ctx context.Context, tx pgx.Tx, in *struct {
	PolicyRef
	Precondition
}) (Policy, error) {
	id, err := in.id()
	if err != nil {
		return Policy{}, err
	}
	versions, err := ifMatch(in.IfMatch)
	if err != nil {
		return Policy{}, err
	}
	c := callOf(ctx)
	p, err := a.policies.Archive(ctx, tx, c.Tenant, c.actor(), id, versions)
	if err != nil {
		return Policy{}, err
	}
	return policyView(p)
}

func (a *API) getPolicy(ctx context.Context, in *PolicyRef) (*etagged[Policy], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	p, err := a.seenPolicy(ctx, id)
	if err != nil {
		return nil, err
	}
	view, err := policyView(p)
	return &etagged[Policy]{ETag: etag(p.Version), Body: view}, err
}

func (a *API) listPolicies(ctx context.Context, in *struct {
	Paging
	Status string `query:"status" enum:"draft,shadow,active,archived" doc:"Where it stands."`
	Agent  string `query:"agent" doc:"Those that cover this agent; id or handle."`
}) (*reply[List[Policy]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	f := policy.Filter{Status: policy.Status(in.Status), Agent: orNil(callOf(ctx).agent)}
	if in.Agent != "" {
		id, err := a.agentFilter(ctx, in.Agent)
		if err != nil {
			return nil, err
		}
		f.Agent = *id
	}
	rows, err := a.policies.List(ctx, callOf(ctx).Tenant, f, orNil(before), in.Limit+1)
	if err != nil {
		return nil, err
	}
	views, err := policyViews(rows)
	if err != nil {
		return nil, err
	}
	position := func(i int) []byte { id := rows[i].ID; return id[:] }
	return pageOf(a, ctx, in.Paging, indices(len(rows)), position, func(i int) Policy { return views[i] }), nil
}

func policyViews(rows []policy.Policy) ([]Policy, error) {
	out := make([]Policy, len(rows))
	for i, p := range rows {
		var err error
		if out[i], err = policyView(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// indices are 0 to n-1: rows of a page whose views are made already.
func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func (a *API) agentPolicies(ctx context.Context, in *struct {
	AgentRef
	Paging
}) (*reply[List[AgentPolicy]], error) {
	t := callOf(ctx).Tenant
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	id, err := a.findAgent(ctx, t, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := a.policies.ForAgent(ctx, t, id)
	if err != nil {
		return nil, err
	}
	if before != nil { // there are few, so a page is cut out of all
		rows = slices.DeleteFunc(rows, func(p policy.Policy) bool { return bytes.Compare(p.ID[:], before[:]) >= 0 })
	}
	rows = rows[:min(len(rows), in.Limit+1)]
	of, err := a.companies.Get(ctx, t)
	if err != nil {
		return nil, err
	}
	views, err := agentPolicyViews(rows, policy.Words{Zone: of.TimeZone})
	if err != nil {
		return nil, err
	}
	position := func(i int) []byte { id := rows[i].ID; return id[:] }
	return pageOf(a, ctx, in.Paging, indices(len(rows)), position, func(i int) AgentPolicy { return views[i] }), nil
}

// seenPolicy is a policy that covers an agent that the caller sees.
func (a *API) seenPolicy(ctx context.Context, id uuid.UUID) (policy.Policy, error) {
	c := callOf(ctx)
	p, err := a.policies.Get(ctx, c.Tenant, id)
	if err == nil && len(p.Agents) > 0 && !slices.ContainsFunc(p.Agents, c.sees) {
		return policy.Policy{}, missing("policy")
	}
	return p, err
}

func (a *API) listVersions(ctx context.Context, in *struct {
	Paging
	PolicyRef
}) (*reply[List[PolicyVersion]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	position, err := a.after(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	if callOf(ctx).agent != nil {
		if _, err := a.seenPolicy(ctx, id); err != nil {
			return nil, err
		}
	}
	before := 0
	if len(position) == 4 {
		before = int(binary.BigEndian.Uint32(position))
	}
	rows, err := a.policies.Versions(ctx, callOf(ctx).Tenant, id, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	views := make([]PolicyVersion, len(rows))
	for i, v := range rows {
		p, err := policyView(v.Policy)
		if err != nil {
			return nil, err
		}
		views[i] = PolicyVersion{p, v.WrittenBy}
	}
	at := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(rows[i].Version)) }
	return pageOf(a, ctx, in.Paging, indices(len(rows)), at, func(i int) PolicyVersion { return views[i] }), nil
}
