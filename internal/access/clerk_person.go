package access

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// fromClerk verifies a session token of Clerk's and finds the person that its
// user is: by the user's id, and the first time by the address that Clerk
// verified.
func (a *Access) fromClerk(ctx context.Context, token string) (Principal, error) {
	claims, err := a.clerk.verify(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	q := db.New(a.pool)
	person, err := q.PersonByClerk(ctx, claims.Subject)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		person, err = a.meet(ctx, claims.Subject)
	case err == nil:
		err = a.welcome(ctx, q, person)
	}
	if err != nil {
		return Principal{}, err
	}
	ends := time.Unix(*claims.Expiry, 0)
	return Principal{Kind: BySession, Person: person.PersonID, Email: person.Email,
		ClerkSession: claims.SessionID, ExpiresAt: &ends}, nil
}

// meet makes a user of Clerk's a person, or finds who they are by the address.
// An address that Clerk gave to another user since is that user's now.
func (a *Access) meet(ctx context.Context, user string) (person db.Person, err error) {
	address, name, err := a.clerk.verifiedEmail(ctx, user)
	if err != nil {
		return person, err
	}
	email, err := company.Email(address)
	if err != nil {
		return person, noVerifiedEmail()
	}
	if name, err = company.Text("name", name, 0, 200); err != nil {
		name = "" // what somebody called themselves elsewhere is no reason to refuse them
	}
	err = a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if person, err = q.PersonUpsertClerk(ctx, ident.New(), email, name, user); err != nil {
			return err
		}
		_, err := a.companies.Accept(ctx, tx, company.Person{ID: person.PersonID, Email: person.Email}, "")
		return err
	})
	return person, err
}

// welcome makes a person who is invited a member: Clerk's next token is the
// sign-in that the invitation waits for.
func (a *Access) welcome(ctx context.Context, q *db.Queries, p db.Person) error {
	invited, err := q.PersonHasInvitation(ctx, p.Email, p.PersonID)
	if err != nil || !invited {
		return err
	}
	return a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := a.companies.Accept(ctx, tx, company.Person{ID: p.PersonID, Email: p.Email}, "")
		return err
	})
}
