package policy

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// shelf is a store on a database of its own, with one company in Berlin.
type shelf struct {
	*Store
	t      testing.TB
	tenant ident.Tenant
	by     audit.Actor
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	s := &shelf{Store: NewStore(pgtest.New(t)), t: t, tenant: ident.Tenant{Company: ident.New(), Live: true}, by: audit.Member(ident.New(), "req")}
	s.exec(`INSERT INTO companies (company_id, name, currency, time_zone) VALUES ($1, 'Acme', 'usd', 'Europe/Berlin')`, s.tenant.Company)
	s.exec(`INSERT INTO company_modes (company_id, live) VALUES ($1, true), ($1, false)`, s.tenant.Company)
	return s
}

func (s *shelf) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) one(sql string, args ...any) string {
	s.t.Helper()
	var v string
	if err := s.pool.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (s *shelf) agent(handle string) uuid.UUID {
	id := ident.New()
	s.exec(`INSERT INTO agents (company_id, live, agent_id, handle, name, status) VALUES ($1, $2, $3, $4, $4, 'active')`,
		s.tenant.Company, s.tenant.Live, id, handle)
	return id
}

func (s *shelf) tx(do func(context.Context, pgx.Tx) (Policy, error)) (p Policy, err error) {
	err = s.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		p, err = do(ctx, tx)
		return err
	})
	return p, err
}

func (s *shelf) create(c Content) (Policy, error) {
	if _, err := s.Prepare(context.Background(), s.tenant, &c); err != nil {
		return Policy{}, err
	}
	return s.tx(func(ctx context.Context, tx pgx.Tx) (Policy, error) { return s.Create(ctx, tx, s.tenant, s.by, c) })
}

func (s *shelf) update(id uuid.UUID, expected []int, c Content) (Policy, error) {
	if _, err := s.Prepare(context.Background(), s.tenant, &c); err != nil {
		return Policy{}, err
	}
	return s.tx(func(ctx context.Context, tx pgx.Tx) (Policy, error) {
		return s.Update(ctx, tx, s.tenant, s.by, id, expected, c)
	})
}

func content(t testing.TB, rules string) Content {
	return Content{Name: "Procurement", Status: Active, Rules: rulesOf(t, rules)}
}

const monthly = `[{"type":"limit","period":"month","amount":5000,"currency":"usd"}]`

func TestVersionsOfAPolicy(t *testing.T) {
	t.Parallel()
	s, ctx := newShelf(t), context.Background()
	p, err := s.create(content(t, monthly))
	if err != nil || p.Version != 1 || p.Status != Active {
		t.Fatalf("%+v %v", p, err)
	}
	next := content(t, `[{"type":"limit","period":"week","amount":"70.50","currency":"usd"}]`)
	one, two := []int{7, 1}, []int{2}
	if q, err := s.update(p.ID, one, next); err != nil || q.Version != 2 || q.Rules[0].Amount.Minor != 7050 {
		t.Fatalf("%+v %v", q, err)
	}
	if _, err := s.update(p.ID, one, next); !fault.Is(err, "version_stale") || fault.From(err).Kind != fault.Stale {
		t.Errorf("stale: %v", err)
	}
	if q, err := s.update(p.ID, nil, next); err != nil || q.Version != 3 {
		t.Errorf("without a version: %v %v", q.Version, err)
	}
	archive := func(expected []int) (Policy, error) {
		return s.tx(func(ctx context.Context, tx pgx.Tx) (Policy, error) {
			return s.Archive(ctx, tx, s.tenant, s.by, p.ID, expected)
		})
	}
	if _, err := archive(two); !fault.Is(err, "version_stale") {
		t.Errorf("archive of a stale one: %v", err)
	}
	for range 2 {
		if q, err := archive(nil); err != nil || q.Version != 4 || q.Status != Archived {
			t.Errorf("archive: %+v %v", q, err)
		}
	}
	versions, err := s.Versions(ctx, s.tenant, p.ID, 0, 10)
	if err != nil || len(versions) != 4 || versions[0].Status != Archived || versions[3].Rules[0].Amount.Minor != 500000 || versions[0].WrittenBy != s.by.String() {
		t.Errorf("versions: %+v %v", versions, err)
	}
	if older, err := s.Versions(ctx, s.tenant, p.ID, 3, 1); err != nil || len(older) != 1 || older[0].Version != 2 {
		t.Errorf("page: %+v %v", older, err)
	}
	if got := s.one(`SELECT string_agg(type || ' ' || (data->>'version'), ', ' ORDER BY event_id) FROM audit_events WHERE company_id = $1`, s.tenant.Company); got !=
		"policy.created 1, policy.updated 2, policy.updated 3, policy.archived 4" {
		t.Errorf("audit: %s", got)
	}
}

