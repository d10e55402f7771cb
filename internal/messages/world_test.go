package messages_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
)

// letters is a transport that can fail.
type letters struct {
	mu   sync.Mutex
	box  []mail.Message
	fail error
}

func (l *letters) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.box = append(l.box, m)
	return nil
}

func (l *letters) failing(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

func (l *letters) count(to, part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.box {
		if (to == "" || m.To == to) && strings.Contains(m.Subject, part) {
			n++
		}
	}
	return n
}

// world is a company with an owner, an agent and everything that tells people,
// on a database of its own.
type world struct {
	t         *testing.T
	pool      *postgres.Pool
	log       *slog.Logger
	keys      *sign.KeySet
	companies *company.Service
	policies  *policy.Store
	gate      *spend.Service
	access    *access.Access
	events    *audit.Log
	service   *messages.Service
	post      *messages.Post
	mail      *letters
	tenant    ident.Tenant
	owner     company.Member
	agent     uuid.UUID
}

const ownerAddress = "owner@example.com"

func newWorld(t *testing.T, live bool) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), log: slog.New(slog.DiscardHandler), mail: &letters{}}
	var err error
	w.keys, err = sign.Open(t.Context(), w.pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32), MaxTokenLifetime: access.SessionLifetime,
		ReloadEvery: sign.DefaultReloadEvery, Logger: w.log})
	w.must(err)
	w.companies, w.policies, w.events = company.New(w.pool), policy.NewStore(w.pool), audit.New(w.pool, w.keys, w.log)
	w.access, err = access.Open(t.Context(), w.pool, w.companies, w.keys, access.Config{BaseURL: "http://localhost", Mailer: mail.NewPost(w.mail), Logger: w.log})
	w.must(err)
	w.gate = spend.New(w.pool, w.keys, w.policies, spend.Config{Issuer: "http://localhost", Log: w.log, Patience: 20 * time.Second})
	w.found(live)
	w.run(w.gate.Run)
	w.run(w.events.Run)
	w.service = w.replica()
	w.replica()
	return w
}

// replica is a server that tells people; what it makes of events is stored once
// however many there are.
func (w *world) replica() *messages.Service {
	w.t.Helper()
	q, err := notify.NewQueue(w.pool, w.log)
	w.must(err)
	s, err := messages.New(messages.Config{Pool: w.pool, Queue: q, Access: w.access, Companies: w.companies, Policies: w.policies, Spend: w.gate,
		Mail: w.mail, BaseURL: "http://localhost", KeyEncryptionKey: make([]byte, 32), AllowLoopback: true, Log: w.log})
	w.must(err)
	w.post, err = messages.NewPost(w.pool, q, w.mail, make([]byte, 32))
	w.must(err)
	w.run(func(ctx context.Context) { _ = q.Run(ctx) }) // it ends with the test
	w.run(audit.NewOutbox(w.pool, w.log, s.Route()).Run)
	return s
}

func (w *world) found(live bool) {
	w.t.Helper()
	w.inTx(func(ctx context.Context, tx pgx.Tx) error {
		person := company.Person{ID: ident.New(), Email: ownerAddress}
		if _, err := tx.Exec(ctx, "INSERT INTO people (person_id, email) VALUES ($1, $2)", person.ID, person.Email); err != nil {
			return err
		}
		c, owner, err := w.companies.Create(ctx, tx, audit.Person(person.ID, "req"), person, company.NewCompany{Name: "Acme"})
		if err != nil {
			return err
		}
		w.owner, w.tenant = owner, ident.Tenant{Company: c.ID, Live: live}
		a, err := w.companies.CreateAgent(ctx, tx, w.tenant, w.by(), company.NewAgent{Handle: "buyer", Name: "Buyer"})
		w.agent = a.ID
		return err
	})
}

func (w *world) by() audit.Actor { return audit.Member(w.owner.ID, "req") }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) inTx(fn func(context.Context, pgx.Tx) error) {
	w.t.Helper()
	w.must(w.pool.InTx(w.t.Context(), fn))
}

func (w *world) run(job func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { job(ctx); close(done) }()
	w.t.Cleanup(func() { stop(); <-done })
}

// rules make a policy of the whole company.
func (w *world) rules(text string) {
	w.t.Helper()
	rules, err := policy.DecodeRules([]byte(text))
	w.must(err)
	c := policy.Content{Name: "House rules", Status: policy.Active, Rules: rules}
	_, err = w.policies.Prepare(w.t.Context(), w.tenant, &c)
	w.must(err)
	w.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.policies.Create(ctx, tx, w.tenant, w.by(), c)
		return err
	})
}

func (w *world) ask(minor int64, merchant string) spend.Result {
	w.t.Helper()
	r, err := w.gate.Authorize(w.t.Context(), spend.Call{Tenant: w.tenant, Actor: audit.Key(ident.New(), "req")}, spend.Request{Agent: w.agent,
		Amount: money.Of(minor, "usd"), Merchant: policy.Merchant{Name: merchant}, Rail: "api", Capture: spend.Explicit, ExpiresIn: time.Hour})
	w.must(err)
	return r
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.mail.mu.Lock()
			for _, m := range w.mail.box {
				w.t.Logf("to %s: %s", m.To, m.Subject)
			}
			w.mail.mu.Unlock()
			w.t.Fatal("never: " + what)
		}
	}
}

// arrives waits for a mail.
func (w *world) arrives(to, part string) {
	w.t.Helper()
	w.until(part+" to "+to, func() bool { return w.mail.count(to, part) > 0 })
}

// count is the answer of a query with one number, for the tenant.
func (w *world) count(sql string) (n int) {
	w.t.Helper()
	w.must(w.pool.QueryRow(w.t.Context(), sql, w.tenant.Company, w.tenant.Live).Scan(&n))
	return n
}

var errAway = errors.New("421 not now, bob@example.com")
