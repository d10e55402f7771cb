package access_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
)

// TestSessions lists who is signed in where, and nobody else's.
func TestSessions(t *testing.T) {
	h := newHouse(t)
	token, owner := h.found("Acme")
	again := h.who(h.signIn(owner.Email))
	h.signIn("eve@elsewhere.test")

	open, err := h.Sessions(t.Context(), again)
	if err != nil || len(open) != 2 {
		t.Fatalf("%d sessions are open, %v", len(open), err)
	}
	if open[0].ID != again.Session || !open[0].Current || open[1].ID != owner.Session || open[1].Current {
		t.Errorf("listed: %+v", open)
	}
	if !open[0].ExpiresAt.After(open[0].CreatedAt) {
		t.Error("a session ends before it begins")
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error { return h.Logout(ctx, tx, owner) })
	if open, err = h.Sessions(t.Context(), again); err != nil || len(open) != 1 {
		t.Errorf("%d sessions after one was signed out, %v", len(open), err)
	}
	if _, err := h.ask(token); err == nil {
		t.Error("a session that is not listed still works")
	}
	k, _ := h.mustKey(again, "live", "read")
	_, err = h.Sessions(t.Context(), access.Principal{Kind: access.ByKey, Key: k.ID})
	wantCode(t, err, "session_required")
}

func TestRoleCan(t *testing.T) {
	t.Parallel()
	for role, may := range map[company.Role]string{
		company.Owner: "admin approvals spend settle read ", company.Admin: "admin approvals spend read ",
		company.Approver: "approvals read ", company.Viewer: "read ", "nobody": "",
	} {
		got := ""
		for _, s := range access.Scopes() {
			if access.RoleCan(role, s) {
				got += string(s) + " "
			}
		}
		if got != may {
			t.Errorf("%s may %q, wanted %q", role, got, may)
		}
	}
}
