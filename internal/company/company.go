// Package company holds the tenants: companies with their two modes and their
// settings, the members that people are of them, and the agents that spend.
package company

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
)

// Service reads and writes companies, members and agents.
type Service struct {
	pool        *postgres.Pool
	keysChanged atomic.Pointer[func([]uuid.UUID)]
}

// New makes the service on a database.
func New(pool *postgres.Pool) *Service { return &Service{pool: pool} }

// WhenKeysChange names who is told the ids of API keys that a change of an
// agent or a member revokes or alters, within the change's transaction.
func (s *Service) WhenKeysChange(tell func(keys []uuid.UUID)) { s.keysChanged.Store(&tell) }

// Company is a tenant as seen from one of its modes.
type Company struct {
	ID   uuid.UUID
	Name string
	// Currency and TimeZone (an IANA name) are what rules and pages take when
	// none is said.
	Currency money.Currency
	TimeZone string
	// ApprovalTimeout is how long a held authorization waits for people.
	ApprovalTimeout time.Duration
	// TokenAudience is the `aud` of live tokens; empty means the server's own.
	TokenAudience string
	// RequireRedemption lets only processors that redeemed a token confirm.
	RequireRedemption bool
	// Version rises by one with each change of the settings.
	Version int
	// FrozenAt is when this mode was frozen; nil when it is not.
	FrozenAt             *time.Time
	CreatedAt, UpdatedAt time.Time
}

// NewCompany is what a company is made of. Empty Currency and TimeZone mean
// usd and UTC.
type NewCompany struct{ Name, Currency, TimeZone string }

// Page asks for at most Limit rows, newest first, older than Before (nil: from
// the newest).
type Page struct {
	Limit  int
	Before *uuid.UUID
}

// Create makes a company, both its modes, and the person its first owner. Only
// audit.Person is a fitting actor: nobody is a member yet.
func (s *Service) Create(ctx context.Context, tx pgx.Tx, by audit.Actor, owner Person, in NewCompany) (Company, Member, error) {
	in, err := in.check()
	if err != nil {
		return Company{}, Member{}, err
	}
	q, t := db.New(tx), ident.Tenant{Company: ident.New(), Live: true}
	if err := q.CompanyInsert(ctx, t.Company, in.Name, in.Currency, in.TimeZone); err != nil {
		return Company{}, Member{}, err
	}
	if err := q.CompanyInsertModes(ctx, t.Company); err != nil {
		return Company{}, Member{}, err
	}
	row, err := q.MemberInsert(ctx, db.MemberInsertParams{CompanyID: t.Company, MemberID: ident.New(),
		PersonID: &owner.ID, Email: owner.Email, Role: string(Owner), Status: string(Active)})
	if err != nil {
		return Company{}, Member{}, err
	}
	member := memberOf(row)
	err = audit.Append(ctx, tx, t, by,
		audit.Event{Type: "company.created", Subject: ident.Format(ident.Company, t.Company),
			Data: map[string]any{"name": in.Name, "currency": in.Currency, "time_zone": in.TimeZone}},
		memberEvent("member.joined", member))
	if err != nil {
		return Company{}, Member{}, err
	}
	c, err := s.get(ctx, q, t)
	return c, member, err
}

// CreateFirst is Create for somebody who has no company yet, and does nothing
// for anybody else, so that a form that is sent twice makes one company.
func (s *Service) CreateFirst(ctx context.Context, tx pgx.Tx, by audit.Actor, owner Person, in NewCompany) (c Company, made bool, err error) {
	q := db.New(tx)
	if err := q.PersonLock(ctx, owner.ID); err != nil {
		return Company{}, false, err
	}
	of, err := q.MembersOfPerson(ctx, &owner.ID)
	if err != nil || len(of) > 0 {
		return Company{}, false, err
	}
	c, _, err = s.Create(ctx, tx, by, owner, in)
	return c, err == nil, err
}

func (in NewCompany) check() (NewCompany, error) {
	if in.Currency == "" {
		in.Currency = "usd"
	}
	if in.TimeZone == "" {
		in.TimeZone = "UTC"
	}
	name, err := Text("name", in.Name, 1, maxName)
	currency, currencyErr := money.ParseCurrency(in.Currency)
	_, zoneErr := meter.LoadZone(in.TimeZone)
	in.Name, in.Currency = name, string(currency)
	return in, joined(err, currencyErr, zoneErr)
}

// joined gathers everything that is wrong with an input into one fault.
func joined(errs ...error) error {
	var faults []*fault.Error
	for _, err := range errs {
		if err != nil {
			faults = append(faults, fault.From(err))
		}
	}
	if all := fault.Join(faults...); all != nil {
		return all
	}
	return nil
}

// Get reads a company as its mode t sees it.
func (s *Service) Get(ctx context.Context, t ident.Tenant) (Company, error) {
	return s.get(ctx, db.New(s.pool), t)
}

func (s *Service) get(ctx context.Context, q *db.Queries, t ident.Tenant) (Company, error) {
	row, err := q.CompanyGet(ctx, t.Company, t.Live)
	if err != nil {
		return Company{}, missing(err, "company")
	}
	return companyOf(row), nil
}

// missing turns a row that is not there into the public answer for that.
func missing(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Missing(what)
	}
	return err
}
