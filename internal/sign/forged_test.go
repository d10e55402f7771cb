package sign_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// forger makes tokens that must not hold.
type forger struct {
	t      *testing.T
	keys   *sign.KeySet
	kid    string
	alg    string
	public any
	lure   string // the address of a server that nobody may call
}

// forgery is a token and the code of its refusal.
type forgery struct{ name, token, code string }

const invalid = "token_invalid"

func newForger(t *testing.T, keys *sign.KeySet, lure string) forger {
	kid, alg := keys.Signer()
	return forger{t: t, keys: keys, kid: kid, alg: string(alg), public: keys.Private().Public(), lure: lure}
}

// with signs valid claims under any method, key and header.
func (f forger) with(method jwt.SigningMethod, key any, header map[string]any) string {
	f.t.Helper()
	token := jwt.NewWithClaims(method, valid(time.Now()))
	token.Header["typ"], token.Header["kid"] = spend, f.kid
	for name, v := range header {
		token.Header[name] = v
	}
	s, err := token.SignedString(key)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// own signs raw text with the real key.
func (f forger) own(header, payload string) string {
	f.t.Helper()
	s, err := f.keys.SignRaw(header, payload)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f forger) header() string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":%q}`, f.alg, f.kid, spend)
}

func (f forger) payload(change func(map[string]any)) string {
	f.t.Helper()
	text, err := json.Marshal(valid(time.Now()))
	if err != nil {
		f.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		f.t.Fatal(err)
	}
	m["exp"], m["nbf"], m["iat"] = time.Now().Unix()+900, time.Now().Unix(), time.Now().Unix()
	change(m)
	if text, err = json.Marshal(m); err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// TestForgedTokensAreRefused runs the whole corpus with a key of each kind.
func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, a sign.Algorithm) {
		var calls atomic.Int64
		lure := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
		defer lure.Close()
		keys := open(t, pgtest.New(t), config(a, 1))
		f := newForger(t, keys, lure.URL)
		corpus := f.corpus()
		if len(corpus) < 25 {
			t.Fatalf("only %d kinds", len(corpus))
		}
		f.checkHonest()
		for _, bad := range corpus {
			var got claims
			err := keys.Verify(t.Context(), bad.token, want(), &got)
			if e := fault.From(err); err == nil || e.Kind != fault.Unauthenticated || e.Code != bad.code {
				t.Errorf("%s: %v, want %s", bad.name, err, bad.code)
			}
		}
		if n := calls.Load(); n != 0 {
			t.Errorf("%d requests went to an address in a token", n)
		}
	})
}

// checkHonest sees that the forger's tools make good tokens when asked to.
func (f forger) checkHonest() {
	f.t.Helper()
	for _, token := range []string{token(f.t, f.keys), f.own(f.header(), f.payload(func(map[string]any) {}))} {
		var got claims
		if err := f.keys.Verify(f.t.Context(), token, want(), &got); err != nil {
			f.t.Fatalf("an honest token: %v", err)
		}
	}
}

func (f forger) corpus() []forgery {
	all := append(f.algorithms(), f.keyTricks()...)
	all = append(all, f.headers()...)
	all = append(all, f.claims()...)
	return append(all, f.encodings()...)
}

// algorithms are forgeries that swap the algorithm under the real key's id.
func (f forger) algorithms() []forgery {
	out := []forgery{
		{"alg none", f.with(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), invalid},
		{"alg None", f.unsigned("None"), invalid},
		{"alg empty", f.unsigned(""), invalid},
		{"alg null", f.own(fmt.Sprintf(`{"alg":null,"kid":%q,"typ":%q}`, f.kid, spend), f.same()), invalid},
		{"alg in lower case", f.own(strings.Replace(f.header(), f.alg, strings.ToLower(f.alg), 1), f.same()), invalid},
	}
	for name, secret := range f.publicBytes() {
		out = append(out, forgery{"HS256 with the public key as " + name, f.with(jwt.SigningMethodHS256, secret, nil), invalid})
	}
	if private, ok := f.keys.Private().(*rsa.PrivateKey); ok {
		for _, m := range []jwt.SigningMethod{jwt.SigningMethodRS384, jwt.SigningMethodRS512, jwt.SigningMethodPS256} {
			out = append(out, forgery{m.Alg() + " with the same key", f.with(m, private, nil), invalid})
		}
	}
	return out
}

