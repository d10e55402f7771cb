package main

import (
	"net/url"

	"encoding/json"

	"github.com/getpurser/purser/internal/client"
)

type agentsGroup struct {
	List        listAgents       `cmd:"" api:"GET /v1/agents" columns:"id,handle,name,status,created_at" help:"List them, newest first."`
	Create      createAgent      `cmd:"" api:"POST /v1/agents" columns:"id,handle,name,status" help:"Make one."`
	Get         agentThing       `cmd:"" api:"GET /v1/agents/{id}" columns:"id,handle,name,description,status,metadata,created_at,updated_at" help:"Show one."`
	Update      updateAgent      `cmd:"" api:"PATCH /v1/agents/{id}" columns:"id,handle,name,description,status" help:"Change one."`
	Delete      agentThing       `cmd:"" api:"DELETE /v1/agents/{id}" columns:"id,handle,status" help:"End one: its history stays."`
	Freeze      agentThing       `cmd:"" api:"POST /v1/agents/{id}/freeze" columns:"id,handle,status" help:"Deny everything new that it asks."`
	Unfreeze    agentThing       `cmd:"" api:"POST /v1/agents/{id}/unfreeze" columns:"id,handle,status" help:"Let it spend again."`
	Policies    agentThing       `cmd:"" api:"GET /v1/agents/{id}/policies" columns:"id,name,status,version,sentences" help:"The policies that cover it, in words."`
	Credentials credentialsGroup `cmd:"" help:"Its own keys."`
}

type listAgents struct {
	Status string `help:"active, frozen or deleted."`
	paging
}

// Run calls the endpoint.
func (c listAgents) Run(a *app) error {
	q := url.Values{}
	set(q, "status", c.Status)
	return c.list(a, "", q)
}

type createAgent struct {
	Handle      string   `arg:"" json:"handle" help:"Its short name: a-z, 0-9, _ and -."`
	Name        string   `arg:"" json:"name" help:"Its name for people."`
	Description string   `json:"description,omitempty" help:"What it does."`
	Metadata    metadata `json:"metadata,omitempty" placeholder:"KEY=VALUE"`
}

// Run calls the endpoint.
func (c createAgent) Run(a *app) error { return a.do("", nil, c) }

type updateAgent struct {
	Which       string   `arg:"" json:"-" name:"agent" help:"Its id or handle."`
	Handle      *string  `json:"handle,omitempty" help:"A new short name."`
	Name        *string  `json:"name,omitempty" help:"A new name."`
	Description *string  `json:"description,omitempty" help:"A new description."`
	Metadata    metadata `json:"metadata,omitempty" help:"An empty value takes a key away." placeholder:"KEY=VALUE"`
}

// Run calls the endpoint.
func (c updateAgent) Run(a *app) error { return a.do(c.Which, nil, c) }

type credentialsGroup struct {
	List   itemsOf          `cmd:"" api:"GET /v1/agents/{id}/credentials" columns:"id,name,prefix,scopes,expires_at,last_used_at" help:"List them."`
	Create createCredential `cmd:"" api:"POST /v1/agents/{id}/credentials" columns:"id,key,name,mode,scopes,expires_at" help:"Make one. It is shown once."`
}

type createCredential struct {
	Which   string   `arg:"" json:"-" name:"agent" help:"Its id or handle."`
	Name    string   `arg:"" json:"name" help:"What the key is for."`
	Scopes  []string `json:"scopes,omitempty" help:"spend without it."`
	Expires string   `json:"expires_at,omitempty" name:"expires-at" help:"RFC 3339." placeholder:"TIME"`
}

// Run calls the endpoint.
func (c createCredential) Run(a *app) error { return a.do(c.Which, nil, c) }

type keysGroup struct {
	List   listKeys  `cmd:"" api:"GET /v1/api-keys" columns:"id,name,prefix,mode,scopes,agent,expires_at,last_used_at" help:"List them, newest first."`
	Create createKey `cmd:"" api:"POST /v1/api-keys" columns:"id,key,name,mode,scopes,agent,expires_at" help:"Make one. It is shown once."`
	Get    thing     `cmd:"" api:"GET /v1/api-keys/{id}" columns:"id,name,prefix,mode,scopes,agent,member,created_by,expires_at,last_used_at,rerolled_to,created_at" help:"Show one, without its secret."`
	Reroll rerollKey `cmd:"" api:"POST /v1/api-keys/{id}/reroll" columns:"id,key,name,mode,scopes,agent,expires_at" help:"Put a new key in its place."`
	Revoke thing     `cmd:"" api:"DELETE /v1/api-keys/{id}" help:"End one."`
}

