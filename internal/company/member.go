package company

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Role says what a member may do.
type Role string

// The roles, from the mightiest. What each may do is decided in package access.
const (
	Owner    Role = "owner"
	Admin    Role = "admin"
	Approver Role = "approver"
	Viewer   Role = "viewer"
)

// MemberStatus says whether a member takes part.
type MemberStatus string

// An invited member joins at the first sign-in with the address.
const (
	Invited MemberStatus = "invited"
	Active  MemberStatus = "active"
)

// Person is somebody who signed in, by the address that this proved.
type Person struct {
	ID    uuid.UUID
	Email string
}

// Member is a person of a company, or an invitation to become one.
type Member struct {
	ID, Company uuid.UUID
	// Person is nil while invited.
	Person               *uuid.UUID
	Email                string
	Role                 Role
	Status               MemberStatus
	CreatedAt, UpdatedAt time.Time
}

// Membership is a member with the company's name, for a person who chooses.
type Membership struct {
	Member
	CompanyName string
}

// Invite makes an invitation for an address; the caller has it mailed. `as` is the
// role that the actor acts with: only owners may invite owners. Conflict:
// member_exists.
func (s *Service) Invite(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, as Role, email string, role Role) (Member, error) {
	email, err := Email(email)
	if err := joined(err, role.check()); err != nil {
		return Member{}, err
	}
	if role == Owner && as != Owner {
		return Member{}, ownersOnly()
	}
	row, err := db.New(tx).MemberInsert(ctx, db.MemberInsertParams{CompanyID: t.Company,
		MemberID: ident.New(), Email: email, Role: string(role), Status: string(Invited)})
	if postgres.Violates(err, "members_email") {
		return Member{}, fault.New(fault.Conflict, "member_exists", "This address is a member already, or invited.")
	}
	if err != nil {
		return Member{}, err
	}
	m := memberOf(row)
	return m, audit.Append(ctx, tx, t, by, memberEvent("member.invited", m))
}

// Members lists members and invitations, newest first.
func (s *Service) Members(ctx context.Context, t ident.Tenant, page Page) ([]Member, error) {
	rows, err := db.New(s.pool).MemberList(ctx, t.Company, page.Before, int32(page.Limit))
	return membersOf(rows), err
}

// Member reads one member or invitation.
func (s *Service) Member(ctx context.Context, t ident.Tenant, id uuid.UUID) (Member, error) {
	row, err := db.New(s.pool).MemberGet(ctx, t.Company, id)
	return memberOf(row), missing(err, "member")
}

// SetRole changes a member's role. Only owners may make or change owners, and
// the last owner stays one (Conflict: last_owner).
func (s *Service) SetRole(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, as Role, id uuid.UUID, role Role) (Member, error) {
	if err := role.check(); err != nil {
		return Member{}, err
	}
	q := db.New(tx)
	before, err := s.lockMember(ctx, q, t, as, id)
	if err != nil || before.Role == role {
		return before, err
	}
	if role == Owner && as != Owner {
		return Member{}, ownersOnly()
	}
	if err := keepOwner(ctx, q, before); err != nil {
		return Member{}, err
	}
	row, err := q.MemberSetRole(ctx, string(role), t.Company, id)
	if err != nil {
		return Member{}, err
	}
	keys, err := q.MemberKeys(ctx, t.Company, id)
	if err != nil {
		return Member{}, err
	}
	m := memberOf(row)
	event := memberEvent("member.role_changed", m)
	event.Data["was"] = string(before.Role)
	if err := audit.Append(ctx, tx, t, by, event); err != nil {
		return Member{}, err
	}
	return m, s.tellKeys(ctx, q, keys)
}

