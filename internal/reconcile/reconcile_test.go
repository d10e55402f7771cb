package reconcile_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/reconcile"
	"github.com/getpurser/purser/internal/spend"
)

// books is a company with one authorization in every state, and the owner's
// hand, which may do what the server may not.
type books struct {
	t      *testing.T
	pool   *postgres.Pool
	owner  *pgx.Conn
	log    *audit.Log
	tenant ident.Tenant
	agent  uuid.UUID
}

func newBooks(t *testing.T) *books {
	t.Helper()
	ownerURL, appURL := pgtest.NewURLs(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: appURL, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	owner, err := pgx.Connect(t.Context(), ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	b := &books{t: t, pool: pool, owner: owner, log: audit.New(pool, nil, slog.New(slog.DiscardHandler)),
		tenant: ident.Tenant{Company: ident.New(), Live: true}, agent: ident.New()}
	b.do(`INSERT INTO companies (company_id, name, currency, time_zone) VALUES ($1, 'Acme', 'usd', 'Europe/Berlin')`, b.tenant.Company)
	b.do(`INSERT INTO company_modes (company_id, live) VALUES ($1, true), ($1, false)`, b.tenant.Company)
	b.do(`INSERT INTO agents (company_id, live, agent_id, handle, name, status) VALUES ($1, true, $2, 'bot', 'Bot', 'active')`, b.tenant.Company, b.agent)
	b.happen()
	return b
}

func (b *books) do(sql string, args ...any) {
	b.t.Helper()
	if _, err := b.owner.Exec(context.Background(), sql, args...); err != nil {
		b.t.Fatal(err)
	}
}

// happen leaves a confirmed, a pending, a held and a denied authorization, and
// meters of an agent, a set and the company.
func (b *books) happen() {
	b.t.Helper()
	rules, err := policy.DecodeRules([]byte(`[{"type":"transaction_limit","amount":100,"currency":"usd"},
		{"type":"approval_threshold","amount":50,"currency":"usd"},{"type":"limit","period":"month","amount":900,"currency":"usd"},
		{"type":"limit","period":"week","amount":900,"currency":"usd","per":"company"}]`))
	if err != nil {
		b.t.Fatal(err)
	}
	var all []policy.Policy
	for _, agents := range [][]uuid.UUID{nil, {b.agent}} {
		all = append(all, policy.Policy{ID: ident.New(), Version: 1, Content: policy.Content{Name: "p", Status: policy.Active, Agents: agents, Rules: rules}})
	}
	set, err := policy.Compile(b.tenant.Company, "Europe/Berlin", all)
	if err != nil {
		b.t.Fatal(err)
	}
	past := spend.NewPast(b.tenant, spend.PastCompany{Currency: "usd", Zone: "Europe/Berlin", ApprovalTimeout: time.Hour, Scopes: set.Scopes()})
	past.Agent(b.agent, "bot", "active")
	past.Govern(set)
	now, by := time.Now().UTC().Truncate(time.Microsecond), audit.Key(ident.New(), "req_1")
	for i, minor := range []int64{1000, 2000, 6000, 20_000} {
		past.MoveTo(now.Add(time.Duration(i-10) * time.Second))
		a, err := past.Authorize(by, spend.Request{Agent: b.agent, Amount: money.Of(minor, "usd"), Merchant: policy.Merchant{Name: "AWS"},
			Rail: "api", Capture: spend.Explicit, ExpiresIn: time.Hour})
		if err == nil && i == 0 {
			err = past.Confirm(by, a, nil, "")
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := b.pool.InTx(b.t.Context(), past.Write); err != nil {
		b.t.Fatal(err)
	}
	if err := meter.Prepare(b.t.Context(), b.pool, b.tenant, set.Scopes()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *books) reconcile() []reconcile.Report {
	b.t.Helper()
	reports, err := reconcile.Sources{Pool: b.pool, Log: b.log}.All(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return reports
}

func TestNothingToFind(t *testing.T) {
	t.Parallel()
	reports := newBooks(t).reconcile()
	if len(reports) != 2 || reconcile.Differences(reports) != 0 || reports[0].Authorizations != 4 || reports[0].Events != 5 {
		t.Errorf("%+v", reports)
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]struct {
		sql  string
		want []reconcile.Check
		text string
	}{
		"a meter that says too much":   {`UPDATE meters SET total_spent = total_spent + 1`, []reconcile.Check{reconcile.Meters, reconcile.Sums}, "spent 10.00, metered 10.01"},
		"a meter's day":                {`UPDATE meters SET day_reserved = 0`, []reconcile.Check{reconcile.Meters, reconcile.Sums}, "reserved 80.00, metered 0.00"},
		"a meter that is gone":         {`DELETE FROM meters`, []reconcile.Check{reconcile.Meters, reconcile.Sums}, "metered 0.00"},
		"an amount that was changed":   {`UPDATE authorizations SET amount = amount - 1 WHERE status = 'confirmed'`, []reconcile.Check{reconcile.Meters, reconcile.Sums}, "spent 9.99"},
		"a held one without approval":  {`DELETE FROM approvals`, []reconcile.Check{reconcile.Approvals}, "held and its approval is missing"},
		"an approval that was decided": {`UPDATE approvals SET status = 'approved'`, []reconcile.Check{reconcile.Approvals}, "held and its approval is approved"},
		"a decided one, still to be approved": {`UPDATE authorizations SET status = 'voided' WHERE status = 'held'`,
			[]reconcile.Check{reconcile.Approvals, reconcile.Events}, "voided and its approval is pending"},
		"an approval of nothing": {`UPDATE approvals SET authorization_id = gen_random_uuid()`, []reconcile.Check{reconcile.Approvals}, "the authorization is missing"},
		"a merchant forgotten":   {`DELETE FROM known_merchants`, []reconcile.Check{reconcile.Merchants}, "aws"},
		"a confirm that nobody told of": {`UPDATE authorizations SET status = 'confirmed' WHERE status = 'pending'`,
			[]reconcile.Check{reconcile.Events}, "no event says confirmed"},
		"a confirm taken back": {`UPDATE authorizations SET status = 'pending' WHERE status = 'confirmed'`,
			[]reconcile.Check{reconcile.Events}, "an event says confirmed"},
		"an authorization that is gone": {`DELETE FROM authorizations WHERE status = 'denied'`, []reconcile.Check{reconcile.Events}, "(denied), and no authorization"},
		"an authorization slipped in": {`INSERT INTO authorizations SELECT company_id, live, gen_random_uuid(), agent_id, 'denied', 'DENIED', reason_code, reason, currency,
			requested, amount, 0, merchant_name, '', '', '', merchant_key, rail, capture, '', NULL, '', '', 1, NULL, created_at, NULL, NULL, NULL, requested_by,
			NULL, explanation FROM authorizations LIMIT 1`, []reconcile.Check{reconcile.Events}, "no event says denied"},
		"an event rewritten": {`ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET actor = 'system' WHERE type = 'authorization.denied'`,
			[]reconcile.Check{reconcile.Seal}, "is not the one that was sealed"},
		"an event removed": {`ALTER TABLE audit_events DISABLE TRIGGER USER; DELETE FROM audit_events WHERE type = 'authorization.confirmed'`,
			[]reconcile.Check{reconcile.Seal, reconcile.Events}, "is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks(t)
			if n := reconcile.Differences(b.reconcile()); n != 0 {
				t.Fatalf("%d differences before", n) // and this seals the log
			}
			b.do(plant.sql)
			reports := b.reconcile()
			found, texts := map[reconcile.Check]int{}, ""
			for _, d := range reports[0].Differences {
				found[d.Check]++
				texts += d.Subject + " " + d.Text + "\n"
			}
			for _, check := range plant.want {
				if found[check] == 0 {
					t.Errorf("%s found nothing: %s", check, texts)
				}
			}
			if !strings.Contains(texts, plant.text) {
				t.Errorf("nothing says %q: %s", plant.text, texts)
			}
			if len(reports[1].Differences) > 0 {
				t.Errorf("test mode: %+v", reports[1])
			}
		})
	}
}