func TestOthersDoNotSeeAPolicy(t *testing.T) {
	t.Parallel()
	s, ctx := newShelf(t), context.Background()
	p, err := s.create(content(t, monthly))
	if err != nil {
		t.Fatal(err)
	}
	testMode := ident.Tenant{Company: s.tenant.Company}
	stranger := ident.Tenant{Company: ident.New(), Live: true}
	for _, other := range []ident.Tenant{testMode, stranger} {
		if _, err := s.Get(ctx, other, p.ID); !fault.Is(err, "not_found") {
			t.Errorf("get: %v", err)
		}
		if _, err := s.Versions(ctx, other, p.ID, 0, 1); !fault.Is(err, "not_found") {
			t.Errorf("versions: %v", err)
		}
		if list, err := s.List(ctx, other, Filter{}, uuid.Nil, 10); err != nil || len(list) != 0 {
			t.Errorf("list: %v %v", list, err)
		}
	}
	_, err = s.tx(func(ctx context.Context, tx pgx.Tx) (Policy, error) {
		return s.Archive(ctx, tx, testMode, s.by, p.ID, nil)
	})
	if !fault.Is(err, "not_found") {
		t.Errorf("archive: %v", err)
	}
	_, err = s.tx(func(ctx context.Context, tx pgx.Tx) (Policy, error) {
		return s.Update(ctx, tx, testMode, s.by, p.ID, nil, content(t, `[{"type":"new_merchant"}]`))
	})
	if !fault.Is(err, "not_found") {
		t.Errorf("update: %v", err)
	}
}

func TestListsAndFilters(t *testing.T) {
	t.Parallel()
	s, ctx := newShelf(t), context.Background()
	a, b := s.agent("a"), s.agent("b")
	var ids []uuid.UUID
	for i, change := range []func(*Content){func(*Content) {}, func(c *Content) { c.Agents = []uuid.UUID{a} },
		func(c *Content) { c.Agents = []uuid.UUID{b} }, func(c *Content) { c.Status = Draft }} {
		c := content(t, `[{"type":"new_merchant","effect":"deny"}]`)
		c.Name = fmt.Sprint(i)
		change(&c)
		p, err := s.create(c)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	names := func(list []Policy, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, p := range list {
			text += p.Name
		}
		return text
	}
	for want, got := range map[string]string{
		"3210": names(s.List(ctx, s.tenant, Filter{}, uuid.Nil, 10)),
		"32":   names(s.List(ctx, s.tenant, Filter{}, uuid.Nil, 2)),
		"10":   names(s.List(ctx, s.tenant, Filter{}, ids[2], 10)),
		"3":    names(s.List(ctx, s.tenant, Filter{Status: Draft}, uuid.Nil, 10)),
		"310":  names(s.List(ctx, s.tenant, Filter{Agent: a}, uuid.Nil, 10)),
		"320":  names(s.ForAgent(ctx, s.tenant, b)),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWritesRaiseTheEpochAndKeepMeters(t *testing.T) {
	t.Parallel()
	s, ctx := newShelf(t), context.Background()
	load := func(since int64) (list []Policy) {
		if _, err := s.tx(func(ctx context.Context, tx pgx.Tx) (p Policy, err error) {
			list, err = s.Load(ctx, tx, s.tenant, since)
			return p, err
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	epoch := func() (n int64) {
		if err := s.pool.QueryRow(ctx, `SELECT epoch FROM company_modes WHERE company_id = $1 AND live`, s.tenant.Company).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	p, err := s.create(content(t, monthly))
	if err != nil {
		t.Fatal(err)
	}
	after := epoch()
	if list := load(0); len(list) != 1 || len(load(after)) != 0 || len(load(after-1)) != 1 {
		t.Errorf("loaded %v", list)
	}
	scopes := func() []meter.Scope {
		list, err := meter.Scopes(ctx, s.pool, s.tenant)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := scopes(); len(list) != 1 || !list[0].Ready || list[0].Zone != zoneName {
		t.Errorf("scopes %+v", list)
	}
	if _, err := s.update(p.ID, nil, content(t, `[{"type":"limit","period":"month","amount":1,"currency":"jpy"}]`)); err != nil {
		t.Fatal(err)
	}
	if list := scopes(); len(list) != 1 || list[0].Currency != "jpy" {
		t.Errorf("scopes after the change %+v", list)
	}
	if now := epoch(); now <= after {
		t.Errorf("the epoch stayed at %d", now)
	}
	_, err = s.tx(func(ctx context.Context, tx pgx.Tx) (Policy, error) {
		return s.Create(ctx, tx, s.tenant, s.by, content(t, `[{"type":"limit","period":"month","amount":1,"currency":"gbp"}]`))
	})
	if !fault.Is(err, "meters_not_ready") {
		t.Errorf("a limit that nobody meters was written: %v", err)
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := content(t, `[{"type":"new_merchant"},{"type":"approval_threshold","amount":1,"currency":"usd","approvers":["role:owner","`+ident.Format(ident.Member, ident.New())+`"]}]`)
	c.Agents = []uuid.UUID{s.agent("a"), ident.New()}
	_, err := s.create(c)
	f := fault.From(err)
	if f.Code != "invalid_policy" || len(f.Fields) != 2 || f.Fields[0].Location != "agents[1]" || f.Fields[1].Location != "rules[1].approvers[1]" {
		t.Errorf("%+v", f)
	}
}

// TestOneOfTwoWritersWins has many writers replace the same version.
func TestOneOfTwoWritersWins(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	p, err := s.create(content(t, `[{"type":"new_merchant"}]`))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			expected := 1
			_, errs[i] = s.update(p.ID, []int{expected}, content(t, `[{"type":"new_merchant"}]`))
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, "version_stale") {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won", won)
	}
}

func TestAWriteNeedsAnActor(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.by = audit.Actor{}
	if _, err := s.create(content(t, `[{"type":"new_merchant"}]`)); err == nil {
		t.Error("nobody wrote a policy")
	}
	if n := s.one(`SELECT count(*)::text FROM policies`); n != "0" {
		t.Errorf("%s policies", n)
	}
}
