package company_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

func (h *house) invite(as company.Role, email string, role company.Role) (m company.Member, err error) {
	err = h.try(func(ctx context.Context, tx pgx.Tx) error {
		m, err = h.Invite(ctx, tx, h.live, h.by, as, email, role)
		return err
	})
	return m, err
}

// join makes an invited member an active one.
func (h *house) join(email string, role company.Role) company.Member {
	h.t.Helper()
	m, err := h.invite(company.Owner, email, role)
	if err != nil {
		h.t.Fatal(err)
	}
	person := h.person(m.Email)
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		joined, err := h.Accept(ctx, tx, person, "")
		if err == nil && (len(joined) != 1 || joined[0].ID != m.ID || joined[0].Status != company.Active) {
			h.t.Errorf("joined as %+v", joined)
		}
		m.Person = &person.ID
		return err
	})
	return m
}

func (h *house) setRole(as company.Role, id uuid.UUID, role company.Role) error {
	return h.try(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.SetRole(ctx, tx, h.live, h.by, as, id, role)
		return err
	})
}

func (h *house) remove(as company.Role, id uuid.UUID) error {
	return h.try(func(ctx context.Context, tx pgx.Tx) error {
		return h.Remove(ctx, tx, h.live, h.by, as, id)
	})
}

func TestInvitationBecomesMember(t *testing.T) {
	h := newHouse(t)
	m := h.join("Ada@Example.com", company.Approver)
	if got, err := h.Membership(t.Context(), h.live.Company, *m.Person); err != nil || got.Role != company.Approver {
		t.Fatalf("%+v, %v", got, err)
	}
	all, err := h.Memberships(t.Context(), *m.Person)
	if err != nil || len(all) != 1 || all[0].CompanyName != "Acme" {
		t.Fatalf("%+v, %v", all, err)
	}
	members, err := h.Members(t.Context(), h.live, company.Page{Limit: 1})
	if err != nil || len(members) != 1 || members[0].ID != m.ID || members[0].Email != "ada@example.com" {
		t.Fatalf("%+v, %v", members, err)
	}
	if members, err = h.Members(t.Context(), h.live, company.Page{Limit: 9, Before: &m.ID}); err != nil || len(members) != 1 || members[0].ID != h.owner.ID {
		t.Fatalf("%+v, %v", members, err)
	}
	for _, name := range []string{"member.invited", "member.joined"} {
		if h.events(h.live, name) == 0 {
			t.Errorf("no event %s", name)
		}
	}
}

func TestInvitationsRefused(t *testing.T) {
	h := newHouse(t)
	for _, email := range []string{"", "ada", "ada@", "Ada <ada@example.com>", "ada@example.com\r\nBcc: x@y.z", "ädä@example.com", "a b@example.com"} {
		_, err := h.invite(company.Owner, email, company.Viewer)
		wantCode(t, err, "email_malformed")
	}
	_, err := h.invite(company.Owner, "ada@example.com", "king")
	wantCode(t, err, "role_unknown")
	_, err = h.invite(company.Admin, "ada@example.com", company.Owner)
	wantCode(t, err, "owner_required")
	if _, err := h.invite(company.Admin, "ada@example.com", company.Admin); err != nil {
		t.Fatal(err)
	}
	_, err = h.invite(company.Admin, "ADA@example.com", company.Viewer)
	wantCode(t, err, "member_exists")
}

func TestRemovedMemberMayBeInvitedAgain(t *testing.T) {
	h := newHouse(t)
	m := h.join("ada@example.com", company.Viewer)
	if err := h.remove(company.Admin, m.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.remove(company.Admin, m.ID), "not_found")
	_, err := h.Membership(t.Context(), h.live.Company, *m.Person)
	wantCode(t, err, "not_found")
	if _, err := h.invite(company.Admin, "ada@example.com", company.Viewer); err != nil {
		t.Fatal(err)
	}
}

