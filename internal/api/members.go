package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

// Member is a person of a company, or an invitation to become one.
type Member struct {
	ID        string    `json:"id" example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Email     string    `json:"email" format:"email" example:"ada@example.com"`
	Role      string    `json:"role" enum:"owner,admin,approver,viewer"`
	Status    string    `json:"status" enum:"invited,active"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func memberView(m company.Member) Member {
	return Member{ID: ident.Format(ident.Member, m.ID), Email: m.Email, Role: string(m.Role), Status: string(m.Status),
		CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC()}
}

// Invitation asks somebody to become a member.
type Invitation struct {
	Email string `json:"email" maxLength:"254" example:"ada@example.com"`
	Role  string `json:"role" enum:"owner,admin,approver,viewer"`
}

// RoleChange gives a member another role.
type RoleChange struct {
	Role string `json:"role" enum:"owner,admin,approver,viewer"`
}

// Deleted says what is gone.
type Deleted struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted" doc:"Always true."`
}

func (a *API) registerMembers() {
	tagged := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"Members"}}
	}
	handle(a, tagged("listMembers", http.MethodGet, "/v1/members", "List members and invitations"), a.listMembers)
	invite := tagged("inviteMember", http.MethodPost, "/v1/members", "Invite a member")
	invite.Description = "The invitation goes by mail; a member from the first sign-in with that address."
	invite.DefaultStatus = http.StatusCreated
	effect(a, invite, a.inviteMember)
	change := tagged("updateMember", http.MethodPatch, "/v1/members/{id}", "Change a member's role")
	remove := tagged("removeMember", http.MethodDelete, "/v1/members/{id}", "Remove a member")
	change.Errors, remove.Errors = []int{http.StatusConflict}, []int{http.StatusConflict}
	effect(a, change, a.updateMember)
	effect(a, remove, a.removeMember)
}

func (a *API) listMembers(ctx context.Context, in *struct{ Paging }) (*reply[List[Member]], error) {
	page, err := a.idPage(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	rows, err := a.companies.Members(ctx, callOf(ctx).Tenant, page)
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(m company.Member) uuid.UUID { return m.ID }), memberView), nil
}

func (a *API) inviteMember(ctx context.Context, tx pgx.Tx, in *struct{ Body Invitation }) (Member, error) {
	c := callOf(ctx)
	m, err := a.access.Invite(ctx, tx, c.Tenant, c.actor(), c.ActingRole(), in.Body.Email, company.Role(in.Body.Role))
	return memberView(m), err
}

func (a *API) updateMember(ctx context.Context, tx pgx.Tx, in *struct {
	ID   string `path:"id" doc:"The member's id." example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Body RoleChange
}) (Member, error) {
	c := callOf(ctx)
	id, ok := ident.Parse(ident.Member, in.ID)
	if !ok {
		return Member{}, missing("member")
	}
	m, err := a.companies.SetRole(ctx, tx, c.Tenant, c.actor(), c.ActingRole(), id, company.Role(in.Body.Role))
	return memberView(m), err
}

func (a *API) removeMember(ctx context.Context, tx pgx.Tx, in *struct {
	ID string `path:"id" doc:"The member's id." example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}) (Deleted, error) {
	c := callOf(ctx)
	id, ok := ident.Parse(ident.Member, in.ID)
	if !ok {
		return Deleted{}, missing("member")
	}
	return Deleted{in.ID, true}, a.companies.Remove(ctx, tx, c.Tenant, c.actor(), c.ActingRole(), id)
}
