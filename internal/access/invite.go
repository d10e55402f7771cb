package access

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Invite makes somebody a member from their first sign-in with the address, and
// has them told by mail: by ours, or by Clerk's where there is none. The mail is
// stored with the invitation, so that neither is there without the other. Its
// errors are those of company.Service.Invite.
func (a *Access) Invite(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, as company.Role, email string, role company.Role) (company.Member, error) {
	m, err := a.companies.Invite(ctx, tx, t, by, as, email, role)
	if err != nil {
		return m, err
	}
	if a.config.Mailer == nil {
		return m, a.config.Queue.AddErrand(ctx, tx, clerkInvitation{t.Company, m.ID})
	}
	row, err := db.New(tx).CompanyGet(ctx, t.Company, t.Live)
	if err != nil {
		return m, err
	}
	return m, a.config.Mailer.Invitation(ctx, tx, m.Email, row.Company.Name, string(m.Role), a.landing())
}

// landing is the page on which somebody who is invited joins.
func (a *Access) landing() string {
	if a.clerk != nil {
		return a.config.BaseURL + "/sign-up"
	}
	return a.config.BaseURL + "/sign-in"
}

// clerkInvitation names an invitation that Clerk is to mail.
type clerkInvitation struct {
	Company uuid.UUID `json:"company"`
	Member  uuid.UUID `json:"member"`
}

// Kind is the job's name in the queue.
func (clerkInvitation) Kind() string { return "clerk_invitation" }

// mailByClerk has Clerk mail the invitation, unless it was taken back or followed.
func (a *Access) mailByClerk(ctx context.Context, i clerkInvitation) error {
	m, err := db.New(a.pool).MemberGet(ctx, i.Company, i.Member)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && m.Status != string(company.Invited) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.clerk.invite(ctx, m.Email, a.landing())
}