func TestOwnersAreOwnersBusiness(t *testing.T) {
	h := newHouse(t)
	admin := h.join("admin@example.com", company.Admin)
	wantCode(t, h.setRole(company.Admin, admin.ID, company.Owner), "owner_required")
	wantCode(t, h.setRole(company.Admin, h.owner.ID, company.Viewer), "owner_required")
	wantCode(t, h.remove(company.Admin, h.owner.ID), "owner_required")
	wantCode(t, h.setRole(company.Owner, h.owner.ID, company.Admin), "last_owner")
	wantCode(t, h.remove(company.Owner, h.owner.ID), "last_owner")
	// An invitation is no owner yet.
	if _, err := h.invite(company.Owner, "second@example.com", company.Owner); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.remove(company.Owner, h.owner.ID), "last_owner")
	if err := h.setRole(company.Owner, admin.ID, company.Owner); err != nil {
		t.Fatal(err)
	}
	if err := h.remove(company.Owner, h.owner.ID); err != nil {
		t.Fatal(err)
	}
}

func TestLastOwnerUnderConcurrentRemoval(t *testing.T) {
	h := newHouse(t)
	owners := []uuid.UUID{h.owner.ID}
	for _, email := range []string{"b@example.com", "c@example.com", "d@example.com"} {
		owners = append(owners, h.join(email, company.Owner).ID)
	}
	errs := make([]error, len(owners))
	var all sync.WaitGroup
	for i, id := range owners {
		all.Go(func() {
			if i%2 == 0 {
				errs[i] = h.remove(company.Owner, id)
			} else {
				errs[i] = h.setRole(company.Owner, id, company.Viewer)
			}
		})
	}
	all.Wait()
	refused := 0
	for _, err := range errs {
		if fault.Is(err, "last_owner") {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d of %d were refused", refused, len(owners))
	}
}

func TestMembersOfAnotherCompanyAreMissing(t *testing.T) {
	h := newHouse(t)
	first := h.owner
	h.found("Other")
	_, err := h.Member(t.Context(), h.live, first.ID)
	wantCode(t, err, "not_found")
	wantCode(t, h.setRole(company.Owner, first.ID, company.Viewer), "not_found")
	wantCode(t, h.remove(company.Owner, first.ID), "not_found")
}

func TestRemovalRevokesTheMembersKeys(t *testing.T) {
	h := newHouse(t)
	m := h.join("ada@example.com", company.Approver)
	var told []uuid.UUID
	h.WhenKeysChange(func(keys []uuid.UUID) { told = append(told, keys...) })
	key := ident.New()
	h.insertKey(h.test, key, nil, &m.ID)
	if err := h.setRole(company.Owner, m.ID, company.Admin); err != nil {
		t.Fatal(err)
	}
	if err := h.remove(company.Owner, m.ID); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || told[0] != key || told[1] != key {
		t.Errorf("told %v", told)
	}
	if !h.revoked(key) || h.events(h.test, "key.revoked") != 1 {
		t.Error("the key lives on, or without an event")
	}
}

func (h *house) insertKey(t ident.Tenant, key uuid.UUID, agent, member *uuid.UUID) {
	h.t.Helper()
	h.exec(`INSERT INTO api_keys (company_id, live, key_id, name, prefix, lookup, bcrypt_hash, scopes, agent_id, member_id, created_by)
		VALUES ($1, $2, $3, 'k', 'ag_test_xxxxxxxx', '\x00', '', '{spend}', $4, $5, 'system')`,
		t.Company, t.Live, key, agent, member)
}

func (h *house) revoked(key uuid.UUID) (yes bool) {
	h.t.Helper()
	err := h.pool.QueryRow(h.t.Context(), "SELECT revoked_at IS NOT NULL FROM api_keys WHERE key_id = $1", key).Scan(&yes)
	if err != nil {
		h.t.Fatal(err)
	}
	return yes
}