type listKeys struct{ paging }

// Run calls the endpoint.
func (c listKeys) Run(a *app) error {
	q := url.Values{}
	set(q, "agent", a.Agent)
	return c.list(a, "", q)
}

type createKey struct {
	Name    string   `arg:"" json:"name" help:"What the key is for."`
	Scopes  []string `json:"scopes" required:"" help:"admin, approvals, spend, settle, read."`
	For     string   `json:"mode" name:"for" enum:"live,test" default:"test" help:"live or test."`
	Bind    string   `json:"agent,omitempty" name:"bind" help:"The one agent that it speaks for." placeholder:"AGENT"`
	Expires string   `json:"expires_at,omitempty" name:"expires-at" help:"RFC 3339." placeholder:"TIME"`
}

// Run calls the endpoint.
func (c createKey) Run(a *app) error { return a.do("", nil, c) }

type rerollKey struct {
	ID    string `arg:"" json:"-" help:"Its id."`
	Grace int    `json:"grace_seconds,omitempty" help:"How many seconds the old one still works." placeholder:"SECONDS"`
}

// Run calls the endpoint.
func (c rerollKey) Run(a *app) error { return a.do(c.ID, nil, c) }

type membersGroup struct {
	List   items        `cmd:"" api:"GET /v1/members" columns:"id,email,role,status" help:"List them."`
	Invite inviteMember `cmd:"" api:"POST /v1/members" columns:"id,email,role,status" help:"Invite somebody by mail."`
	Update updateMember `cmd:"" api:"PATCH /v1/members/{id}" columns:"id,email,role,status" help:"Change a role."`
	Remove thing        `cmd:"" api:"DELETE /v1/members/{id}" help:"Take somebody out."`
}

type inviteMember struct {
	Email string `arg:"" json:"email" help:"The mail address."`
	Role  string `arg:"" json:"role" enum:"owner,admin,approver,viewer" help:"owner, admin, approver or viewer."`
}

// Run calls the endpoint.
func (c inviteMember) Run(a *app) error { return a.do("", nil, c) }

type updateMember struct {
	ID   string `arg:"" json:"-" help:"Their id."`
	Role string `arg:"" json:"role" enum:"owner,admin,approver,viewer" help:"owner, admin, approver or viewer."`
}

// Run calls the endpoint.
func (c updateMember) Run(a *app) error { return a.do(c.ID, nil, c) }

type companyGroup struct {
	Get      whole         `cmd:"" api:"GET /v1/company" columns:"id,name,currency,time_zone,approval_timeout,token_audience,require_redemption,frozen_at" help:"Show it."`
	Create   createCompany `cmd:"" api:"POST /v1/companies" columns:"id,name,currency,time_zone" help:"Make one, with you as its owner."`
	Update   updateCompany `cmd:"" api:"PATCH /v1/company" columns:"id,name,currency,time_zone,approval_timeout,token_audience,require_redemption" help:"Change its settings."`
	Freeze   whole         `cmd:"" api:"POST /v1/company/freeze" columns:"id,name,frozen_at" help:"Deny everything new, for every agent."`
	Unfreeze whole         `cmd:"" api:"POST /v1/company/unfreeze" columns:"id,name,frozen_at" help:"Let it spend again."`
}

type createCompany struct {
	Name     string `arg:"" json:"name" help:"Its name."`
	Currency string `json:"currency,omitempty" help:"ISO 4217; usd without it."`
	TimeZone string `json:"time_zone,omitempty" help:"An IANA name; UTC without it."`
}

// Run calls the endpoint.
func (c createCompany) Run(a *app) error { return a.do("", nil, c) }

