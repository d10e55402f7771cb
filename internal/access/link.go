package access

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// SendLink mails a sign-in link that works once, for 15 minutes. The answer is
// the same for every address, whether or not somebody has it: an address that
// got many lately gets no more for a while, and nobody is told. Invalid:
// email_malformed. RateLimited: too_many_links, for the client. Conflict:
// clerk_configured.
func (a *Access) SendLink(ctx context.Context, email, client string) error {
	if err := a.needLinks(); err != nil {
		return err
	}
	email, err := company.Email(email)
	if err != nil {
		return err
	}
	if ok, wait := a.maySend(client); !ok {
		return fault.New(fault.RateLimited, "too_many_links", "Too many sign-in links were asked for. Wait a moment.").After(wait)
	}
	most := int64(a.config.LinksPerAddress)
	if most < 0 {
		most = 1 << 62
	}
	token, hash := drawToken()
	sent, err := db.New(a.pool).LinkInsert(ctx, hash, email, linkLifetime.Seconds(), most)
	if err != nil || sent == 0 {
		return err
	}
	link := a.config.BaseURL + "/sign-in/verify?token=" + url.QueryEscape(token)
	return mailed(a.config.Mailer.SignInLink(ctx, email, link, linkLifetime))
}

func mailed(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "mail_unavailable", "Mail cannot be sent at the moment. Try again.").
		After(10 * time.Second).Because(err)
}

func (a *Access) maySend(client string) (bool, time.Duration) {
	if a.config.LinksPerClient < 0 || client == "" {
		return true, 0
	}
	ok, _, wait := a.sent.take(network(client), a.config.LinksPerClient)
	return ok, wait
}

func (a *Access) needLinks() error {
	if a.clerk != nil {
		return fault.New(fault.Conflict, "clerk_configured", "People sign in with Clerk here: links by mail are off.")
	}
	return nil
}

// VerifyLink trades the token of a link for a session, once. It makes the
// person at the first sign-in, and members of who was invited. A token that is
// unknown, used or too old is Unauthenticated: invalid_link.
func (a *Access) VerifyLink(ctx context.Context, token, client, requestID string) (SignedIn, error) {
	if err := a.needLinks(); err != nil {
		return SignedIn{}, err
	}
	if wait, blocked := a.failures.full(network(client), a.config.FailuresPerMinute); blocked && client != "" {
		return SignedIn{}, tooManyFailures(wait)
	}
	var person db.Person
	var session db.Session
	err := a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		email, err := q.LinkUse(ctx, hashToken(token))
		if err != nil {
			return err
		}
		if person, err = q.PersonUpsert(ctx, ident.New(), email); err != nil {
			return err
		}
		if _, err := a.companies.Accept(ctx, tx, company.Person{ID: person.PersonID, Email: email}, requestID); err != nil {
			return err
		}
		session, err = q.SessionInsert(ctx, ident.New(), person.PersonID, SessionLifetime.Seconds())
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		if client != "" {
			a.failures.take(network(client), a.config.FailuresPerMinute)
		}
		return SignedIn{}, fault.New(fault.Unauthenticated, "invalid_link", "This link is used, too old or not valid. Ask for a new one.")
	}
	if err != nil {
		return SignedIn{}, err
	}
	return a.mint(person, session)
}
