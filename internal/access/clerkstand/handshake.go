package clerkstand

import (
	"crypto/sha1" //nolint:gosec // it names cookies, as Clerk does
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"github.com/golang-jwt/jwt/v5"
)

// Suffix is what Clerk puts behind the names of an application's cookies.
func Suffix(publishableKey string) string {
	sum := sha1.Sum([]byte(publishableKey)) //nolint:gosec // as above
	return base64.URLEncoding.EncodeToString(sum[:])[:8]
}

// handshake sends the browser back with what its cookies should be: as a signed
// list, in the address in development and in a cookie in production.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_url"))
	if err != nil || back.Host == "" {
		fail(w, http.StatusBadRequest, "invalid_redirect_url")
		return
	}
	c := s.clientOf(w, r)
	lines := s.cookieLines(r, c, q.Get("suffixed_cookies") == "true")
	if s.Production {
		lines = append(lines, "__clerk_handshake=; Path=/; Max-Age=0")
	}
	payload := s.sign(jwt.MapClaims{"handshake": lines}, map[string]any{"cat": "cl_B7d4PD111AAA"})
	if s.Production {
		http.SetCookie(w, &http.Cookie{Name: "__clerk_handshake", Value: payload, Path: "/", SameSite: http.SameSiteLaxMode})
	} else {
		values := back.Query()
		values.Set("__clerk_handshake", payload)
		back.RawQuery = values.Encode()
	}
	http.Redirect(w, r, back.String(), http.StatusTemporaryRedirect)
}

// cookieLines are the Set-Cookie lines that the application's host should have.
func (s *Server) cookieLines(r *http.Request, c *client, suffixed bool) (lines []string) {
	names := []string{""}
	if suffixed {
		names = append(names, "_"+s.suffix())
	}
	for _, suffix := range names {
		lines = append(lines, cookieLine("__client_uat"+suffix, fmt.Sprint(s.uat(c)), "Max-Age=31536000"))
		if live := s.live(c); len(live) > 0 {
			n := live[0]
			lines = append(lines, cookieLine("__session"+suffix, s.sessionToken(n.user, n.id, n.status, partyOf(r), nil), "Max-Age=31536000"))
		} else {
			lines = append(lines, cookieLine("__session"+suffix, "", "Max-Age=0"))
		}
		if !s.Production {
			lines = append(lines, cookieLine("__clerk_db_jwt"+suffix, c.token, "Max-Age=31536000"))
		}
	}
	return lines
}

// Handshake signs a list of Set-Cookie lines as the Frontend API does.
func (s *Server) Handshake(lines ...string) (payload string) {
	s.change(func() { payload = s.sign(jwt.MapClaims{"handshake": lines}, nil) })
	return payload
}
