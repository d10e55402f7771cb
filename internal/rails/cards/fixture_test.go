package cards_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// house is the rail on a database of its own, with one company in test mode.
type house struct {
	t      testing.TB
	pool   *postgres.Pool
	owner  *postgres.Pool // may change what the server may not
	gate   *spend.Service
	books  *ledger.Books
	cards  *cards.Service
	tenant ident.Tenant
	by     audit.Actor
	member uuid.UUID
	person uuid.UUID
	agent  uuid.UUID
	// issuers is what companies have connected.
	issuers cards.Issuers
}

func newHouse(t testing.TB) *house {
	t.Helper()
	ownerURL, appURL := pgtest.NewURLs(t)
	owner, pool := connect(t, ownerURL, "owner"), connect(t, appURL, "server")
	h := &house{t: t, pool: pool, owner: owner, books: ledger.New(pool), tenant: ident.Tenant{Company: ident.New()}, member: ident.New(), person: ident.New()}
	h.by = audit.Member(h.member, "req")
	keys, err := sign.Open(t.Context(), pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32), MaxTokenLifetime: time.Hour,
		ReloadEvery: sign.DefaultReloadEvery, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h.gate = spend.New(pool, keys, policy.NewStore(pool), spend.Config{Issuer: "http://localhost:8080", Patience: 20 * time.Second})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.gate.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	h.cards = h.rail(1)
	h.exec(`INSERT INTO companies (company_id, name, currency, time_zone) VALUES ($1, 'Acme', 'eur', 'Europe/Berlin')`, h.tenant.Company)
	h.exec(`INSERT INTO company_modes (company_id, live) VALUES ($1, true), ($1, false)`, h.tenant.Company)
	h.exec(`INSERT INTO people (person_id, email) VALUES ($1, 'ada@example.com')`, h.person)
	h.exec(`INSERT INTO members (company_id, member_id, person_id, email, role, status) VALUES ($1, $2, $3, 'ada@example.com', 'owner', 'active')`,
		h.tenant.Company, h.member, h.person)
	h.agent = h.newAgent("procurement-bot")
	return h
}