// Remove takes a member out, or an invitation back, and revokes the keys that
// counted as that member. The last owner stays (Conflict: last_owner).
func (s *Service) Remove(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, as Role, id uuid.UUID) error {
	q := db.New(tx)
	m, err := s.lockMember(ctx, q, t, as, id)
	if err != nil {
		return err
	}
	if err := keepOwner(ctx, q, m); err != nil {
		return err
	}
	if err := q.MemberRemove(ctx, t.Company, id); err != nil {
		return err
	}
	if err := audit.Append(ctx, tx, t, by, memberEvent("member.removed", m)); err != nil {
		return err
	}
	rows, err := q.MemberRevokeKeys(ctx, t.Company, id)
	if err != nil {
		return err
	}
	keys := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		keys[i] = r.KeyID
		side := ident.Tenant{Company: t.Company, Live: r.Live}
		if err := audit.Append(ctx, tx, side, by, keyRevoked(r.KeyID, nil)); err != nil {
			return err
		}
	}
	return s.tellKeys(ctx, q, keys)
}

// lockMember reads a member under the locks that keep two changes, and a
// decision, from overlapping; only owners get to see owners that way.
func (s *Service) lockMember(ctx context.Context, q *db.Queries, t ident.Tenant, as Role, id uuid.UUID) (Member, error) {
	if err := lockModes(ctx, q, t); err != nil {
		return Member{}, err
	}
	row, err := q.MemberGet(ctx, t.Company, id)
	if err != nil {
		return Member{}, missing(err, "member")
	}
	if row.Role == string(Owner) && as != Owner {
		return Member{}, ownersOnly()
	}
	return memberOf(row), nil
}

// keepOwner refuses to lose m as an owner when there is no other.
func keepOwner(ctx context.Context, q *db.Queries, m Member) error {
	if m.Role != Owner || m.Status != Active {
		return nil
	}
	owners, err := q.MemberOwners(ctx, m.Company)
	if err == nil && owners <= 1 {
		return fault.New(fault.Conflict, "last_owner", "A company needs an owner: make somebody else one first.")
	}
	return err
}

// Membership reads what a person is in a company; not a member is Missing.
func (s *Service) Membership(ctx context.Context, company, person uuid.UUID) (Member, error) {
	row, err := db.New(s.pool).MemberOfPerson(ctx, company, &person)
	return memberOf(row), missing(err, "company")
}

// Memberships lists the companies that a person is an active member of, the
// oldest company first.
func (s *Service) Memberships(ctx context.Context, person uuid.UUID) ([]Membership, error) {
	rows, err := db.New(s.pool).MembersOfPerson(ctx, &person)
	out := make([]Membership, len(rows))
	for i, r := range rows {
		out[i] = Membership{Member: memberOf(r.Member), CompanyName: r.CompanyName}
	}
	return out, err
}

// Accept turns every invitation for the person's address into a membership.
// Call it only when the address was proven to be the person's.
func (s *Service) Accept(ctx context.Context, tx pgx.Tx, person Person, requestID string) ([]Member, error) {
	rows, err := db.New(tx).MemberAccept(ctx, person.ID, person.Email)
	if err != nil {
		return nil, err
	}
	members := membersOf(rows)
	for _, m := range members {
		t := ident.Tenant{Company: m.Company, Live: true}
		if err := audit.Append(ctx, tx, t, audit.Person(person.ID, requestID), memberEvent("member.joined", m)); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// tellKeys has every replica look at these keys again.
func (s *Service) tellKeys(ctx context.Context, q *db.Queries, keys []uuid.UUID) error {
	if len(keys) == 0 {
		return nil
	}
	if tell := s.keysChanged.Load(); tell != nil {
		(*tell)(keys)
	}
	return q.CompanyNotifyKeys(ctx)
}

func (r Role) check() error {
	switch r {
	case Owner, Admin, Approver, Viewer:
		return nil
	}
	return fault.BadField("role", "role_unknown", "A role is owner, admin, approver or viewer.")
}

func ownersOnly() error {
	return fault.New(fault.Forbidden, "owner_required", "Only an owner may make, change or remove an owner.")
}

func memberEvent(name string, m Member) audit.Event {
	return audit.Event{Type: name, Subject: ident.Format(ident.Member, m.ID),
		Data: map[string]any{"email": m.Email, "role": string(m.Role)}}
}

func keyRevoked(key uuid.UUID, agent *uuid.UUID) audit.Event {
	return audit.Event{Type: "key.revoked", Subject: ident.Format(ident.Key, key), Agent: agent}
}
