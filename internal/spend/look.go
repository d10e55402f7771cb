package spend

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// lookAgain is how often a waiting caller's authorization is looked up, should
// the notification of its decision be lost.
const lookAgain = time.Second

// Get reads an authorization, with a fresh token while it is pending. A held
// one is waited for, up to wait.
func (s *Service) Get(ctx context.Context, call Call, id uuid.UUID, wait time.Duration) (Result, error) {
	woken, stop := s.waiters.wait(id)
	defer stop()
	deadline := time.Now().Add(wait)
	for {
		r, err := s.get(ctx, call, id)
		left := time.Until(deadline)
		if err != nil || r.Authorization.Status != Held || left <= 0 {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, nil
		case <-woken:
		case <-time.After(min(left, lookAgain)):
		}
	}
}

func (s *Service) get(ctx context.Context, call Call, id uuid.UUID) (Result, error) {
	seen, err := s.look(ctx, call, id)
	if err != nil {
		return Result{}, err
	}
	if a := seen.authorization; a.Status.Open() && !a.ExpiresAt.After(seen.now) {
		if err := s.touch(ctx, []ref{{a.Tenant, a.Agent}}); err != nil {
			return Result{}, err
		}
		if seen, err = s.look(ctx, call, id); err != nil {
			return Result{}, err
		}
	}
	r := Result{Authorization: seen.authorization}
	if approval := r.Authorization.ApprovalID; approval != uuid.Nil {
		if r.Approval, err = readApproval(ctx, db.New(s.pool), call.Tenant, approval); err != nil {
			return Result{}, err
		}
	}
	r.Token, err = s.freshToken(r.Authorization, seen.company, seen.now)
	return r, err
}

// seen is an authorization at a moment, with its company's settings.
type seen struct {
	authorization *Authorization
	company       settings
	now           time.Time
}

func (s *Service) look(ctx context.Context, call Call, id uuid.UUID) (out seen, err error) {
	err = s.lookups.Snapshot(ctx, func(message *pgx.Batch) {
		out = seen{}
		postgres.Queue(message, func(r db.Authorization) (err error) {
			out.authorization, err = fromRow(r)
			return err
		}, db.AuthorizationByID, call.Tenant.Company, call.Tenant.Live, id)
		postgres.Queue(message, func(r db.CompanySettingsRow) error {
			out.company = settingsOf(r)
			return nil
		}, db.CompanySettings, call.Tenant.Company, call.Tenant.Live)
		message.Queue(db.DatabaseClock).QueryRow(func(row pgx.Row) error { return row.Scan(&out.now) })
	})
	if err != nil {
		return out, err
	}
	if a := out.authorization; a == nil || call.OnlyAgent != uuid.Nil && a.Agent != call.OnlyAgent {
		return out, fault.Missing("authorization")
	}
	return out, nil
}

