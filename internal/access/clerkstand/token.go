package clerkstand

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Rotate replaces the signing key; the old one leaves the key set.
func (s *Server) Rotate(kid string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	s.change(func() { s.keys, s.signing = map[string]*rsa.PrivateKey{kid: key}, kid })
	return nil
}

func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b64 := base64.RawURLEncoding
	keys := []map[string]string{}
	for kid, key := range s.keys {
		keys = append(keys, map[string]string{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
			"n": b64.EncodeToString(key.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(key.E)).Bytes())})
	}
	reply(w, http.StatusOK, map[string]any{"keys": keys})
}

// Token is a session token of the user's for the party, with changes: nil takes
// a claim away; kid, alg and cat change the header.
func (s *Server) Token(user, session, party string, changes map[string]any) (token string) {
	s.change(func() { token = s.sessionToken(user, session, "active", party, changes) })
	return token
}

// sessionToken is called with the lock held, as everything here that begins
// with a small letter.
func (s *Server) sessionToken(user, session, status, party string, changes map[string]any) string {
	now := time.Now()
	claims := jwt.MapClaims{"iss": s.URL, "sub": user, "sid": session, "azp": party, "v": 2, "fva": []int{0, -1},
		"sts": status, "jti": s.name("jti"), "iat": now.Add(min(0, s.life)).Unix(), "nbf": now.Add(min(0, s.life) - 10*time.Second).Unix(),
		"exp": now.Add(s.life).Unix()}
	header := map[string]any{"cat": "cl_B7d4PD111AAA"}
	for name, v := range changes {
		switch {
		case name == "kid" || name == "alg" || name == "cat":
			header[name] = v
		case v == nil:
			delete(claims, name)
		default:
			claims[name] = v
		}
	}
	return s.sign(claims, header)
}

func (s *Server) sign(claims jwt.MapClaims, header map[string]any) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	if header["alg"] == "RS512" {
		token = jwt.NewWithClaims(jwt.SigningMethodRS512, claims)
	}
	token.Header["kid"] = s.signing
	for name, v := range header {
		token.Header[name] = v
	}
	signed, err := token.SignedString(s.keys[s.signing])
	if err != nil {
		panic(err) // a key that was just made signs
	}
	return signed
}
