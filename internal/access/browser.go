package access

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

// FromBrowser finds who a page's request acts as: by the token of a session, in
// the company that was chosen (its public id), or where that is not one of
// theirs in the oldest that the person is a member of, which may be none. It
// also gives all of the person's companies, to choose from. The fault is
// Unauthenticated: invalid_session.
func (a *Access) FromBrowser(ctx context.Context, token, chosen string, live bool) (Principal, []company.Membership, error) {
	p, err := a.person(ctx, token)
	if err != nil {
		return Principal{}, nil, err
	}
	all, err := a.companies.Memberships(ctx, p.Person)
	if err != nil {
		return Principal{}, nil, err
	}
	p.Tenant, p.ModeStated, p.Companies = ident.Tenant{Live: live}, true, len(all)
	if m := preferred(all, chosen); m.Company != uuid.Nil {
		p.Tenant.Company, p.Member, p.Role, p.Scopes = m.Company, m.ID, m.Role, byRole[m.Role]
	}
	return p, all, nil
}

// preferred is the chosen company, else the first.
func preferred(all []company.Membership, chosen string) company.Membership {
	for _, m := range all {
		if ident.Format(ident.Company, m.Company) == chosen {
			return m
		}
	}
	if len(all) == 0 {
		return company.Membership{}
	}
	return all[0]
}
