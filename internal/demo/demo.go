// Package demo fills an empty installation with a company that has worked with
// Purser for three months: people, agents, policies and a history in which every
// decision, trace and approval came out of the gate's own code.
package demo

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
)

// What the company is.
const (
	companyName     = "Nordlicht Robotics"
	companyCurrency = "usd"
	companyZone     = "Europe/Berlin"
	approvalTimeout = 24 * time.Hour // as the schema sets it
)

// companyID is the same in every installation, so that a second filling finds
// the first.
var companyID = uuid.MustParse("01900000-0000-7000-8000-00000000de30")

// Filled says what there is now.
type Filled struct {
	Company ident.Tenant // in live mode
	Name    string
	// Owner is the address to sign in with.
	Owner string
	// Existed is true when an earlier filling was found: nothing was changed.
	Existed bool
	// LiveKey and TestKey are new spend keys, shown this once; empty when the
	// company existed.
	LiveKey, TestKey string
}

// Fill makes the demo company unless it is there, in one transaction, and has
// its history metered.
func Fill(ctx context.Context, pool *postgres.Pool, keys *access.Access) (Filled, error) {
	f := Filled{Company: ident.Tenant{Company: companyID, Live: true}, Name: companyName, Owner: people[0].email}
	err := pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.DemoLock(ctx); err != nil {
			return err
		}
		var err error
		if f.Existed, err = q.DemoExists(ctx, companyID); err != nil || f.Existed {
			return err
		}
		return f.fill(ctx, tx, keys)
	})
	if err != nil {
		return f, err
	}
	return f, prepare(ctx, pool)
}

func (f *Filled) fill(ctx context.Context, tx pgx.Tx, keys *access.Access) error {
	q := db.New(tx)
	now, err := q.DatabaseClock(ctx)
	if err != nil {
		return err
	}
	founded, _, err := founding(now)
	if err != nil {
		return err
	}
	members, err := writeCompany(ctx, q, founded)
	if err != nil {
		return err
	}
	for _, tell := range []func(time.Time, []*member) (*story, error){live, test} {
		s, err := tell(now, members)
		if err != nil {
			return err
		}
		if err := s.write(ctx, q); err != nil {
			return err
		}
		if err := s.past.Write(ctx, tx); err != nil {
			return err
		}
	}
	if f.LiveKey, err = spendKey(ctx, tx, keys, members[0], true); err != nil {
		return err
	}
	f.TestKey, err = spendKey(ctx, tx, keys, members[0], false)
	return err
}

// live tells the three months.
func live(now time.Time, members []*member) (*story, error) {
	s, err := newStory(ident.Tenant{Company: companyID, Live: true}, now, members, roles, books)
	if err != nil {
		return nil, err
	}
	s.found()
	for _, r := range roles {
		s.work(s.agents[r.handle])
	}
	s.turn()
	s.open()
	return s, s.tell()
}

// test has a few of the agents and policies, and nothing spent yet.
func test(now time.Time, members []*member) (*story, error) {
	var few []role
	for _, r := range roles {
		for _, handle := range testRoles {
			if r.handle == handle {
				few = append(few, r)
			}
		}
	}
	s, err := newStory(ident.Tenant{Company: companyID}, now, members, few, testBooks)
	if err != nil {
		return nil, err
	}
	return s, s.tell()
}

// spendKey makes a key as the owner would on the page.
func spendKey(ctx context.Context, tx pgx.Tx, keys *access.Access, owner *member, live bool) (string, error) {
	by := access.Principal{Kind: access.BySession, Tenant: ident.Tenant{Company: companyID, Live: live}, ModeStated: true,
		Person: owner.personID, Member: owner.id, Email: owner.email, Role: company.Owner,
		Scopes: []access.Scope{access.ScopeAdmin, access.ScopeSpend, access.ScopeRead}}
	_, secret, err := keys.CreateKey(ctx, tx, by, "", access.NewKey{Name: "Demo", Scopes: []string{"spend", "read"}})
	return secret, err
}

// prepare has the history counted for the limits, if it is not yet.
func prepare(ctx context.Context, pool *postgres.Pool) error {
	for _, live := range []bool{true, false} {
		t := ident.Tenant{Company: companyID, Live: live}
		var set *policy.Set
		err := pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			settings, err := db.New(tx).CompanySettings(ctx, t.Company, t.Live)
			if err != nil {
				return err
			}
			all, err := policy.NewStore(pool).Load(ctx, tx, t, 0)
			if err == nil {
				set, err = policy.Compile(t.Company, settings.TimeZone, all)
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := meter.Prepare(ctx, pool, t, set.Scopes()); err != nil {
			return err
		}
	}
	return nil
}
