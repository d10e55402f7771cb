package access_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

// TestActorNames names who is gone, and nobody of another company or mode.
func TestActorNames(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	_, other := h.found("Other")
	_, gone := h.member(owner, "gone@example.com", company.Viewer)
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		return h.companies.Remove(ctx, tx, owner.Tenant, owner.Actor(""), owner.Role, gone.Member)
	})
	k, _ := h.mustKey(owner, "live", "read")
	if err := h.revoke(owner, k); err != nil {
		t.Fatal(err)
	}
	foreign, _ := h.mustKey(other, "live", "read")
	test, _ := h.mustKey(owner, "test", "read")
	actors := []string{"system", "nonsense", ident.Format(ident.Member, owner.Member), ident.Format(ident.Person, owner.Person),
		ident.Format(ident.Member, gone.Member), ident.Format(ident.Key, k.ID), ident.Format(ident.Key, foreign.ID),
		ident.Format(ident.Key, test.ID), ident.Format(ident.Member, other.Member), ident.Format(ident.Person, other.Person)}
	names, err := h.ActorNames(t.Context(), owner.Tenant, actors)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "", owner.Email, owner.Email, "gone@example.com", "key", "", "", "", ""} {
		if names[actors[i]] != want {
			t.Errorf("%s is called %q, wanted %q", actors[i], names[actors[i]], want)
		}
	}
}