type updateCompany struct {
	Name              *string `json:"name,omitempty" help:"A new name."`
	Currency          *string `json:"currency,omitempty" help:"ISO 4217."`
	TimeZone          *string `json:"time_zone,omitempty" help:"An IANA name."`
	ApprovalTimeout   *string `json:"approval_timeout,omitempty" help:"How long a request waits for people, such as 24h."`
	TokenAudience     *string `json:"token_audience,omitempty" help:"The aud of live tokens; empty is the server's own."`
	RequireRedemption *bool   `json:"require_redemption,omitempty" negatable:"" help:"Only processors that redeemed a token may confirm."`
	IfVersion         string  `json:"-" name:"if-match" help:"The ETag that you saw: it is refused when somebody else changed it since."`
}

// Run calls the endpoint.
func (c updateCompany) Run(a *app) error { return a.doIfMatch("", c.IfVersion, c) }

type policiesGroup struct {
	List     listPolicies   `cmd:"" api:"GET /v1/policies" columns:"id,name,status,version,agents,updated_at" help:"List them, newest first."`
	Create   createPolicy   `cmd:"" api:"POST /v1/policies" columns:"id,name,status,version,warnings" help:"Make one from a JSON file."`
	Get      thing          `cmd:"" api:"GET /v1/policies/{id}" columns:"id,name,status,version,agents,rules,effective_from,effective_to,warnings,updated_at" help:"Show one."`
	Replace  replacePolicy  `cmd:"" api:"PUT /v1/policies/{id}" columns:"id,name,status,version,warnings" help:"Write its next version from a JSON file."`
	Archive  thing          `cmd:"" api:"DELETE /v1/policies/{id}" columns:"id,name,status,version" help:"End one: its versions stay."`
	Versions itemsOf        `cmd:"" api:"GET /v1/policies/{id}/versions" columns:"version,name,status,created_at" help:"Its versions, newest first."`
	Simulate simulatePolicy `cmd:"" api:"POST /v1/policies/simulate" columns:"total,before,after,weekly_approvals_before,weekly_approvals,totals,warnings" help:"What a policy would have changed."`
}

type listPolicies struct {
	Status string `help:"draft, shadow, active or archived."`
	paging
}

// Run calls the endpoint.
func (c listPolicies) Run(a *app) error {
	q := url.Values{}
	set(q, "status", c.Status)
	set(q, "agent", a.Agent)
	return c.list(a, "", q)
}

type createPolicy struct {
	File string `arg:"" help:"The policy as JSON, - for standard input."`
}

// Run calls the endpoint.
func (c createPolicy) Run(a *app) error {
	body, err := a.document(c.File)
	if err != nil {
		return err
	}
	return a.do("", nil, body)
}

type replacePolicy struct {
	ID      string `arg:"" help:"Its id."`
	File    string `arg:"" help:"The policy as JSON, - for standard input."`
	IfMatch string `help:"The ETag that you saw: it is refused when somebody else changed it since."`
}

// Run calls the endpoint.
func (c replacePolicy) Run(a *app) error {
	body, err := a.document(c.File)
	if err != nil {
		return err
	}
	return a.doIfMatch(c.ID, c.IfMatch, body)
}

func (a *app) doIfMatch(id, version string, body any) error {
	call := a.request(id, nil, body)
	call.IfMatch = version
	answer, err := a.ask(call)
	if err != nil {
		return err
	}
	return a.print(answer)
}

type simulatePolicy struct {
	File     string `arg:"" help:"The policy as JSON, - for standard input."`
	From     string `required:"" help:"From when (RFC 3339)." placeholder:"TIME"`
	To       string `required:"" help:"Until when (RFC 3339)." placeholder:"TIME"`
	Replaces string `help:"The policy in whose place it is put." placeholder:"ID"`
}

// Run calls the endpoint.
func (c simulatePolicy) Run(a *app) error {
	content, err := a.document(c.File)
	if err != nil {
		return err
	}
	return a.do("", nil, struct {
		Policy   json.RawMessage `json:"policy"`
		From     string          `json:"from"`
		To       string          `json:"to"`
		Replaces string          `json:"replaces,omitempty"`
	}{content, c.From, c.To, c.Replaces})
}

// call is one call besides the command's own.
func (a *app) call(method, path string, body any) (client.Answer, error) {
	return a.ask(client.Call{Method: method, Path: path, Body: body, Agent: a.Agent})
}