func (s *Service) authorization(ctx context.Context, call Call, id uuid.UUID) (*Authorization, error) {
	row, err := db.New(s.pool).AuthorizationByID(ctx, call.Tenant.Company, call.Tenant.Live, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && call.OnlyAgent != uuid.Nil && row.AgentID != call.OnlyAgent {
		return nil, fault.Missing("authorization")
	}
	if err != nil {
		return nil, err
	}
	return fromRow(row)
}

// Filter narrows a list of authorizations. Zero values filter nothing.
type Filter struct {
	Agent          uuid.UUID
	Status         Status
	Decision       string
	Merchant       string // a name or a domain, whole
	Currency, Rail string
	From, To       time.Time // created in [From, To)
	MerchantKey    string    // Merchant, normalised
}

// List reads up to limit authorizations older than before (nil: the newest),
// newest first.
func (s *Service) List(ctx context.Context, t ident.Tenant, f Filter, before uuid.UUID, limit int) ([]*Authorization, error) {
	if err := s.settle(ctx, t); err != nil {
		return nil, err
	}
	rows, err := s.list(ctx, db.ListAuthorizationsParams{
		CompanyID: t.Company, Live: t.Live, Before: orNewest(before), Rows: int32(limit),
		Status: optional(string(f.Status)), Decision: optional(f.Decision),
		Merchant: optional(f.MerchantKey), MerchantName: optional(f.Merchant), Currency: optional(f.Currency),
		Rail: optional(f.Rail), Since: optional(f.From), Until: optional(f.To)}, f.Agent)
	if err != nil {
		return nil, err
	}
	out := make([]*Authorization, len(rows))
	for i, r := range rows {
		if out[i], err = fromRow(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// WithApprovals adds what the authorizations of one tenant wait, or waited, for.
func (s *Service) WithApprovals(ctx context.Context, t ident.Tenant, all []*Authorization) ([]Result, error) {
	out := make([]Result, len(all))
	var ids []uuid.UUID
	for i, a := range all {
		out[i].Authorization = a
		if a.ApprovalID != uuid.Nil {
			ids = append(ids, a.ApprovalID)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	q := db.New(s.pool)
	rows, err := q.ApprovalsByIDs(ctx, t.Company, t.Live, ids)
	if err != nil {
		return nil, err
	}
	approvals, err := withVotes(ctx, q, t, rows)
	for _, p := range approvals {
		i := slices.IndexFunc(all, func(a *Authorization) bool { return a.ApprovalID == p.ID })
		out[i].Approval = p
	}
	return out, err
}

// list asks for the authorizations of one agent, or of all.
func (s *Service) list(ctx context.Context, p db.ListAuthorizationsParams, agent uuid.UUID) ([]db.Authorization, error) {
	q := db.New(s.pool)
	if agent == uuid.Nil {
		return q.ListAuthorizations(ctx, p)
	}
	found, err := q.ListAgentAuthorizations(ctx, db.ListAgentAuthorizationsParams{CompanyID: p.CompanyID, Live: p.Live,
		Before: p.Before, Agent: agent, Status: p.Status, Decision: p.Decision, Merchant: p.Merchant, MerchantName: p.MerchantName,
		Currency: p.Currency, Rail: p.Rail, Since: p.Since, Until: p.Until, Rows: p.Rows})
	rows := make([]db.Authorization, len(found))
	for i, r := range found {
		rows[i] = db.Authorization(r)
	}
	return rows, err
}

func orNewest(before uuid.UUID) uuid.UUID {
	if before == uuid.Nil {
		return afterAll
	}
	return before
}

func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Approval reads one approval with its votes and its authorization.
func (s *Service) Approval(ctx context.Context, t ident.Tenant, id uuid.UUID) (Result, error) {
	if err := s.settle(ctx, t); err != nil {
		return Result{}, err
	}
	p, err := readApproval(ctx, db.New(s.pool), t, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Result{}, fault.Missing("approval")
	}
	if err != nil {
		return Result{}, err
	}
	a, err := s.authorization(ctx, Call{Tenant: t}, p.Authorization)
	return Result{Authorization: a, Approval: p}, err
}

// Approvals reads up to limit approvals older than before (nil: the newest),
// newest first, with their authorizations. An empty status means all.
func (s *Service) Approvals(ctx context.Context, t ident.Tenant, status string, agent, before uuid.UUID, limit int) ([]Result, error) {
	if err := s.settle(ctx, t); err != nil {
		return nil, err
	}
	q := db.New(s.pool)
	rows, err := q.ListApprovals(ctx, db.ListApprovalsParams{CompanyID: t.Company, Live: t.Live,
		Before: orNewest(before), Status: optional(status), Agent: optional(agent), Rows: int32(limit)})
	if err != nil {
		return nil, err
	}
	return resultsOf(ctx, q, t, rows)
}

// resultsOf adds to approvals their votes and authorizations.
func resultsOf(ctx context.Context, q *db.Queries, t ident.Tenant, rows []db.Approval) ([]Result, error) {
	approvals, err := withVotes(ctx, q, t, rows)
	if err != nil {
		return nil, err
	}
	var c columns
	for _, p := range approvals {
		c.add(t, p.Authorization)
	}
	stored, err := q.AuthorizationsByIDs(ctx, c.companies, c.lives, c.ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[uuid.UUID]*Authorization, len(stored))
	for _, r := range stored {
		if byID[r.AuthorizationID], err = fromRow(r); err != nil {
			return nil, err
		}
	}
	out := make([]Result, len(approvals))
	for i, p := range approvals {
		out[i] = Result{Authorization: byID[p.Authorization], Approval: p}
	}
	return out, nil
}
