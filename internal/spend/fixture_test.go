package spend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
)

// house is a gate on a database of its own, with one company.
type house struct {
	t      testing.TB
	pool   *postgres.Pool
	keys   *sign.KeySet
	gate   *spend.Service
	tenant ident.Tenant
	member uuid.UUID
	person uuid.UUID
}

func newHouse(t testing.TB) *house {
	t.Helper()
	pool := pgtest.New(t)
	keys, err := sign.Open(t.Context(), pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32), MaxTokenLifetime: time.Hour,
		ReloadEvery: sign.DefaultReloadEvery, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, pool: pool, keys: keys, tenant: ident.Tenant{Company: ident.New(), Live: true}}
	h.gate = h.replica()
	h.exec(`INSERT INTO companies (company_id, name, currency, time_zone) VALUES ($1, 'Acme', 'usd', 'UTC')`, h.tenant.Company)
	h.exec(`INSERT INTO company_modes (company_id, live) VALUES ($1, true), ($1, false)`, h.tenant.Company)
	h.member, h.person = h.addMember("owner")
	return h
}

// replica is another gate on the same database, as another process would be.
func (h *house) replica() *spend.Service {
	gate := spend.New(h.pool, h.keys, policy.NewStore(h.pool), spend.Config{Issuer: "http://localhost:8080", Patience: 20 * time.Second})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { gate.Run(ctx); close(done) }()
	h.t.Cleanup(func() { stop(); <-done })
	return gate
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.pool.Exec(context.Background(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) addMember(role string) (member, person uuid.UUID) {
	member, person = ident.New(), ident.New()
	email := person.String() + "@example.com"
	h.exec(`INSERT INTO people (person_id, email) VALUES ($1, $2)`, person, email)
	h.exec(`INSERT INTO members (company_id, member_id, person_id, email, role, status) VALUES ($1, $2, $3, $4, $5, 'active')`,
		h.tenant.Company, member, person, email, role)
	return member, person
}

func (h *house) agent(handle string) uuid.UUID {
	id := ident.New()
	h.exec(`INSERT INTO agents (company_id, live, agent_id, handle, name, status) VALUES ($1, $2, $3, $4, $4, 'active')`,
		h.tenant.Company, h.tenant.Live, id, handle)
	return id
}

// policy activates rules, for the whole company or for some agents.
func (h *house) policy(rules string, agents ...uuid.UUID) {
	h.t.Helper()
	parsed, err := policy.DecodeRules([]byte(rules))
	if err != nil {
		h.t.Fatal(err)
	}
	p := policy.Policy{ID: ident.New(), Version: 1, Content: policy.Content{Name: "p", Status: policy.Active, Agents: agents, Rules: parsed}}
	set, err := policy.Compile(h.tenant.Company, "UTC", []policy.Policy{p})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := meter.Prepare(h.t.Context(), h.pool, h.tenant, set.Scopes()); err != nil {
		h.t.Fatal(err)
	}
	if agents == nil {
		agents = []uuid.UUID{}
	}
	err = h.pool.InTx(h.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if err := meter.RequireReady(ctx, tx, h.tenant, set.Scopes()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO policies (company_id, live, policy_id, version, epoch, name, status, agents, rules)
			SELECT $1, $2, $3, 1, m.epoch + 1, 'p', 'active', $4, $5 FROM company_modes m WHERE company_id = $1 AND live = $2 FOR UPDATE`,
			h.tenant.Company, h.tenant.Live, p.ID, agents, []byte(rules))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE company_modes SET epoch = epoch + 1 WHERE company_id = $1 AND live = $2`, h.tenant.Company, h.tenant.Live)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) call() spend.Call {
	return spend.Call{Tenant: h.tenant, Actor: audit.Key(ident.New(), "req")}
}

// keyed is a call with an Idempotency-Key, whose stored answer is the id.
func (h *house) keyed(key string) spend.Call {
	c := h.call()
	c.Once = &spend.Once{Key: once.Key{Tenant: h.tenant, Value: key, Route: "POST /v1/authorize"},
		Answer: func(r spend.Result) (once.Answer, error) {
			return once.Answer{Status: 200, Body: fmt.Appendf(nil, `{"id":%q}`, r.Authorization.PublicID())}, nil
		}}
	return c
}

func ask(agent uuid.UUID, minor int64) spend.Request {
	return spend.Request{Agent: agent, Amount: money.Of(minor, "usd"), Merchant: policy.Merchant{Name: "AWS"},
		Rail: "api", Capture: spend.Explicit, ExpiresIn: 15 * time.Minute}
}

func (h *house) authorize(agent uuid.UUID, minor int64) spend.Result {
	h.t.Helper()
	r, err := h.gate.Authorize(h.t.Context(), h.call(), ask(agent, minor))
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// sweepClock ends the time of every open authorization.
func (h *house) expireAll() {
	h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() - interval '1 second' WHERE status IN ('pending', 'held')`)
}

// checkMeters compares every meter with what the authorizations add up to.
func (h *house) checkMeters() {
	h.t.Helper()
	wrong, err := meter.Reconcile(h.t.Context(), h.pool, h.tenant)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, w := range wrong {
		h.t.Errorf("meter %+v", w)
	}
}

func (h *house) statuses() map[string]int {
	h.t.Helper()
	rows, err := h.pool.Query(h.t.Context(), `SELECT status, count(*) FROM authorizations GROUP BY 1`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var s string
		var n int
		if err := rows.Scan(&s, &n); err != nil {
			h.t.Fatal(err)
		}
		out[s] = n
	}
	return out
}

func limitRule(amount int, per string) string {
	b, _ := json.Marshal([]map[string]any{{"type": "limit", "period": "month", "amount": amount, "currency": "usd", "per": per}})
	return string(b)
}

func (h *house) agents(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = h.agent(fmt.Sprintf("bot-%d", i))
	}
	return ids
}
