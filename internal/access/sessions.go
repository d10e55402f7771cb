package access

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
)

// OpenSession is a session of ours that is not over.
type OpenSession struct {
	ID                   uuid.UUID
	CreatedAt, ExpiresAt time.Time
	// Current is the one that the principal came by.
	Current bool
}

// maxSessions bounds a list of sessions.
const maxSessions = 100

// Sessions lists the open sessions of the principal's person, newest first, 100
// at most. Those of Clerk are not among them. Forbidden: session_required, for
// an API key.
func (a *Access) Sessions(ctx context.Context, p Principal) ([]OpenSession, error) {
	if err := needSession(p); err != nil {
		return nil, err
	}
	rows, err := db.New(a.pool).SessionList(ctx, p.Person, maxSessions)
	out := make([]OpenSession, len(rows))
	for i, r := range rows {
		out[i] = OpenSession{ID: r.SessionID, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, Current: r.SessionID == p.Session}
	}
	return out, err
}

// Scopes lists every scope, from the mightiest.
func Scopes() []Scope { return []Scope{ScopeAdmin, ScopeApprovals, ScopeSpend, ScopeSettle, ScopeRead} }

// RoleCan reports whether a member's session of this role may do what the scope
// stands for: it reads the table that decides requests.
func RoleCan(r company.Role, s Scope) bool { return Principal{Scopes: byRole[r]}.Can(s) }
