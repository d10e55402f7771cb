package access

import (
	"context"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/sign"
)

// sessionType is the JWT type of session tokens: no other token passes for one.
const sessionType = "session+jwt"

// SignedIn is a new session. Token is a secret, shown once.
type SignedIn struct {
	Token     string
	ExpiresAt time.Time
	Person    uuid.UUID
	Session   uuid.UUID
}

// sessionClaims are those of a session token. It says who signed in; what they
// may do is looked up with each request.
type sessionClaims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
}

func (a *Access) mint(person db.Person, s db.Session) (SignedIn, error) {
	token, err := a.signer.Sign(sessionType, sessionClaims{
		Session: ident.Format(ident.Session, s.SessionID),
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: sessionIssuer, Audience: jwt.ClaimStrings{sessionAudience},
			Subject:  ident.Format(ident.Person, person.PersonID),
			IssuedAt: jwt.NewNumericDate(s.CreatedAt), ExpiresAt: jwt.NewNumericDate(s.ExpiresAt)}})
	return SignedIn{Token: token, ExpiresAt: s.ExpiresAt.Truncate(time.Second),
		Person: person.PersonID, Session: s.SessionID}, err
}

// A session is the installation's, whose keys sign it: any replica takes it, by
// whatever address it is reached.
const sessionIssuer, sessionAudience = "purser", "purser/session"

// errInvalidSession is the same for whatever is wrong with a session token.
func errInvalidSession() *fault.Error {
	return fault.New(fault.Unauthenticated, "invalid_session", "The session is not valid or is over. Sign in again.")
}

// signedIn verifies a session token of ours. Its row is read each time, so
// that a session that is logged out is over at once on every replica.
func (a *Access) signedIn(ctx context.Context, token string) (Principal, error) {
	var claims sessionClaims
	err := a.signer.Verify(ctx, token, sign.Expect{Type: sessionType, Issuer: sessionIssuer,
		Audience: sessionAudience, Leeway: time.Minute}, &claims)
	if fault.From(err).Kind == fault.Unauthenticated {
		return Principal{}, errInvalidSession().Because(err)
	}
	if err != nil {
		return Principal{}, err
	}
	session, sessionOK := ident.Parse(ident.Session, claims.Session)
	person, personOK := ident.Parse(ident.Person, claims.Subject)
	if !sessionOK || !personOK {
		return Principal{}, errInvalidSession()
	}
	row, err := db.New(a.pool).SessionGet(ctx, session, person)
	if errors.Is(err, pgx.ErrNoRows) {
		return Principal{}, errInvalidSession()
	}
	return Principal{Kind: BySession, Person: row.Person.PersonID, Email: row.Person.Email,
		Session: row.SessionID, ExpiresAt: &row.ExpiresAt}, err
}

// SessionInfo is what a signed-in person is told about themselves.
type SessionInfo struct {
	Person    uuid.UUID
	Email     string
	ExpiresAt *time.Time
	// Companies are those that the person is a member of.
	Companies []company.Membership
}

// Session describes the session that the principal came by. Forbidden:
// session_required, for an API key.
func (a *Access) Session(ctx context.Context, p Principal) (SessionInfo, error) {
	if err := needSession(p); err != nil {
		return SessionInfo{}, err
	}
	companies, err := a.companies.Memberships(ctx, p.Person)
	return SessionInfo{Person: p.Person, Email: p.Email, ExpiresAt: p.ExpiresAt, Companies: companies}, err
}

// Logout ends the session at once, everywhere. One of Clerk's is revoked there
// and works until its token ends, a minute at most.
func (a *Access) Logout(ctx context.Context, tx pgx.Tx, p Principal) error {
	if err := needSession(p); err != nil {
		return err
	}
	if p.ClerkSession != "" {
		return a.clerk.revoke(ctx, p.ClerkSession)
	}
	_, err := db.New(tx).SessionRevoke(ctx, p.Session)
	return err
}

// LogoutEverywhere ends all of the person's sessions, ours and Clerk's, and
// tells how many there were. When Clerk does not answer it is Unavailable:
// identity_unavailable, and to be done again.
func (a *Access) LogoutEverywhere(ctx context.Context, tx pgx.Tx, p Principal) (int, error) {
	if err := needSession(p); err != nil {
		return 0, err
	}
	n, err := db.New(tx).SessionRevokeAll(ctx, p.Person)
	if err != nil {
		return 0, err
	}
	there, err := a.logoutEverywhereAtClerk(ctx, tx, p)
	return int(n) + there, err
}

func needSession(p Principal) error {
	if p.Kind != BySession {
		return fault.New(fault.Forbidden, "session_required", "This is for somebody who signed in, not for an API key.")
	}
	return nil
}
