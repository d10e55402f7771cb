package access

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Keys lists the keys that are not revoked, newest first: of the principal's
// mode, or of both for a session that did not say X-Mode; of one agent when
// agent is not nil.
func (a *Access) Keys(ctx context.Context, p Principal, agent *uuid.UUID, page company.Page) ([]Key, error) {
	if err := p.NeedCompany(); err != nil {
		return nil, err
	}
	rows, err := db.New(a.pool).KeyList(ctx, db.KeyListParams{CompanyID: p.Tenant.Company, Lives: p.modes(),
		Agent: agent, Before: page.Before, MaxRows: int32(page.Limit)})
	out := make([]Key, len(rows))
	for i, r := range rows {
		out[i] = keyOf(r)
	}
	return out, err
}

// Key reads one key. A revoked one is Missing.
func (a *Access) Key(ctx context.Context, p Principal, id uuid.UUID) (Key, error) {
	return findKey(ctx, db.New(a.pool), p, id)
}

func findKey(ctx context.Context, q *db.Queries, p Principal, id uuid.UUID) (Key, error) {
	if err := p.NeedCompany(); err != nil {
		return Key{}, err
	}
	row, err := q.KeyGet(ctx, p.Tenant.Company, p.modes(), id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fault.Missing("API key")
	}
	return keyOf(row), err
}

// RevokeKey ends a key: on this replica from the commit on, on others within a
// second, and at once for what moves budget, since it takes the mode's lock.
func (a *Access) RevokeKey(ctx context.Context, tx pgx.Tx, p Principal, requestID string, id uuid.UUID) error {
	k, err := a.lockKey(ctx, tx, p, id)
	if err != nil {
		return err
	}
	n, err := db.New(tx).KeyRevoke(ctx, k.Tenant.Company, k.Tenant.Live, id)
	if err == nil && n == 0 {
		return fault.Missing("API key")
	}
	if err != nil {
		return err
	}
	return a.keyEnded(ctx, tx, k, p.Actor(requestID), "key.revoked", nil)
}

// RerollKey puts a new key with the same rights in the place of one, which
// works on for the grace (0: not at all, 7 days at most), or for as long as it
// had left. Whoever rerolls gets the key's rights, so must have them; that of
// approvals only its own member rerolls. Conflict: key_rerolled, key_expired.
func (a *Access) RerollKey(ctx context.Context, tx pgx.Tx, p Principal, requestID string, id uuid.UUID, grace time.Duration) (Key, string, error) {
	if grace < 0 || grace > maxGrace {
		return Key{}, "", fault.BadField("grace_seconds", "out_of_range", "This is from 0 to %d.", int(maxGrace/time.Second))
	}
	old, err := a.lockKey(ctx, tx, p, id)
	if err != nil {
		return Key{}, "", err
	}
	if err := mayReroll(p, old); err != nil {
		return Key{}, "", err
	}
	by := p.Actor(requestID)
	next, secret, err := a.insertKey(ctx, tx, by, "key.created", heir(old))
	if err != nil {
		return Key{}, "", err
	}
	n, err := db.New(tx).KeySupersede(ctx, db.KeySupersedeParams{CompanyID: old.Tenant.Company, Live: old.Tenant.Live,
		KeyID: old.ID, RerolledTo: next.ID, Grace: grace.Seconds()})
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "key_expired", "This key has expired: make a new one.")
	}
	if err != nil {
		return Key{}, "", err
	}
	data := map[string]any{"rerolled_to": ident.Format(ident.Key, next.ID), "grace_seconds": int(grace.Seconds())}
	return next, secret, a.keyEnded(ctx, tx, old, by, "key.rerolled", data)
}

// mayReroll refuses to hand out rights that the caller does not have.
func mayReroll(p Principal, k Key) error {
	if k.RerolledTo != nil {
		return fault.New(fault.Conflict, "key_rerolled", "This key was rerolled already.")
	}
	if k.Member != nil && *k.Member != p.Member {
		return fault.New(fault.Forbidden, "not_your_key", "A key that decides approvals is rerolled by its own member.")
	}
	return checkScopes(p, k.Scopes)
}

// heir has everything of a key but what is drawn anew.
func heir(k Key) db.KeyInsertParams {
	row := db.KeyInsertParams{CompanyID: k.Tenant.Company, Live: k.Tenant.Live, Name: k.Name, Scopes: texts(k.Scopes),
		AgentID: k.Agent, MemberID: k.Member, ExpiresAt: k.ExpiresAt}
	if k.Limits != nil {
		row.PerMinute, row.InFlight = limitColumn(k.Limits.PerMinute), limitColumn(k.Limits.InFlight)
	}
	return row
}

// lockKey reads a key under its mode's lock, for whoever may end it: an admin,
// or the member that it counts as.
func (a *Access) lockKey(ctx context.Context, tx pgx.Tx, p Principal, id uuid.UUID) (Key, error) {
	q := db.New(tx)
	k, err := findKey(ctx, q, p, id)
	if err != nil {
		return Key{}, err
	}
	own := p.Kind == BySession && k.Member != nil && *k.Member == p.Member
	if !own && !p.Can(ScopeAdmin) {
		return Key{}, fault.New(fault.Forbidden, "insufficient_scope", "This needs the scope admin.")
	}
	if err := a.companies.Lock(ctx, tx, k.Tenant); err != nil {
		return Key{}, err
	}
	return findKey(ctx, q, p, id) // what it is now that nobody else can change it
}

// keyEnded writes the event and has every replica look again.
func (a *Access) keyEnded(ctx context.Context, tx pgx.Tx, k Key, by audit.Actor, event string, data map[string]any) error {
	a.keys.distrust([]uuid.UUID{k.ID})
	if err := db.New(tx).CompanyNotifyKeys(ctx); err != nil {
		return err
	}
	return audit.Append(ctx, tx, k.Tenant, by, audit.Event{Type: event, Agent: k.Agent,
		Subject: ident.Format(ident.Key, k.ID), Data: data})
}
