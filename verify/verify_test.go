package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/getpurser/purser/verify"
)

const issuer, audience = "https://purser.example", "https://pay.example"

// server stands in for Purser: a key set over HTTP, and tokens of golang-jwt.
type server struct {
	t       *testing.T
	url     string
	set     atomic.Pointer[[]byte]
	fetches atomic.Int32
	down    atomic.Bool
	now     time.Time
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, now: time.Now()}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		if s.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(*s.set.Load())
	}))
	t.Cleanup(h.Close)
	s.url = h.URL
	return s
}

// publish makes the set of these keys, by their ids.
func (s *server) publish(algorithm string, keys map[string]crypto.Signer) {
	s.t.Helper()
	set := jwk.NewSet()
	for id, signer := range keys {
		key, err := jwk.Import(signer.Public())
		if err != nil {
			s.t.Fatal(err)
		}
		_ = key.Set("kid", id)
		_ = key.Set("alg", algorithm)
		_ = set.AddKey(key)
	}
	document, err := json.Marshal(set)
	if err != nil {
		s.t.Fatal(err)
	}
	s.set.Store(&document)
}

func (s *server) verifier(change func(*verify.Config)) *verify.Verifier {
	s.t.Helper()
	c := verify.Config{Issuer: issuer, Audience: audience, KeySetURL: s.url, Clock: func() time.Time { return s.now }}
	if change != nil {
		change(&c)
	}
	v, err := verify.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// token signs a decision with changes: nil takes a claim away. Those of the
// header begin with "header.".
func (s *server) token(method jwt.SigningMethod, key any, changes map[string]any) string {
	s.t.Helper()
	claims := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "agent_1", "jti": "auth_1", "iat": s.now.Unix(), "nbf": s.now.Unix(),
		"exp": s.now.Add(15 * time.Minute).Unix(), "company": "co_1", "amount": "249.99", "currency": "usd", "merchant": "AWS", "domain": "",
		"mcc": "7372", "rail": "api", "decision": "APPROVED", "livemode": true}
	token := jwt.New(method)
	token.Header["typ"], token.Header["kid"] = "spend-auth+jwt", "key-1"
	for name, value := range changes {
		target := map[string]any(claims)
		if len(name) > 7 && name[:7] == "header." {
			target, name = token.Header, name[7:]
		}
		target[name] = value
		if value == nil {
			delete(target, name)
		}
	}
	token.Claims = claims
	text, err := token.SignedString(key)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestEachAlgorithm(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for method, key := range map[jwt.SigningMethod]crypto.Signer{jwt.SigningMethodRS256: rsaKey(t), jwt.SigningMethodES256: curve, jwt.SigningMethodEdDSA: edwards} {
		s := newServer(t)
		s.publish(method.Alg(), map[string]crypto.Signer{"key-1": key})
		d, err := s.verifier(nil).Verify(t.Context(), s.token(method, key, nil))
		if err != nil || d.Amount != "249.99" || d.Currency != "usd" || d.Authorization != "auth_1" || d.Agent != "agent_1" ||
			d.Merchant != "AWS" || !d.LiveMode || d.ExpiresAt.IsZero() {
			t.Errorf("%s: %+v, %v", method.Alg(), d, err)
		}
	}
}

func TestForgeries(t *testing.T) {
	t.Parallel()
	key, other := rsaKey(t), rsaKey(t)
	s := newServer(t)
	s.publish("RS256", map[string]crypto.Signer{"key-1": key})
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	asSecret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := s.token(jwt.SigningMethodRS256, key, nil)
	for name, token := range map[string]string{
		"empty":                      "",
		"not a token":                "a.b.c",
		"no algorithm":               s.token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HS256 with the public key":  s.token(jwt.SigningMethodHS256, asSecret, nil),
		"another algorithm of RSA":   s.token(jwt.SigningMethodPS256, key, nil),
		"RS512":                      s.token(jwt.SigningMethodRS512, key, nil),
		"another key":                s.token(jwt.SigningMethodRS256, other, nil),
		"an unknown key's name":      s.token(jwt.SigningMethodRS256, other, map[string]any{"header.kid": "key-2"}),
		"a key's name that is a way": s.token(jwt.SigningMethodRS256, other, map[string]any{"header.kid": "../key-1"}),
		"no key's name":              s.token(jwt.SigningMethodRS256, key, map[string]any{"header.kid": nil}),
		"a key of its own":           s.token(jwt.SigningMethodRS256, other, map[string]any{"header.jwk": map[string]string{"kty": "RSA"}}),
		"a session's type":           s.token(jwt.SigningMethodRS256, key, map[string]any{"header.typ": "session+jwt"}),
		"no type":                    s.token(jwt.SigningMethodRS256, key, map[string]any{"header.typ": nil}),
		"a wrong issuer":             s.token(jwt.SigningMethodRS256, key, map[string]any{"iss": issuer + "/test"}),
		"a wrong audience":           s.token(jwt.SigningMethodRS256, key, map[string]any{"aud": "https://else.example"}),
		"no audience":                s.token(jwt.SigningMethodRS256, key, map[string]any{"aud": nil}),
		"no expiry":                  s.token(jwt.SigningMethodRS256, key, map[string]any{"exp": nil}),
		"no id":                      s.token(jwt.SigningMethodRS256, key, map[string]any{"jti": nil}),
		"not yet":                    s.token(jwt.SigningMethodRS256, key, map[string]any{"nbf": s.now.Add(time.Hour).Unix()}),
		"test mode":                  s.token(jwt.SigningMethodRS256, key, map[string]any{"livemode": false}),
		"an amount that is a number": s.token(jwt.SigningMethodRS256, key, map[string]any{"amount": 249.99}),
		"no amount":                  s.token(jwt.SigningMethodRS256, key, map[string]any{"amount": nil}),
		"another decision":           s.token(jwt.SigningMethodRS256, key, map[string]any{"decision": "MAYBE"}),
		"a changed signature":        good[:len(good)-6] + "AAAAAA",
		"two signatures":             good + "." + good,
	} {
		if d, err := s.verifier(nil).Verify(t.Context(), token); !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	old := s.token(jwt.SigningMethodRS256, key, map[string]any{"exp": s.now.Add(-time.Minute).Unix()})
	if _, err := s.verifier(nil).Verify(t.Context(), old); !errors.Is(err, verify.ErrExpired) || !errors.Is(err, verify.ErrInvalid) {
		t.Errorf("an old one: %v", err)
	}
	denied := s.token(jwt.SigningMethodRS256, key, map[string]any{"decision": "DENIED"})
	if d, err := s.verifier(nil).Verify(t.Context(), denied); !errors.Is(err, verify.ErrDenied) || errors.Is(err, verify.ErrInvalid) || d.Amount == "" {
		t.Errorf("a denial: %+v, %v", d, err)
	}
	if _, err := s.verifier(nil).Verify(t.Context(), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// TestRotation has the server change its key, forged tokens ask for unknown
// ones, and the server go away.
func TestRotation(t *testing.T) {
	t.Parallel()
	first, second := rsaKey(t), rsaKey(t)
	s := newServer(t)
	keys := map[string]crypto.Signer{"key-1": first}
	s.publish("RS256", keys)
	v := s.verifier(nil)
	check := func(what string, token string, want error, fetches int32) {
		t.Helper()
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, want) || s.fetches.Load() != fetches {
			t.Errorf("%s: %v after %d fetches, not %v after %d", what, err, s.fetches.Load(), want, fetches)
		}
	}
	unknown := map[string]any{"header.kid": "key-9"}
	check("the first", s.token(jwt.SigningMethodRS256, first, nil), nil, 1)
	check("again", s.token(jwt.SigningMethodRS256, first, nil), nil, 1)
	check("a forgery at once", s.token(jwt.SigningMethodRS256, second, unknown), verify.ErrInvalid, 1)
	s.now = s.now.Add(2 * time.Minute)
	for range 5 {
		check("forgeries later", s.token(jwt.SigningMethodRS256, second, unknown), verify.ErrInvalid, 2)
	}
	maps.Copy(keys, map[string]crypto.Signer{"key-2": second})
	s.publish("RS256", keys)
	s.now = s.now.Add(2 * time.Minute)
	check("the new key", s.token(jwt.SigningMethodRS256, second, map[string]any{"header.kid": "key-2"}), nil, 3)
	s.down.Store(true)
	s.now = s.now.Add(time.Hour)
	check("the server is away", s.token(jwt.SigningMethodRS256, first, nil), nil, 4)
	s.now = s.now.Add(24 * time.Hour)
	check("away for a day", s.token(jwt.SigningMethodRS256, first, nil), verify.ErrKeys, 5)
}

func TestASavedSetIsNeverFetched(t *testing.T) {
	t.Parallel()
	key := rsaKey(t)
	s := newServer(t)
	s.publish("RS256", map[string]crypto.Signer{"key-1": key})
	set, err := jwk.Parse(*s.set.Load())
	if err != nil {
		t.Fatal(err)
	}
	v := s.verifier(func(c *verify.Config) { c.Keys, c.AcceptTest = set, true })
	d, err := v.Verify(t.Context(), s.token(jwt.SigningMethodRS256, key, map[string]any{"livemode": false}))
	if err != nil || d.LiveMode || s.fetches.Load() != 0 {
		t.Errorf("%+v, %v after %d fetches", d, err, s.fetches.Load())
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []verify.Config{{}, {Issuer: issuer, Algorithms: []string{"HS256"}}, {Issuer: issuer, Algorithms: []string{"none"}}, {Issuer: issuer, Algorithms: []string{"XS1"}}} {
		if _, err := verify.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
