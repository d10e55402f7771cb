package access_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/access/clerkstand"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/notify"
)

// clerkHouse is access with Clerk's stand-in beside it.
type clerkHouse struct {
	*house
	*clerkstand.Server
}

func newClerkHouse(t *testing.T, production ...bool) clerkHouse {
	t.Helper()
	s, err := clerkstand.Start(len(production) > 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	h := newHouse(t, func(c *access.Config) {
		c.Clerk = &access.ClerkConfig{SecretKey: clerkstand.SecretKey, PublishableKey: s.PublishableKey,
			IssuerURI: s.URL, APIURL: s.URL + "/v1", AllowedOrigins: []string{"https://app.example"}}
	})
	return clerkHouse{h, s}
}

func (h clerkHouse) rotate(kid string) {
	h.t.Helper()
	if err := h.Rotate(kid); err != nil {
		h.t.Fatal(err)
	}
}

// join makes a user whose address is verified, with a session, and gives its id.
func (h clerkHouse) join(user, email string) (session string) {
	h.Put(clerkstand.User{ID: user, Email: email, Verification: "verified"})
	return h.Session(user)
}

// token is a session token of the user's, with changes.
func (h clerkHouse) token(user string, changes map[string]any) string {
	session := "sess_none"
	if all := h.SessionsOf(user); len(all) > 0 {
		session = all[0]
	}
	return h.Token(user, session, base, changes)
}

func TestClerkSignsIn(t *testing.T) {
	h := newClerkHouse(t)
	session := h.join("user_1", "Ada@Example.com")
	p := h.who(h.token("user_1", nil))
	if p.Email != "ada@example.com" || p.Kind != access.BySession || p.ClerkSession != session {
		t.Errorf("%+v", p)
	}
	h.Forget("user_1") // from here on the person is known
	if again := h.who(h.token("user_1", nil)); again.Person != p.Person {
		t.Error("the same user is another person")
	}
	for _, origin := range []string{"https://app.example", "http://127.0.0.1:8080"} {
		h.who(h.token("user_1", map[string]any{"azp": origin}))
	}
	if n := h.Asked("GET /.well-known/jwks.json"); n != 1 {
		t.Errorf("the key set was fetched %d times", n)
	}
	wantCode(t, h.SendLink(t.Context(), "ada@example.com", ""), "clerk_configured")
	_, err := h.VerifyLink(t.Context(), "x", "", "")
	wantCode(t, err, "clerk_configured")
	h.tx(func(ctx context.Context, tx pgx.Tx) error { return h.Logout(ctx, tx, p) })
	if status := h.StatusOf(session); status != "revoked" {
		t.Errorf("the session is %s", status)
	}
}

func TestClerkTokensRefused(t *testing.T) {
	h := newClerkHouse(t)
	h.join("user_1", "ada@example.com")
	h.who(h.token("user_1", nil))
	for name, changes := range map[string]map[string]any{
		"issuer":               {"iss": "https://clerk.someone-else.test"},
		"issuer with a slash":  {"iss": h.URL + "/"},
		"no issuer":            {"iss": nil},
		"azp":                  {"azp": "https://evil.example"},
		"azp, other port":      {"azp": "http://localhost:9999"},
		"no azp":               {"azp": nil},
		"no exp":               {"exp": nil},
		"expired":              {"exp": time.Now().Add(-time.Minute).Unix()},
		"not yet":              {"nbf": time.Now().Add(time.Minute).Unix()},
		"pending":              {"sts": "pending"},
		"no session":           {"sid": nil},
		"no subject":           {"sub": nil},
		"a path for a subject": {"sub": "user_1/../user_2"},
		"unknown user":         {"sub": "user_9"},
		"unknown key":          {"kid": "ins_9"},
		"no key":               {"kid": ""},
		"another algorithm":    {"alg": "RS512"},
		"a template's":         {"cat": "cl_B7d4PD222AAA"},
		"a machine's":          {"cat": "cl_B7d4PD333AAA"},
	} {
		if _, err := h.ask(h.token("user_1", changes)); err == nil {
			t.Errorf("%s was taken", name)
		} else if !fault.Is(err, "invalid_session") {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := h.token("user_1", nil)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"ins_1"}`))
	for _, token := range []string{parts[0] + "." + parts[1] + ".", none + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + parts[2][:20], "a.b.c"} {
		_, err := h.ask(token)
		wantCode(t, err, "invalid_session")
	}
}

func TestClerkNeedsAVerifiedAddress(t *testing.T) {
	h := newClerkHouse(t)
	h.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "unverified"})
	h.Put(clerkstand.User{ID: "user_2", Email: "bob@example.com", Verification: "verified", NoPrimary: true})
	h.Put(clerkstand.User{ID: "user_3", Email: "eve@example.com", Verification: "verified", Banned: true})
	for _, user := range []string{"user_1", "user_2", "user_3"} {
		_, err := h.ask(h.token(user, nil))
		wantCode(t, err, "email_not_verified")
	}
	var people int
	if err := h.pool.QueryRow(t.Context(), "SELECT count(*) FROM people").Scan(&people); err != nil || people != 0 {
		t.Errorf("%d people, %v", people, err)
	}
}

func TestClerkRotates(t *testing.T) {
	h := newClerkHouse(t)
	h.join("user_1", "ada@example.com")
	old := h.token("user_1", nil)
	h.who(old)
	h.rotate("ins_2")
	h.who(h.token("user_1", nil))
	_, err := h.ask(old) // its key is gone
	wantCode(t, err, "invalid_session")
}

func TestUnknownKeysDoNotHammerClerk(t *testing.T) {
	h := newClerkHouse(t)
	h.join("user_1", "ada@example.com")
	h.who(h.token("user_1", nil))
	forged := h.token("user_1", map[string]any{"kid": "ins_x"})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := h.ask(forged)
			wantCode(t, err, "invalid_session")
		})
	}
	all.Wait()
	if n := h.Asked("GET /.well-known/jwks.json"); n > 5 {
		t.Errorf("the key set was fetched %d times", n)
	}
	h.who(h.token("user_1", nil))
}

func TestClerkAway(t *testing.T) {
	h := newClerkHouse(t)
	h.join("user_1", "ada@example.com")
	h.Break(http.StatusInternalServerError)
	_, err := h.ask(h.token("user_1", nil))
	wantCode(t, err, "identity_unavailable")
	if fault.From(err).Kind != fault.Unavailable {
		t.Errorf("%v", err)
	}
}

// founded is the owner of a company, user_1.
func (h clerkHouse) founded() access.Principal {
	h.t.Helper()
	h.join("user_1", "owner@example.com")
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		p := h.who(h.token("user_1", nil))
		_, _, err := h.companies.Create(ctx, tx, p.Actor(""), company.Person{ID: p.Person, Email: p.Email}, company.NewCompany{Name: "Acme"})
		return err
	})
	return h.who(h.token("user_1", nil))
}

func TestClerkUserAcceptsInvitations(t *testing.T) {
	h := newClerkHouse(t)
	owner := h.founded()
	h.join("user_2", "ada@example.com")
	wantCode(t, h.who(h.token("user_2", nil)).NeedCompany(), "no_company")
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.companies.Invite(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, "ada@example.com", company.Approver)
		return err
	})
	if p := h.who(h.token("user_2", nil)); p.Tenant.Company != owner.Tenant.Company || p.Role != company.Approver {
		t.Errorf("%+v", p)
	}
}

func TestClerkConfigured(t *testing.T) {
	h := newClerkHouse(t)
	for name, c := range map[string]access.ClerkConfig{
		"no secret":      {PublishableKey: "pk_test_c3RhbmQtaW4uZXhhbXBsZSQ"},
		"no publishable": {SecretKey: "sk"},
		"nonsense":       {SecretKey: "sk", PublishableKey: "pk_test_!!"},
		"no dollar":      {SecretKey: "sk", PublishableKey: "pk_test_c3RhbmQtaW4"},
		"bad origin":     {SecretKey: "sk", PublishableKey: "pk_test_c3RhbmQtaW4uZXhhbXBsZSQ", AllowedOrigins: []string{"app.example"}},
	} {
		config := h.config
		config.Clerk = &c
		if _, err := access.Open(t.Context(), h.pool, h.companies, h.signer, config); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestClerkInvites: where there is no mail of our own, Clerk sends it, once the
// invitation has committed and as soon as Clerk answers; to nobody whose
// invitation was taken back meanwhile.
func TestClerkInvites(t *testing.T) {
	h := newClerkHouse(t)
	owner := h.founded()
	queue, err := notify.NewQueue(h.pool, h.config.Logger)
	if err != nil {
		t.Fatal(err)
	}
	h.config.Mailer, h.config.Queue = nil, queue
	a := h.replica(h.companies)
	invite := func(ctx context.Context, tx pgx.Tx, email string) (company.Member, error) {
		return a.Invite(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, email, company.Viewer)
	}
	undone := errors.New("undone")
	if err := h.try(func(ctx context.Context, tx pgx.Tx) error {
		_, err := invite(ctx, tx, "nobody@example.com")
		return errors.Join(err, undone)
	}); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	h.Break(http.StatusInternalServerError)
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		back, err := invite(ctx, tx, "eve@example.com")
		if err != nil {
			return err
		}
		if _, err := invite(ctx, tx, "bob@example.com"); err != nil {
			return err
		}
		return h.companies.Remove(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, back.ID)
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- queue.Run(ctx) }()
	h.until("Clerk is asked in vain", func() bool { return h.Asked("POST /v1/invitations") > 0 })
	h.Break(0)
	h.until("Clerk is asked again", func() bool { return h.Invited("bob@example.com") == base+"/sign-up" })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, email := range []string{"eve@example.com", "nobody@example.com"} {
		if h.Invited(email) != "" {
			t.Errorf("%s was told", email)
		}
	}
}
