package stripe_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

func TestMain(m *testing.M) {
	if os.Getenv(standEnv) != "" {
		runStand()
	}
	os.Exit(m.Run())
}

// startStand starts Stripe's stand-in as a process of its own.
func startStand(t testing.TB) string {
	t.Helper()
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), standEnv+"=1")
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stderr = os.Stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = p.Wait() }) // it ends as its input does
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// lines is a log that may be written and read at once.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is the rail with Stripe beside it, on a database of its own, with one
// company whose test mode is connected.
type world struct {
	t      testing.TB
	pool   *postgres.Pool
	owner  *postgres.Pool
	gate   *spend.Service
	cards  *cards.Service
	stripe *stripe.Service
	stand  string // the stand-in's address
	door   *httptest.Server
	tenant ident.Tenant
	by     audit.Actor
	member uuid.UUID
	person uuid.UUID
	agent  uuid.UUID
	logs   *lines
	// stall is how long the door waits before it looks at a webhook.
	stall time.Duration
}

const testKey = "rk_test_0123456789abcdefWXYZ"

func connect(t testing.TB, url string) *postgres.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := newUnconnected(t)
	d, err := w.stripe.Prepare(t.Context(), w.tenant, stripe.Input{SecretKey: testKey})
	w.must(err)
	w.write(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.stripe.Connect(ctx, tx, w.tenant, w.by, d)
		return err
	})
	return w
}

func newUnconnected(t testing.TB) *world {
	t.Helper()
	ownerURL, appURL := pgtest.NewURLs(t)
	w := &world{t: t, owner: connect(t, ownerURL), pool: connect(t, appURL), tenant: ident.Tenant{Company: ident.New()}, member: ident.New(),
		person: ident.New(), logs: &lines{}, stand: startStand(t)}
	log := slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.by = audit.Member(w.member, "req")
	keys, err := sign.Open(t.Context(), w.pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32), MaxTokenLifetime: time.Hour,
		ReloadEvery: sign.DefaultReloadEvery, Logger: log})
	w.must(err)
	w.gate = spend.New(w.pool, keys, policy.NewStore(w.pool), spend.Config{Issuer: "http://localhost:8080", Patience: 20 * time.Second})
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { w.gate.Run(ctx); close(over) }()
	t.Cleanup(func() { stop(); <-over })
	numbers, err := vault.New(make([]byte, vault.KeySize))
	w.must(err)
	w.cards = cards.New(cards.Config{Pool: w.pool, Gate: w.gate, Vault: numbers, Log: log,
		Issuers: func(ctx context.Context, tx pgx.Tx, t ident.Tenant, name string) (cards.Issuer, error) {
			return w.stripe.Issuers(ctx, tx, t, name)
		}})
	w.door = httptest.NewServer(http.HandlerFunc(w.receive))
	t.Cleanup(w.door.Close)
	w.stripe, err = stripe.Open(stripe.Config{Pool: w.pool, Cards: w.cards, KeyEncryptionKey: make([]byte, sign.KeySize), BaseURL: w.door.URL, Logger: log, URL: w.stand})
	w.must(err)
	w.exec(`INSERT INTO companies (company_id, name, currency, time_zone) VALUES ($1, 'Acme', 'eur', 'Europe/Berlin')`, w.tenant.Company)
	w.exec(`INSERT INTO company_modes (company_id, live) VALUES ($1, true), ($1, false)`, w.tenant.Company)
	w.exec(`INSERT INTO people (person_id, email) VALUES ($1, 'ada@example.com')`, w.person)
	w.exec(`INSERT INTO members (company_id, member_id, person_id, email, role, status) VALUES ($1, $2, $3, 'ada@example.com', 'owner', 'active')`,
		w.tenant.Company, w.member, w.person)
	w.agent = ident.New()
	for _, live := range []bool{true, false} {
		w.exec(`INSERT INTO agents (company_id, live, agent_id, handle, name, status) VALUES ($1, $2, $3, 'bot', 'bot', 'active')`, w.tenant.Company, live, w.agent)
	}
	return w
}

// receive is the door, as package api has it.
func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	time.Sleep(w.stall)
	body, _ := io.ReadAll(r.Body)
	parts := strings.Split(r.URL.Path, "/")
	answer, err := w.stripe.Receive(r.Context(), parts[3], r.Header.Get("Stripe-Signature"), body)
	if err != nil {
		status := map[fault.Kind]int{fault.Malformed: 400, fault.NotFound: 404, fault.Conflict: 409, fault.Invalid: 422, fault.Unavailable: 503}[fault.From(err).Kind]
		if status == 0 {
			status = 500
		}
		http.Error(rw, fault.From(err).Code, status)
		return
	}
	rw.Header().Set("Stripe-Version", answer.Version)
	_, _ = rw.Write(answer.Body)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.owner.Exec(context.Background(), sql, args...)
	w.must(err)
}

func (w *world) write(fn func(context.Context, pgx.Tx) error) {
	w.t.Helper()
	w.must(w.pool.InTx(context.Background(), fn))
}

// policy activates rules for the whole company.
func (w *world) policy(rules string) {
	w.t.Helper()
	parsed, err := policy.DecodeRules([]byte(rules))
	w.must(err)
	store := policy.NewStore(w.pool)
	c := policy.Content{Name: "Procurement", Rules: parsed}
	_, err = store.Prepare(w.t.Context(), w.tenant, &c)
	w.must(err)
	w.write(func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.Create(ctx, tx, w.tenant, w.by, c)
		return err
	})
}

// create makes a card.
func (w *world) create(d cards.Draft) (c cards.Card, secret cards.Secret, err error) {
	d.Agent = w.agent
	err = w.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		c, secret, err = w.cards.Create(ctx, tx, w.tenant, w.by, d)
		return err
	})
	return c, secret, err
}

func (w *world) card(minor int64) cards.Card {
	w.t.Helper()
	c, _, err := w.create(cards.Draft{Amount: money.Of(minor, "eur")})
	w.must(err)
	return c
}

func (w *world) get(id uuid.UUID) cards.Card {
	w.t.Helper()
	c, err := w.cards.Get(context.Background(), w.tenant, id)
	w.must(err)
	return c
}

func (w *world) wallet() int64 {
	w.t.Helper()
	var out int64
	w.write(func(ctx context.Context, tx pgx.Tx) error {
		a, err := ledger.Balance(ctx, tx, w.tenant, ledger.WalletOf(uuid.Nil, "eur"))
		out = a.Balance
		return err
	})
	return out
}

// tell asks the stand-in for something.
func (w *world) tell(path string, in, out any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	w.must(err)
	r, err := http.Post(w.stand+path, "application/json", bytes.NewReader(body))
	w.must(err)
	defer func() { _ = r.Body.Close() }()
	if out != nil {
		w.must(json.NewDecoder(r.Body).Decode(out))
	}
}

func (w *world) play(d deed) (out done) {
	w.t.Helper()
	if d.Merchant == nil {
		d.Merchant = object{"name": "AWS", "category": "computer_programming", "category_code": "7372", "country": "US", "network_id": "1234567890", "url": "https://aws.amazon.com/x"}
	}
	w.tell("/_/do", d, &out)
	return out
}

// shown is what the stand-in has.
type shown struct {
	Cards map[string]object
	Calls []string
	Hook  string
	Moves []object
	Auths map[string]object
}

func (w *world) look() (out shown) {
	w.t.Helper()
	w.tell("/_/show", nil, &out)
	return out
}