func connect(t testing.TB, url, name string) *postgres.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, ApplicationName: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// rail is the service under a key-encryption key.
func (h *house) rail(key byte) *cards.Service {
	h.t.Helper()
	kek := make([]byte, vault.KeySize)
	kek[0] = key
	v, err := vault.New(kek)
	if err != nil {
		h.t.Fatal(err)
	}
	return cards.New(cards.Config{Pool: h.pool, Gate: h.gate, Vault: v, Log: slog.New(slog.DiscardHandler),
		Issuers: func(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (cards.Issuer, error) {
			if h.issuers == nil {
				return nil, nil
			}
			return h.issuers(ctx, tx, t, name)
		}})
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.owner.Exec(context.Background(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) newAgent(handle string) uuid.UUID {
	id := ident.New()
	for _, live := range []bool{true, false} {
		h.exec(`INSERT INTO agents (company_id, live, agent_id, handle, name, status) VALUES ($1, $2, $3, $4, $4, 'active')`, h.tenant.Company, live, id, handle)
	}
	return id
}

// policy activates rules for the whole company.
func (h *house) policy(rules string) {
	h.t.Helper()
	parsed, err := policy.DecodeRules([]byte(rules))
	if err != nil {
		h.t.Fatal(err)
	}
	store := policy.NewStore(h.pool)
	c := policy.Content{Name: "Procurement", Rules: parsed}
	if _, err := store.Prepare(h.t.Context(), h.tenant, &c); err != nil {
		h.t.Fatal(err)
	}
	h.write(func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.Create(ctx, tx, h.tenant, h.by, c)
		return err
	})
}

// write runs a transaction that must succeed.
func (h *house) write(fn func(context.Context, pgx.Tx) error) {
	h.t.Helper()
	if err := h.pool.InTx(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func eur(minor int64) money.Amount { return money.Of(minor, "eur") }

func (h *house) draft(minor int64) cards.Draft {
	return cards.Draft{Agent: h.agent, Amount: eur(minor)}
}

func (h *house) create(d cards.Draft) (c cards.Card, secret cards.Secret, err error) {
	err = h.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		c, secret, err = h.cards.Create(ctx, tx, h.tenant, h.by, d)
		return err
	})
	return c, secret, err
}

// card makes one with that much on it.
func (h *house) card(minor int64, change ...func(*cards.Draft)) cards.Card {
	h.t.Helper()
	d := h.draft(minor)
	for _, f := range change {
		f(&d)
	}
	c, _, err := h.create(d)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// move is one of Freeze, Unfreeze and Cancel.
type move = func(context.Context, pgx.Tx, ident.Tenant, cards.Actor, uuid.UUID) (cards.Card, error)

func (h *house) move(m move, id uuid.UUID) (c cards.Card, err error) {
	err = h.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		c, err = m(ctx, tx, h.tenant, h.by, id)
		return err
	})
	return c, err
}

func (h *house) get(id uuid.UUID) cards.Card {
	h.t.Helper()
	c, err := h.cards.Get(context.Background(), h.tenant, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// wallet is what the company's euro wallet has.
func (h *house) wallet() (minor int64) {
	h.t.Helper()
	h.scan(&minor, `SELECT balance FROM ledger_accounts WHERE company_id = $1 AND live = $2 AND kind = 'wallet' AND owner_id = $3 AND currency = 'eur'`,
		h.tenant.Company, h.tenant.Live, uuid.Nil)
	return minor
}

func (h *house) scan(into any, sql string, args ...any) {
	h.t.Helper()
	if err := h.owner.QueryRow(context.Background(), sql, args...).Scan(into); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) count(sql string, args ...any) (n int) {
	h.t.Helper()
	h.scan(&n, "SELECT count(*) FROM "+sql, args...)
	return n
}

// balanced checks that everything adds up: the trial balance, kept balances,
// holds, and the meters of the gate.
func (h *house) balanced() {
	h.t.Helper()
	for _, problem := range h.problems() {
		h.t.Error(problem)
	}
}

func (h *house) problems() (out []string) {
	ctx := context.Background()
	rows, err := h.books.TrialBalance(ctx, h.tenant)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range ledger.Totals(rows) {
		if r.Debits != r.Credits {
			out = append(out, "trial balance: "+r.Debits.String()+" against "+r.Credits.String())
		}
	}
	for what, sql := range map[string]string{
		"a kept balance is not its entries": `ledger_accounts a WHERE a.balance <> (SELECT coalesce(sum(e.amount), 0) FROM ledger_entries e
			WHERE e.company_id = a.company_id AND e.live = a.live AND e.account_id = a.account_id)`,
		"an account of holds is not its open holds": `ledger_accounts a WHERE a.kind = 'hold' AND a.balance <> (SELECT coalesce(sum(x.remaining), 0)
			FROM ledger_holds x WHERE x.company_id = a.company_id AND x.live = a.live AND x.account_id = a.owner_id)`,
		"a balance is below its floor":         `ledger_accounts a WHERE CASE WHEN a.debit THEN a.balance ELSE -a.balance END < a.floor`,
		"money of holds or wallets below zero": `ledger_accounts a WHERE a.kind IN ('hold', 'wallet') AND a.balance < 0`,
	} {
		if h.count(sql) > 0 {
			out = append(out, what)
		}
	}
	wrong, err := meter.Reconcile(ctx, h.pool, h.tenant)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, w := range wrong {
		b, _ := json.Marshal(w)
		out = append(out, "meter "+string(b))
	}
	return out
}

// code is a fault's code and kind, for comparisons.
func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	if code(err) != want {
		t.Errorf("got %q (%v), want %q", code(err), err, want)
	}
}

// everything is what the database keeps, as text.
func (h *house) everything() string {
	h.t.Helper()
	var out strings.Builder
	for _, table := range []string{"cards", "card_numbers", "card_transactions", "card_reveals", "audit_events", "ledger_transactions",
		"ledger_entries", "ledger_accounts", "authorizations", "idempotency_keys"} {
		var text string
		h.scan(&text, `SELECT coalesce(string_agg(x::text, E'\n'), '') FROM `+table+` x`)
		out.WriteString(text)
	}
	return out.String()
}
