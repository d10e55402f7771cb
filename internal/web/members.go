package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

func (w *Web) memberPages() []page {
	return []page{
		{http.MethodGet, "/settings/members", member, access.ScopeRead, (*visit).listMembers},
		{http.MethodPost, "/settings/members", member, access.ScopeAdmin, (*visit).invite},
		{http.MethodGet, "/settings/members/:id", member, access.ScopeAdmin, (*visit).oneMember},
		{http.MethodPost, "/settings/members/:id/role", member, access.ScopeAdmin, (*visit).setRole},
		{http.MethodPost, "/settings/members/:id/remove", member, access.ScopeAdmin, (*visit).removeMember},
	}
}

func (v *visit) listMembers() error {
	return v.showMembers(http.StatusOK, views.MembersPage{Role: string(company.Approver)})
}

func (v *visit) showMembers(status int, page views.MembersPage) error {
	before, err := v.olderThan(ident.Member)
	if err != nil {
		return err
	}
	rows, err := v.web.companies.Members(v.ctx(), v.tenant(), company.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	if len(rows) > pageRows {
		rows = rows[:pageRows]
		page.Next = v.frame.With("/settings/members", "before", ident.Format(ident.Member, rows[pageRows-1].ID))
	}
	page.Members = rows
	return v.show(status, views.Members(v.titled("Members"), page))
}

func (v *visit) invite() error {
	email, role := v.FormValue("email"), v.FormValue("role")
	var invited company.Member
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		invited, err = v.web.access.Invite(ctx, tx, v.tenant(), v.actor(), v.who.ActingRole(), email, company.Role(role))
		return err
	})
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.showMembers(http.StatusUnprocessableEntity, views.MembersPage{Wrong: wrong, Email: email, Role: role})
	}
	return v.to("/settings/members", "An invitation is on its way to "+invited.Email+".")
}

func (v *visit) memberID() (uuid.UUID, error) { return v.pathID(ident.Member, "member") }

func (v *visit) oneMember() error { return v.showMember(http.StatusOK, views.Errors{}) }

func (v *visit) showMember(status int, wrong views.Errors) error {
	id, err := v.memberID()
	if err != nil {
		return err
	}
	m, err := v.web.companies.Member(v.ctx(), v.tenant(), id)
	if err != nil {
		return err
	}
	return v.show(status, views.Member(v.titled(m.Email), m, wrong))
}

func (v *visit) setRole() error {
	id, err := v.memberID()
	if err != nil {
		return err
	}
	var m company.Member
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		m, err = v.web.companies.SetRole(ctx, tx, v.tenant(), v.actor(), v.who.ActingRole(), id, company.Role(v.FormValue("role")))
		return err
	})
	if err != nil {
		return v.memberTrouble(err)
	}
	return v.to("/settings/members", m.Email+" is "+views.RoleName(m.Role)+" from the next request on.")
}

func (v *visit) removeMember() error {
	id, err := v.memberID()
	if err != nil {
		return err
	}
	m, err := v.web.companies.Member(v.ctx(), v.tenant(), id)
	if err != nil {
		return err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		return v.web.companies.Remove(ctx, tx, v.tenant(), v.actor(), v.who.ActingRole(), id)
	})
	if err != nil {
		return v.memberTrouble(err)
	}
	if id == v.who.Member {
		return v.redirect("/") // what was theirs is not any more
	}
	return v.to("/settings/members", m.Email+" is no member any more.")
}

// memberTrouble shows the member's page with what was wrong.
func (v *visit) memberTrouble(err error) error {
	wrong, err := troubles(err)
	if err != nil {
		return err
	}
	return v.showMember(http.StatusUnprocessableEntity, wrong)
}
