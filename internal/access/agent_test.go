package access_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

func TestAgentOfACall(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	one := h.agent(owner.Tenant, owner, "one")
	h.agent(owner.Tenant, owner, "two")
	_, bound, err := h.key(owner, access.NewKey{Mode: "live", Scopes: []string{"spend"}, Agent: "one"})
	if err != nil {
		t.Fatal(err)
	}
	id, key := ident.Format(ident.Agent, one.ID), h.who(bound)
	for name, c := range map[string]struct {
		p             access.Principal
		header, named string
		code          string
		none          bool
	}{
		"nothing":                  {owner, "", "", "", true},
		"named":                    {owner, "", "one", "", false},
		"header":                   {owner, id, "", "", false},
		"both, id and handle":      {owner, id, "one", "", false},
		"both, different":          {owner, "two", "one", "agent_mismatch", false},
		"unknown":                  {owner, "", "three", "not_found", false},
		"unknown in the header":    {owner, "three", "one", "not_found", false},
		"bound, nothing":           {key, "", "", "", false},
		"bound, itself":            {key, "one", id, "", false},
		"bound, another":           {key, "", "two", "wrong_agent", false},
		"bound, another in header": {key, "two", "", "wrong_agent", false},
	} {
		got, err := h.AgentOf(t.Context(), c.p, c.header, c.named)
		switch {
		case c.code != "":
			if err == nil {
				t.Errorf("%s went through", name)
			}
			wantCode(t, err, c.code)
		case err != nil || (got == nil) != c.none || got != nil && got.ID != one.ID:
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestInvitationIsMailed(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.Invite(ctx, tx, owner.Tenant, owner.Actor(""), owner.ActingRole(), "ada@example.com", company.Viewer)
		return err
	})
	if last := h.mail.links[len(h.mail.links)-1]; last.to != "ada@example.com" || last.link != base+"/sign-in" {
		t.Errorf("%+v", last)
	}
}
