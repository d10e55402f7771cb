package main

import "net/url"

type approvalsGroup struct {
	List    listApprovals `cmd:"" api:"GET /v1/approvals" columns:"id,status,authorization.amount,authorization.currency,authorization.merchant.name,authorization.purpose,expires_at" help:"What waits, newest first."`
	Get     thing         `cmd:"" api:"GET /v1/approvals/{id}" columns:"id,status,agent,authorization.amount,authorization.currency,authorization.merchant.name,authorization.purpose,authorization.reason,requirements,votes,digest,expires_at,created_at,decided_at" help:"Show one."`
	Approve approve       `cmd:"" api:"POST /v1/approvals/{id}/approve" columns:"id,status,votes,decided_at" help:"Approve it, or less of it."`
	Deny    deny          `cmd:"" api:"POST /v1/approvals/{id}/deny" columns:"id,status,votes,decided_at" help:"Deny it."`
}

type listApprovals struct {
	Status string `help:"pending (the default), approved, denied, expired or voided."`
	paging
}

// Run calls the endpoint.
func (c listApprovals) Run(a *app) error {
	q := url.Values{}
	set(q, "status", c.Status)
	set(q, "agent", a.Agent)
	return c.list(a, "", q)
}

type approve struct {
	ID      string `arg:"" json:"-" help:"The approval's id."`
	Amount  string `json:"amount,omitempty" help:"Approve less than was asked."`
	Comment string `json:"comment,omitempty" help:"Why."`
	Shown   string `json:"shown,omitempty" help:"The digest that you saw: it is refused when something changed since."`
}

// Run calls the endpoint.
func (c approve) Run(a *app) error { return a.do(c.ID, nil, c) }

type deny struct {
	ID     string `arg:"" json:"-" help:"The approval's id."`
	Reason string `json:"reason,omitempty" help:"Why not."`
	Shown  string `json:"shown,omitempty" help:"The digest that you saw: it is refused when something changed since."`
}

// Run calls the endpoint.
func (c deny) Run(a *app) error { return a.do(c.ID, nil, c) }