func (f forger) same() string { return f.payload(func(map[string]any) {}) }

func (f forger) unsigned(alg string) string {
	header := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":%q}`, alg, f.kid, spend)
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(f.same())) + "."
}

// publicBytes are the ways in which a public key may become an HMAC secret.
func (f forger) publicBytes() map[string][]byte {
	f.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(f.public)
	if err != nil {
		f.t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwks, _ := f.keys.JWKS()
	out := map[string][]byte{"DER": der, "PEM": block, "trimmed PEM": []byte(strings.TrimSpace(string(block))), "JWKS": jwks}
	if k, ok := f.public.(*rsa.PublicKey); ok {
		out["PKCS #1"] = x509.MarshalPKCS1PublicKey(k)
		out["modulus"] = k.N.Bytes()
	}
	return out
}

// keyTricks play with the key and its id.
func (f forger) keyTricks() []forgery {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	out := []forgery{
		{"another RSA key under the same kid", f.with(jwt.SigningMethodRS256, other, nil), invalid},
		{"another P-256 key under the same kid", f.with(jwt.SigningMethodES256, curve, nil), invalid},
		{"no kid", f.own(fmt.Sprintf(`{"alg":%q,"typ":%q}`, f.alg, spend), f.same()), invalid},
	}
	for name, kid := range map[string]any{
		"empty": "", "a path": "../../../../dev/null", "an array": []string{f.kid}, "a number": 1,
		"very long": strings.Repeat("A", 4000), "unknown": strings.Repeat("A", 43), "padded": f.kid + "=",
		"an injection": f.kid + "' OR '1'='1", "an object": map[string]string{"kid": f.kid}, "null": nil,
	} {
		out = append(out, forgery{"kid: " + name, f.with(jwt.SigningMethodRS256, other, map[string]any{"kid": kid}), invalid})
	}
	return out
}

// headers are signed with the real key, but say more or other than ours do.
func (f forger) headers() []forgery {
	var out []forgery
	jwks, _ := f.keys.JWKS()
	for name, extra := range map[string]string{
		"jku": fmt.Sprintf(`"jku":%q`, f.lure+"/jwks.json"), "x5u": fmt.Sprintf(`"x5u":%q`, f.lure+"/chain.pem"),
		"jwk": `"jwk":` + string(jwks), "x5c": `"x5c":["MIIB"]`, "crit": `"crit":["exp"]`, "b64": `"b64":false,"crit":["b64"]`,
		"zip": `"zip":"DEF"`, "a second alg": `"alg":"none"`, "a second kid": `"kid":"x"`, "cty": `"cty":"JWT"`,
	} {
		out = append(out, forgery{"header with " + name, f.own(strings.Replace(f.header(), "{", "{"+extra+",", 1), f.same()), invalid})
	}
	typed := func(typ string) string { return f.own(strings.Replace(f.header(), spend, typ, 1), f.same()) }
	return append(out,
		forgery{"typ JWT", typed("JWT"), "token_wrong_type"},
		forgery{"typ of a session", typed("session+jwt"), "token_wrong_type"},
		forgery{"typ in upper case", typed(strings.ToUpper(spend)), "token_wrong_type"},
		forgery{"typ with the media type's tree", typed("application/" + spend), "token_wrong_type"},
		forgery{"no typ", f.own(fmt.Sprintf(`{"alg":%q,"kid":%q}`, f.alg, f.kid), f.same()), "token_wrong_type"},
		forgery{"a second document in the header", f.own(f.header()+"{}", f.same()), invalid},
		forgery{"wrong-case header names", f.own(strings.Replace(f.header(), "alg", "ALG", 1), f.same()), invalid})
}
