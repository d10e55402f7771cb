package sign

import (
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// FuzzSplit holds that a token has one spelling: what is read is what is
// written again.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"e30.e30.AA", "e30=.e30.", "e30.e30.AB", "e30\n.e30.AA", "..", "a.b.c.d", "e30.e30.AA ", "ё.e30.AA", "e31.e30.AA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := split(token)
		if err != nil {
			return
		}
		again := strings.Join([]string{b64.EncodeToString(p.header), b64.EncodeToString(p.payload), b64.EncodeToString(p.signature)}, ".")
		if again != token || !strings.HasPrefix(token, p.signed+".") {
			t.Fatalf("%q and %q are the same token", token, again)
		}
	})
}

// FuzzReadClaims holds that times are whole numbers, and a name counts once.
func FuzzReadClaims(f *testing.F) {
	for _, s := range []string{`{"exp":1,"aud":"a"}`, `{"exp":"1"}`, `{"exp":1.5}`, `{"exp":1e9}`, `{"exp":null}`, `{"exp":1,"exp":2}`, `{"EXP":1}`, `{"exp":9223372036854775807}`, `{"exp":-1}`, `{"aud":["a","b"]}`, `{"sub":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var claims jwt.RegisteredClaims
		if readClaims(payload, &claims) != nil {
			return
		}
		for _, at := range []*jwt.NumericDate{claims.ExpiresAt, claims.NotBefore, claims.IssuedAt} {
			if at != nil && at.Nanosecond() != 0 {
				t.Fatalf("%s has %v", payload, at)
			}
		}
		if err := validate(Expect{Type: "x", Issuer: "i", Audience: "a"}, &claims); err == nil && (claims.Issuer != "i" || claims.ExpiresAt == nil) {
			t.Fatalf("%s is valid", payload)
		}
	})
}
