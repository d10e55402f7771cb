package company_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// house is a company with its owner on a database of its own.
type house struct {
	*company.Service
	t     *testing.T
	pool  *postgres.Pool
	live  ident.Tenant
	test  ident.Tenant
	owner company.Member
	by    audit.Actor
}

func newHouse(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	h := &house{t: t, pool: pgtest.New(t)}
	h.Service = company.New(h.pool)
	h.found("Acme")
	return h
}

// found makes another company, which the house then stands for.
func (h *house) found(name string) {
	h.t.Helper()
	person := h.person(strings.ToLower(name) + "@example.com")
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		c, m, err := h.Create(ctx, tx, audit.Person(person.ID, ""), person, company.NewCompany{Name: name})
		h.live, h.test = ident.Tenant{Company: c.ID, Live: true}, ident.Tenant{Company: c.ID}
		h.owner, h.by = m, audit.Member(m.ID, "req")
		return err
	})
}

func (h *house) person(email string) company.Person {
	h.t.Helper()
	p := company.Person{ID: ident.New(), Email: email}
	h.exec("INSERT INTO people (person_id, email) VALUES ($1, $2)", p.ID, p.Email)
	return p
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.pool.Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tx(fn func(context.Context, pgx.Tx) error) {
	h.t.Helper()
	if err := h.try(fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) try(fn func(context.Context, pgx.Tx) error) error {
	return h.pool.InTx(h.t.Context(), fn)
}

// events counts a tenant's events of a type.
func (h *house) events(t ident.Tenant, name string) (n int) {
	h.t.Helper()
	err := h.pool.QueryRow(h.t.Context(), `SELECT count(*) FROM audit_events
		WHERE company_id = $1 AND live = $2 AND type = $3`, t.Company, t.Live, name).Scan(&n)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) epochs() (out [2]int64) {
	h.t.Helper()
	err := h.pool.QueryRow(h.t.Context(), `SELECT min(epoch), max(epoch) FROM company_modes
		WHERE company_id = $1`, h.live.Company).Scan(&out[0], &out[1])
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Fatalf("got %v, want code %s", err, code)
	}
}

func ptr[T any](v T) *T { return &v }

func TestCompanyBegins(t *testing.T) {
	h := newHouse(t)
	for _, side := range []ident.Tenant{h.live, h.test} {
		c, err := h.Get(t.Context(), side)
		if err != nil {
			t.Fatal(err)
		}
		if c.Currency != "usd" || c.TimeZone != "UTC" || c.ApprovalTimeout != 24*time.Hour || c.Version != 1 || c.FrozenAt != nil {
			t.Errorf("got %+v", c)
		}
	}
	if h.owner.Role != company.Owner || h.owner.Status != company.Active {
		t.Errorf("owner is %+v", h.owner)
	}
	if h.events(h.live, "company.created") != 1 || h.events(h.live, "member.joined") != 1 {
		t.Error("the events are missing")
	}
	_, err := h.Get(t.Context(), ident.Tenant{Company: uuid.New(), Live: true})
	wantCode(t, err, "not_found")
}

func TestCompanyInputIsRefusedWhole(t *testing.T) {
	h := newHouse(t)
	err := h.try(func(ctx context.Context, tx pgx.Tx) error {
		_, _, err := h.Create(ctx, tx, h.by, company.Person{}, company.NewCompany{Name: " \x00", Currency: "xxx", TimeZone: "Local"})
		return err
	})
	if f := fault.From(err); f.Kind != fault.Invalid || len(f.Fields) != 3 {
		t.Fatalf("got %v", err)
	}
}

func TestSettings(t *testing.T) {
	h := newHouse(t)
	before := h.epochs()
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		c, err := h.Update(ctx, tx, h.live, h.by, company.Settings{Name: ptr(" Acme GmbH "), Currency: ptr("EUR"),
			TimeZone: ptr("Europe/Berlin"), ApprovalTimeout: ptr("90m"), TokenAudience: ptr("https://pay.example"),
			RequireRedemption: ptr(true), IfVersions: []int{7, 1}})
		if err == nil && (c.Name != "Acme GmbH" || c.Currency != "eur" || c.TimeZone != "Europe/Berlin" ||
			c.ApprovalTimeout != 90*time.Minute || c.TokenAudience != "https://pay.example" || !c.RequireRedemption || c.Version != 2) {
			t.Errorf("got %+v", c)
		}
		return err
	})
	if after := h.epochs(); after[0] != before[0]+1 || after[1] != before[1]+1 {
		t.Errorf("epochs went from %v to %v", before, after)
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error { // the same again is no change
		c, err := h.Update(ctx, tx, h.live, h.by, company.Settings{Currency: ptr("eur")})
		if err == nil && c.Version != 2 {
			t.Errorf("version is %d", c.Version)
		}
		return err
	})
	if n := h.events(h.live, "company.updated"); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestSettingsRefused(t *testing.T) {
	h := newHouse(t)
	for code, in := range map[string]company.Settings{
		"version_mismatch":     {IfVersions: []int{7}, Name: ptr("B")},
		"required":             {Name: ptr("  ")},
		"too_long":             {Name: ptr(strings.Repeat("ä", 201))},
		"malformed_text":       {Name: ptr("a\u202eb")},
		"currency_not_money":   {Currency: ptr("XAU")},
		"unknown_time_zone":    {TimeZone: ptr("")},
		"timeout_malformed":    {ApprovalTimeout: ptr("1.5h")},
		"timeout_out_of_range": {ApprovalTimeout: ptr("31d")},
		"audience_malformed":   {TokenAudience: ptr("a b")},
	} {
		err := h.try(func(ctx context.Context, tx pgx.Tx) error {
			_, err := h.Update(ctx, tx, h.live, h.by, in)
			return err
		})
		if !fault.Is(err, code) {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	if c, err := h.Get(t.Context(), h.live); err != nil || c.Version != 1 || c.Name != "Acme" {
		t.Errorf("something changed: %+v, %v", c, err)
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"24h": 24 * time.Hour, "1m": time.Minute, "30d": 720 * time.Hour,
		"1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour, "90s": 90 * time.Second, "1s": time.Second} {
		got, err := company.ParseTimeout(text)
		if err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
		if again, err := company.ParseTimeout(company.FormatTimeout(got)); err != nil || again != got {
			t.Errorf("%s is written as %s", text, company.FormatTimeout(got))
		}
	}
	for _, text := range []string{"", "0", "0s", "24", "h", "-24h", "30m1h", "1h1h", "24H", "30d1s", " 24h", "99999999999999999999d", "1e2h"} {
		if got, err := company.ParseTimeout(text); err == nil {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
	if got := company.FormatTimeout(24 * time.Hour); got != "24h" {
		t.Errorf("a day is written %s", got)
	}
}

func TestFreezeIsOfOneMode(t *testing.T) {
	h := newHouse(t)
	for range 2 {
		h.tx(func(ctx context.Context, tx pgx.Tx) error {
			c, err := h.Freeze(ctx, tx, h.test, h.by)
			if err == nil && c.FrozenAt == nil {
				t.Error("not frozen")
			}
			return err
		})
	}
	if c, _ := h.Get(t.Context(), h.live); c.FrozenAt != nil {
		t.Error("the other mode froze too")
	}
	if h.events(h.test, "company.frozen") != 1 || h.events(h.live, "company.frozen") != 0 {
		t.Error("not one event in its own log")
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		c, err := h.Unfreeze(ctx, tx, h.test, h.by)
		if err == nil && c.FrozenAt != nil {
			t.Error("still frozen")
		}
		return err
	})
}

func TestNobodyMayChangeNothing(t *testing.T) {
	h := newHouse(t)
	if err := h.try(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.Freeze(ctx, tx, h.live, audit.Actor{})
		return err
	}); err == nil {
		t.Fatal("a change without an actor went through")
	}
	if c, _ := h.Get(t.Context(), h.live); c.FrozenAt != nil {
		t.Error("it was changed")
	}
}

// TestChangesWaitForDecisions holds the mode's row as a decision does, and
// sees that a freeze does not overlap it.
func TestChangesWaitForDecisions(t *testing.T) {
	h := newHouse(t)
	decided, started := make(chan struct{}), make(chan struct{})
	var freeze sync.WaitGroup
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT FROM company_modes WHERE company_id = $1 AND live FOR SHARE", h.live.Company)
		freeze.Go(func() {
			close(started)
			err := h.try(func(ctx context.Context, tx pgx.Tx) error {
				_, err := h.Freeze(ctx, tx, h.live, h.by)
				select {
				case <-decided:
				default:
					return errors.Join(err, errors.New("the freeze did not wait"))
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-started
		time.Sleep(50 * time.Millisecond)
		close(decided)
		return err
	})
	freeze.Wait()
}
