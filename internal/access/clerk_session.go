package access

import (
	"context"
	"errors"
	"net/http"

	"github.com/clerk/clerk-sdk-go/v2"
	clerksession "github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
)

// Confirm asks the keeper of a session whether it still is one, for what must
// not be done with a session that was revoked a moment ago: whatever writes.
// One of ours was asked already, as every request asks for it; Clerk's tokens
// outlive their session by a minute, so Clerk is asked. The faults are
// Unauthenticated: invalid_session and Unavailable: identity_unavailable.
func (a *Access) Confirm(ctx context.Context, p Principal) error {
	if p.ClerkSession == "" {
		return nil
	}
	return a.clerk.confirm(ctx, p.ClerkSession)
}

func (c *clerkIdentity) confirm(ctx context.Context, session string) error {
	found, err := c.sessions.Get(ctx, session)
	if isGone(err) {
		return errInvalidSession().Because(err)
	}
	if err != nil {
		return identityUnavailable(err)
	}
	if found.Status != "active" {
		return errInvalidSession().Because(errors.New("the session is " + found.Status))
	}
	return nil
}

// revoke ends a session at Clerk. One that is over already is no failure.
func (c *clerkIdentity) revoke(ctx context.Context, session string) error {
	_, err := c.sessions.Revoke(ctx, &clerksession.RevokeParams{ID: session})
	if err != nil && !isGone(err) {
		return identityUnavailable(err)
	}
	return nil
}

// mostSessions is how many of a user's sessions are asked for at once: as many
// as Clerk gives.
const mostSessions = 500

// revokeAll ends all of a user's sessions at Clerk, and tells how many.
func (c *clerkIdentity) revokeAll(ctx context.Context, user string) (ended int, err error) {
	for _, status := range []string{"active", "pending"} {
		for {
			list, err := c.sessions.List(ctx, &clerksession.ListParams{UserID: &user, Status: &status,
				ListParams: clerk.ListParams{Limit: clerk.Int64(mostSessions)}})
			if err != nil {
				return ended, identityUnavailable(err)
			}
			for _, s := range list.Sessions {
				if err := c.revoke(ctx, s.ID); err != nil {
					return ended, err
				}
				ended++
			}
			if len(list.Sessions) < mostSessions {
				break
			}
		}
	}
	return ended, nil
}

func isGone(err error) bool {
	var answer *clerk.APIErrorResponse
	return errors.As(err, &answer) && answer.HTTPStatusCode == http.StatusNotFound
}

// logoutEverywhereAtClerk ends what the person has open there.
func (a *Access) logoutEverywhereAtClerk(ctx context.Context, tx pgx.Tx, p Principal) (int, error) {
	if a.clerk == nil {
		return 0, nil
	}
	user, err := db.New(tx).PersonClerkUser(ctx, p.Person)
	if err != nil || user == "" {
		return 0, err
	}
	return a.clerk.revokeAll(ctx, user)
}
