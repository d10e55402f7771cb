package access

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/getpurser/purser/internal/fault"
)

// handshake is what Clerk sent the browser back with: in the address in
// development, in a cookie in production. The other way round it is not taken,
// as anyone can make a browser open an address, and so sign it in as somebody
// else.
func (v clerkVisit) handshake() string {
	if v.production {
		return v.plain(handshakeResult)
	}
	return v.r.URL.Query().Get(handshakeResult)
}

// resolve sets the cookies that Clerk says the browser should have.
func (v clerkVisit) resolve(payload string) (Browser, error) {
	lines, err := v.readHandshake(v.ctx(), payload)
	if err != nil {
		return Browser{}, err
	}
	var b Browser
	var token string
	for _, line := range lines {
		cookie, err := http.ParseSetCookie(line)
		if err != nil || !v.isClerks(cookie.Name) {
			continue
		}
		cookie.Secure = cookie.Secure || strings.HasPrefix(v.base, "https://")
		b.Cookies = append(b.Cookies, cookie)
		if strings.HasPrefix(cookie.Name, sessionCookie) && cookie.Value != "" {
			token = cookie.Value
		}
	}
	if token != "" {
		if _, err := v.verify(v.ctx(), token); err == nil {
			b.Token = token
		} else if fault.From(err).Kind == fault.Unavailable || errors.Is(err, errStale) {
			return Browser{}, err
		}
	}
	if !v.production {
		b.Token, b.Redirect = "", v.address()
	}
	return b, nil
}

// isClerks says whether a cookie is one that a handshake may set.
func (v clerkVisit) isClerks(name string) bool {
	return slices.Contains([]string{sessionCookie, clientUAT, devBrowser, "__refresh", handshakeResult, "__clerk_handshake_nonce"},
		strings.TrimSuffix(name, "_"+v.suffix))
}

// readHandshake verifies the list of Set-Cookie lines. It carries no times and
// usually no issuer: the session token within has them.
func (v clerkVisit) readHandshake(ctx context.Context, payload string) ([]string, error) {
	var claims struct {
		jwt.RegisteredClaims
		Handshake []string `json:"handshake"`
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithLeeway(clerkLeeway))
	_, err := parser.ParseWithClaims(payload, &claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		key, err := v.keys.find(ctx, id)
		if err != nil {
			return nil, err
		}
		return key.Key, nil
	})
	if fault.From(err).Kind == fault.Unavailable {
		return nil, err
	}
	if err != nil || len(claims.Handshake) == 0 || claims.Issuer != "" && claims.Issuer != v.issuer {
		return nil, errInvalidSession().Because(errors.Join(err, errUntrusted))
	}
	return claims.Handshake, nil
}
