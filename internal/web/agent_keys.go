package web

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

// makeAgentKey makes a key that is bound to the agent. Its secret is in the
// answer to this form and nowhere else, so this does not lead to another page.
func (v *visit) makeAgentKey() error {
	a, err := v.theAgent()
	if err != nil {
		return err
	}
	form := views.KeyForm{Name: v.FormValue("name"), Reads: v.FormValue("reads") != ""}
	in := access.NewKey{Name: form.Name, Mode: v.tenant().Mode(), Agent: ident.Format(ident.Agent, a.ID), Scopes: []string{string(access.ScopeSpend)}}
	if form.Reads {
		in.Scopes = append(in.Scopes, string(access.ScopeRead))
	}
	var secret string
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		_, secret, err = v.web.access.CreateKey(ctx, tx, v.who, v.requestID(), in)
		return err
	})
	status := http.StatusOK
	if err != nil {
		if form.Wrong, err = troubles(err); err != nil {
			return err
		}
		status = http.StatusUnprocessableEntity
	}
	page, err := v.agentPage()
	if err != nil {
		return err
	}
	page.Secret, page.KeyForm = secret, form
	if secret != "" {
		page.KeyForm = views.KeyForm{}
	}
	return v.show(status, views.Agent(v.titled(page.Agent.Handle), page))
}

func (v *visit) revokeAgentKey() error {
	a, err := v.theAgent()
	if err != nil {
		return err
	}
	id, ok := ident.Parse(ident.Key, v.Param("key"))
	if !ok {
		return fault.Missing("API key")
	}
	k, err := v.web.access.Key(v.ctx(), v.who, id)
	if err == nil && (k.Agent == nil || *k.Agent != a.ID || k.Tenant != v.tenant()) {
		err = fault.Missing("API key")
	}
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			return v.web.access.RevokeKey(ctx, tx, v.who, v.requestID(), id)
		})
	}
	if err != nil {
		return err
	}
	return v.to(views.AgentPath(a.ID), "The key "+k.Name+" is revoked.")
}
