package access_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
)

// clerkServer is a local stand-in for Clerk: the key set of its Frontend API,
// and of its Backend API what a user and a session are.
type clerkServer struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	keys    map[string]*rsa.PrivateKey
	signing string
	users   map[string]map[string]any
	fetches int
	revoked []string
	down    bool
}

const clerkSecret = "sk_test_stand_in"

func newClerkServer(t *testing.T) *clerkServer {
	t.Helper()
	s := &clerkServer{t: t, keys: map[string]*rsa.PrivateKey{}, users: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", s.jwks)
	mux.HandleFunc("GET /v1/users/{id}", s.backend(s.user))
	mux.HandleFunc("POST /v1/sessions/{id}/revoke", s.backend(s.revoke))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	s.rotate("ins_1")
	return s
}

// rotate replaces the signing key; the old one leaves the key set.
func (s *clerkServer) rotate(kid string) {
	s.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.signing = map[string]*rsa.PrivateKey{kid: key}, kid
}

func (s *clerkServer) jwks(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	if s.down {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	b64 := base64.RawURLEncoding
	var keys []map[string]string
	for kid, key := range s.keys {
		keys = append(keys, map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
			"n": b64.EncodeToString(key.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(key.E)).Bytes())})
	}
	reply(w, http.StatusOK, map[string]any{"keys": keys})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func failed(w http.ResponseWriter, status int, code string) {
	reply(w, status, map[string]any{"errors": []map[string]string{{"code": code, "message": code, "long_message": code}}, "clerk_trace_id": "t"})
}

// backend asks for the secret key, as Clerk does.
func (s *clerkServer) backend(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.down:
			failed(w, http.StatusInternalServerError, "internal_error")
		case r.Header.Get("Authorization") != "Bearer "+clerkSecret:
			failed(w, http.StatusUnauthorized, "clerk_key_invalid")
		default:
			next(w, r)
		}
	}
}

func (s *clerkServer) user(w http.ResponseWriter, r *http.Request) {
	u, ok := s.users[r.PathValue("id")]
	if !ok {
		failed(w, http.StatusNotFound, "resource_not_found")
		return
	}
	reply(w, http.StatusOK, u)
}

func (s *clerkServer) revoke(w http.ResponseWriter, r *http.Request) {
	s.revoked = append(s.revoked, r.PathValue("id"))
	reply(w, http.StatusOK, map[string]any{"object": "session", "id": r.PathValue("id"), "status": "revoked"})
}

func (s *clerkServer) put(id, email, verification string, more map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := map[string]any{"object": "user", "id": id, "first_name": "Ada", "last_name": "L", "primary_email_address_id": "idn_2",
		"email_addresses": []map[string]any{
			{"id": "idn_1", "email_address": "other@example.com", "verification": map[string]any{"status": "verified"}},
			{"id": "idn_2", "email_address": email, "verification": map[string]any{"status": verification}}}}
	maps.Copy(u, more)
	s.users[id] = u
}

func (s *clerkServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *clerkServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// token is a session token as Clerk makes them, with changes: nil takes a
// claim away.
func (s *clerkServer) token(user string, changes map[string]any) string {
	s.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": s.URL, "sub": user, "sid": "sess_" + user, "azp": base, "v": 2, "fva": []int{0, -1},
		"sts": "active", "iat": now.Unix(), "nbf": now.Add(-10 * time.Second).Unix(), "exp": now.Add(time.Minute).Unix()}
	for name, v := range changes {
		if v == nil {
			delete(claims, name)
		} else if name != "kid" && name != "alg" {
			claims[name] = v
		}
	}
	s.mu.Lock()
	kid, key := s.signing, s.keys[s.signing]
	s.mu.Unlock()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	if changes["alg"] == "RS512" {
		token = jwt.NewWithClaims(jwt.SigningMethodRS512, claims)
	}
	token.Header["kid"] = kid
	if other, ok := changes["kid"]; ok {
		token.Header["kid"] = other
	}
	signed, err := token.SignedString(key)
	if err != nil {
		s.t.Fatal(err)
	}
	return signed
}

func newClerkHouse(t *testing.T) (*house, *clerkServer) {
	t.Helper()
	s := newClerkServer(t)
	h := newHouse(t, func(c *access.Config) {
		c.Clerk = &access.ClerkConfig{SecretKey: clerkSecret, PublishableKey: "pk_test_c3RhbmQtaW4uZXhhbXBsZSQ",
			IssuerURI: s.URL, APIURL: s.URL + "/v1", AllowedOrigins: []string{"https://app.example"}}
	})
	return h, s
}

