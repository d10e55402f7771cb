package access_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

const base = "http://localhost:8080"

// outbox is the mail server's stand-in: it keeps what it was given.
type outbox struct {
	mu    sync.Mutex
	links []sent
}

type sent struct{ to, link string }

func (o *outbox) SignInLink(_ context.Context, to, link string, _ time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.links = append(o.links, sent{to, link})
	return nil
}

func (o *outbox) Invitation(_ context.Context, _ pgx.Tx, to, _, _, link string) error {
	return o.SignInLink(context.Background(), to, link, 0)
}

func (o *outbox) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.links)
}

// token is the one in the last link.
func (o *outbox) token(t *testing.T) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	_, token, ok := strings.Cut(o.links[len(o.links)-1].link, base+"/sign-in/verify?token=")
	if !ok {
		t.Fatalf("the link is %s", o.links[len(o.links)-1].link)
	}
	return token
}

// logs is a log that can be searched while it is written.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// house is access on a database of its own.
type house struct {
	*access.Access
	t         *testing.T
	pool      *postgres.Pool
	companies *company.Service
	mail      *outbox
	logs      *logs
	config    access.Config
	signer    *sign.KeySet
}

func newHouse(t *testing.T, change ...func(*access.Config)) *house {
	t.Helper()
	t.Parallel()
	h := &house{t: t, pool: pgtest.New(t), mail: &outbox{}, logs: &logs{}}
	log := slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.signer, err = sign.Open(t.Context(), h.pool, sign.Config{Algorithm: sign.ES256,
		KeyEncryptionKey: bytes.Repeat([]byte{1}, sign.KeySize), MaxTokenLifetime: access.SessionLifetime,
		ReloadEvery: time.Second, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	h.config = access.Config{BaseURL: base, Mailer: h.mail, Logger: log}
	for _, c := range change {
		c(&h.config)
	}
	h.companies = company.New(h.pool)
	h.Access = h.replica(h.companies)
	return h
}

// until waits for something to be true, for as long as a slow machine needs.
func (h *house) until(what string, so func() bool) {
	h.t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not so in time: %s", what)
		}
	}
}

// replica is another process on the same database.
func (h *house) replica(companies *company.Service) *access.Access {
	h.t.Helper()
	a, err := access.Open(h.t.Context(), h.pool, companies, h.signer, h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) try(fn func(context.Context, pgx.Tx) error) error {
	return h.pool.InTx(h.t.Context(), fn)
}

func (h *house) tx(fn func(context.Context, pgx.Tx) error) {
	h.t.Helper()
	if err := h.try(fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.pool.Exec(h.t.Context(), sql, args...); err != nil {
		h.t.Fatal(err)
	}
}

// signIn gives a session token by mail.
func (h *house) signIn(email string) string {
	h.t.Helper()
	if err := h.SendLink(h.t.Context(), email, "192.0.2.1"); err != nil {
		h.t.Fatal(err)
	}
	in, err := h.VerifyLink(h.t.Context(), h.mail.token(h.t), "192.0.2.1", "req")
	if err != nil {
		h.t.Fatal(err)
	}
	return in.Token
}

// ask is FromRequest with a bearer and headers as name, value pairs.
func (h *house) ask(bearer string, headers ...string) (access.Principal, error) {
	return asks(h.Access, bearer, headers...)
}

func asks(a *access.Access, bearer string, headers ...string) (access.Principal, error) {
	r := httptest.NewRequest(http.MethodGet, "/v1/x", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+bearer)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return a.FromRequest(r)
}

func (h *house) who(bearer string, headers ...string) access.Principal {
	h.t.Helper()
	p, err := h.ask(bearer, headers...)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// found signs somebody in and makes them a company: the owner's token.
func (h *house) found(name string) (token string, owner access.Principal) {
	h.t.Helper()
	token = h.signIn(strings.ToLower(name) + "@example.com")
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		p := h.who(token)
		_, _, err := h.companies.Create(ctx, tx, p.Actor("req"), company.Person{ID: p.Person, Email: p.Email}, company.NewCompany{Name: name})
		return err
	})
	return token, h.who(token)
}

// member signs in a member of the owner's company.
func (h *house) member(owner access.Principal, email string, role company.Role) (token string, p access.Principal) {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.companies.Invite(ctx, tx, owner.Tenant, owner.Actor(""), owner.ActingRole(), email, role)
		return err
	})
	token = h.signIn(email)
	return token, h.who(token)
}

func (h *house) key(p access.Principal, in access.NewKey) (access.Key, string, error) {
	if in.Name == "" {
		in.Name = "key"
	}
	var k access.Key
	var secret string
	err := h.try(func(ctx context.Context, tx pgx.Tx) (err error) {
		k, secret, err = h.CreateKey(ctx, tx, p, "req", in)
		return err
	})
	return k, secret, err
}

func (h *house) mustKey(p access.Principal, mode string, scopes ...string) (access.Key, string) {
	h.t.Helper()
	k, secret, err := h.key(p, access.NewKey{Mode: mode, Scopes: scopes})
	if err != nil {
		h.t.Fatal(err)
	}
	return k, secret
}

func (h *house) revoke(p access.Principal, k access.Key) error {
	return h.try(func(ctx context.Context, tx pgx.Tx) error { return h.RevokeKey(ctx, tx, p, "req", k.ID) })
}

func (h *house) agent(t ident.Tenant, owner access.Principal, handle string) company.Agent {
	h.t.Helper()
	var a company.Agent
	h.tx(func(ctx context.Context, tx pgx.Tx) (err error) {
		a, err = h.companies.CreateAgent(ctx, tx, t, owner.Actor(""), company.NewAgent{Handle: handle, Name: "Bot"})
		return err
	})
	return a
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want code %s", err, code)
	}
}
