package sign_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v3"
	josejwt "github.com/go-jose/go-jose/v3/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

const (
	issuer   = "https://purser.test"
	audience = "https://shop.test"
	spend    = "spend-auth+jwt"
)

// claims are shaped like a spend token's.
type claims struct {
	jwt.RegisteredClaims
	Amount string `json:"amount"`
}

func valid(now time.Time) claims {
	return claims{Amount: "249.99", RegisteredClaims: jwt.RegisteredClaims{
		Issuer: issuer, Subject: "agent_1", Audience: jwt.ClaimStrings{audience}, ID: "auth_1",
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(15 * time.Minute))}}
}

func want() sign.Expect {
	return sign.Expect{Type: spend, Issuer: issuer, Audience: audience, Leeway: 5 * time.Second}
}

func config(a sign.Algorithm, kek byte) sign.Config {
	return sign.Config{Algorithm: a, KeyEncryptionKey: bytes.Repeat([]byte{kek}, sign.KeySize),
		MaxTokenLifetime: time.Hour, PublishAhead: time.Second, ReloadEvery: 50 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func open(t *testing.T, pool *postgres.Pool, c sign.Config) *sign.KeySet {
	t.Helper()
	keys, err := sign.Open(t.Context(), pool, c)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func token(t *testing.T, keys *sign.KeySet) string {
	t.Helper()
	s, err := keys.Sign(spend, valid(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func eachAlgorithm(t *testing.T, run func(*testing.T, sign.Algorithm)) {
	for _, a := range []sign.Algorithm{sign.RS256, sign.ES256, sign.EdDSA} {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			run(t, a)
		})
	}
}

func TestSignedTokenVerifies(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, a sign.Algorithm) {
		keys := open(t, pgtest.New(t), config(a, 1))
		for range 50 { // an ECDSA half is short once in 128
			var got claims
			if err := keys.Verify(t.Context(), token(t, keys), want(), &got); err != nil {
				t.Fatal(err)
			}
			if got.Amount != "249.99" || got.ID != "auth_1" {
				t.Fatalf("read %+v", got)
			}
		}
	})
}

func TestOtherLibrariesVerifyFromTheJWKSAlone(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, a sign.Algorithm) {
		keys := open(t, pgtest.New(t), config(a, 1))
		body, etag := keys.JWKS()
		if len(etag) < 4 || etag[0] != '"' {
			t.Fatalf("ETag %s", etag)
		}
		signed := token(t, keys)
		verifyWithJWX(t, body, signed)
		verifyWithJose(t, body, signed)
	})
}

func verifyWithJWX(t *testing.T, jwks []byte, signed string) {
	t.Helper()
	set, err := jwk.Parse(jwks)
	if err != nil {
		t.Fatal(err)
	}
	got, err := jwxjwt.Parse([]byte(signed), jwxjwt.WithKeySet(set), jwxjwt.WithIssuer(issuer),
		jwxjwt.WithAudience(audience), jwxjwt.WithAcceptableSkew(5*time.Second))
	if err != nil {
		t.Fatalf("jwx: %v", err)
	}
	if id, _ := got.JwtID(); id != "auth_1" {
		t.Fatalf("jwx read jti %q", id)
	}
}

func verifyWithJose(t *testing.T, jwks []byte, signed string) {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := josejwt.ParseSigned(signed)
	if err != nil {
		t.Fatal(err)
	}
	if typ := parsed.Headers[0].ExtraHeaders["typ"]; typ != spend {
		t.Fatalf("typ %v", typ)
	}
	var got josejwt.Claims
	if err := parsed.Claims(set, &got); err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	if err := got.Validate(josejwt.Expected{Issuer: issuer, Audience: josejwt.Audience{audience}, Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	checkShown(t, set, parsed.Headers[0].KeyID)
}

// checkShown asks go-jose for the thumbprint, and sees that nothing secret is shown.
func checkShown(t *testing.T, set jose.JSONWebKeySet, kid string) {
	t.Helper()
	shown := set.Key(kid)
	if len(shown) != 1 || !shown[0].IsPublic() || shown[0].Use != "sig" {
		t.Fatalf("shown as %+v", shown)
	}
	sum, err := shown[0].Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if id := base64.RawURLEncoding.EncodeToString(sum); id != kid {
		t.Fatalf("kid %s is not the thumbprint %s", kid, id)
	}
}

// BenchmarkSign is what a token costs beside its raw signature.
func BenchmarkSign(b *testing.B) {
	keys, err := sign.Open(b.Context(), pgtest.New(b), config(sign.ES256, 1))
	if err != nil {
		b.Fatal(err)
	}
	claims := []byte(`{"iss":"https://purser.example","sub":"agent_01jd3v7m4sfx1r5k0m7z2w8y9a","aud":["https://purser.example"],"exp":1800000900,"nbf":1800000000,"iat":1800000000,"jti":"auth_01jd3v7m4sfx1r5k0m7z2w8y9a","company":"co_01jd3v7m4sfx1r5k0m7z2w8y9a","amount":"1.00","currency":"usd","merchant":"AWS","domain":"aws.amazon.com","mcc":"7372","rail":"api","decision":"APPROVED","livemode":true}`)
	digest := sha256.Sum256(claims)
	b.Run("token", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.SignJSON("spend-auth+jwt", claims); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.Private().Sign(nil, digest[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	})
}