func TestClerkSignsIn(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "Ada@Example.com", "verified", nil)
	p := h.who(s.token("user_1", nil))
	if p.Email != "ada@example.com" || p.Kind != access.BySession || p.ClerkSession != "sess_user_1" {
		t.Errorf("%+v", p)
	}
	s.set(func() { delete(s.users, "user_1") }) // from here on the person is known
	if again := h.who(s.token("user_1", nil)); again.Person != p.Person {
		t.Error("the same user is another person")
	}
	for _, origin := range []string{"https://app.example", "http://127.0.0.1:8080"} {
		h.who(s.token("user_1", map[string]any{"azp": origin}))
	}
	if n := s.count(); n != 1 {
		t.Errorf("the key set was fetched %d times", n)
	}
	wantCode(t, h.SendLink(t.Context(), "ada@example.com", ""), "clerk_configured")
	_, err := h.VerifyLink(t.Context(), "x", "", "")
	wantCode(t, err, "clerk_configured")
	h.tx(func(ctx context.Context, tx pgx.Tx) error { return h.Logout(ctx, tx, p) })
	if len(s.revoked) != 1 || s.revoked[0] != "sess_user_1" {
		t.Errorf("revoked %v", s.revoked)
	}
}

func TestClerkTokensRefused(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "ada@example.com", "verified", nil)
	h.who(s.token("user_1", nil))
	for name, changes := range map[string]map[string]any{
		"issuer":               {"iss": "https://clerk.someone-else.test"},
		"issuer with a slash":  {"iss": s.URL + "/"},
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
	} {
		if _, err := h.ask(s.token("user_1", changes)); err == nil {
			t.Errorf("%s was taken", name)
		} else if !fault.Is(err, "invalid_session") {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := s.token("user_1", nil)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"ins_1"}`))
	for _, token := range []string{parts[0] + "." + parts[1] + ".", none + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + parts[2][:20], "a.b.c"} {
		_, err := h.ask(token)
		wantCode(t, err, "invalid_session")
	}
}

func TestClerkNeedsAVerifiedAddress(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "ada@example.com", "unverified", nil)
	s.put("user_2", "bob@example.com", "verified", map[string]any{"primary_email_address_id": nil})
	s.put("user_3", "eve@example.com", "verified", map[string]any{"banned": true})
	for _, user := range []string{"user_1", "user_2", "user_3"} {
		_, err := h.ask(s.token(user, nil))
		wantCode(t, err, "email_not_verified")
	}
	var people int
	if err := h.pool.QueryRow(t.Context(), "SELECT count(*) FROM people").Scan(&people); err != nil || people != 0 {
		t.Errorf("%d people, %v", people, err)
	}
}

func TestClerkRotates(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "ada@example.com", "verified", nil)
	old := s.token("user_1", nil)
	h.who(old)
	s.rotate("ins_2")
	h.who(s.token("user_1", nil))
	_, err := h.ask(old) // its key is gone
	wantCode(t, err, "invalid_session")
}

func TestUnknownKeysDoNotHammerClerk(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "ada@example.com", "verified", nil)
	h.who(s.token("user_1", nil))
	forged := s.token("user_1", map[string]any{"kid": "ins_x"})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := h.ask(forged)
			wantCode(t, err, "invalid_session")
		})
	}
	all.Wait()
	if n := s.count(); n > 5 {
		t.Errorf("the key set was fetched %d times", n)
	}
	h.who(s.token("user_1", nil))
}

func TestClerkAway(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "ada@example.com", "verified", nil)
	s.set(func() { s.down = true })
	_, err := h.ask(s.token("user_1", nil))
	wantCode(t, err, "identity_unavailable")
	if fault.From(err).Kind != fault.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestClerkUserAcceptsInvitations(t *testing.T) {
	h, s := newClerkHouse(t)
	s.put("user_1", "owner@example.com", "verified", nil)
	s.put("user_2", "ada@example.com", "verified", nil)
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		p := h.who(s.token("user_1", nil))
		_, _, err := h.companies.Create(ctx, tx, p.Actor(""), company.Person{ID: p.Person, Email: p.Email}, company.NewCompany{Name: "Acme"})
		return err
	})
	owner := h.who(s.token("user_1", nil))
	wantCode(t, h.who(s.token("user_2", nil)).NeedCompany(), "no_company")
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.companies.Invite(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, "ada@example.com", company.Approver)
		return err
	})
	if p := h.who(s.token("user_2", nil)); p.Tenant.Company != owner.Tenant.Company || p.Role != company.Approver {
		t.Errorf("%+v", p)
	}
}

func TestClerkConfigured(t *testing.T) {
	h, _ := newClerkHouse(t)
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
