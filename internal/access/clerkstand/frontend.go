package clerkstand

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// clientCookie is the Frontend API's own, on its own host.
const clientCookie = "__client"

// frontend is the Frontend API.
func (s *Server) frontend(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/jwks.json", s.jwks)
	mux.HandleFunc("GET /v1/client/handshake", s.handshake)
	mux.HandleFunc("GET /sign-in", s.portal)
	mux.HandleFunc("POST /sign-in", s.portalSignIn)
	mux.HandleFunc("OPTIONS /v1/", func(w http.ResponseWriter, r *http.Request) { allow(w, r) })
	for pattern, answer := range map[string]func(*http.Request, *client) (int, any){
		"GET /v1/environment":                                s.environment,
		"PATCH /v1/environment":                              s.environment,
		"GET /v1/client":                                     s.getClient,
		"PUT /v1/client":                                     s.getClient,
		"DELETE /v1/client":                                  s.endAll,
		"DELETE /v1/client/sessions":                         s.endAll,
		"POST /v1/client/sessions/{id}/tokens":               s.newToken,
		"POST /v1/client/sessions/{id}/touch":                s.touch,
		"POST /v1/client/sessions/{id}/remove":               s.remove,
		"POST /v1/client/sessions/{id}/end":                  s.remove,
		"POST /v1/client/sign_ins":                           s.signIn,
		"GET /v1/client/sign_ins/{id}":                       s.showSignIn,
		"POST /v1/client/sign_ins/{id}/prepare_first_factor": s.showSignIn,
		"POST /v1/client/sign_ins/{id}/attempt_first_factor": s.attemptFirstFactor,
		"POST /v1/client/sign_ups":                           s.signUp,
		"GET /v1/client/sign_ups/{id}":                       s.showSignUp,
		"PATCH /v1/client/sign_ups/{id}":                     s.showSignUp,
		"POST /v1/client/sign_ups/{id}/prepare_verification": s.showSignUp,
		"POST /v1/client/sign_ups/{id}/attempt_verification": s.attemptVerification,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			allow(w, r)
			status, body := answer(r, s.clientOf(w, r))
			if code, failed := body.(refusal); failed {
				fail(w, status, string(code))
				return
			}
			reply(w, status, body)
		})
	}
	mux.HandleFunc("POST /v1/dev_browser", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		allow(w, r)
		c := s.newClient("dvb")
		reply(w, http.StatusOK, map[string]any{"object": "dev_browser", "id": c.token})
	})
}

// refusal is the code of an error.
type refusal string

// allow lets the application's pages ask, with cookies.
func allow(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		w.Header().Set("Access-Control-Expose-Headers", "Authorization, Clerk-Db-Jwt")
	}
}

// clientOf finds the browser: by the address in development, by the cookie in
// production. A new one is made.
func (s *Server) clientOf(w http.ResponseWriter, r *http.Request) *client {
	if token := r.URL.Query().Get("__clerk_db_jwt"); !s.Production && s.clients[token] != nil {
		return s.clients[token]
	}
	if cookie, err := r.Cookie(clientCookie); err == nil && s.clients[cookie.Value] != nil {
		return s.clients[cookie.Value]
	}
	c := s.newClient("client")
	if s.Production {
		http.SetCookie(w, &http.Cookie{Name: clientCookie, Value: c.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	return c
}

func (s *Server) newClient(kind string) *client {
	c := &client{id: s.name("client"), token: s.name(kind), updated: time.Now()}
	s.clients[c.token] = c
	return c
}

// live are a browser's sessions that Clerk still shows, oldest first.
func (s *Server) live(c *client) (out []*session) {
	for _, n := range s.sessions {
		if n.client == c.token && (n.status == "active" || n.status == "pending") {
			out = append(out, n)
		}
	}
	return out
}

// uat is when the browser's user changed last, in seconds: zero for nobody.
func (s *Server) uat(c *client) int64 {
	if len(s.live(c)) == 0 {
		return 0
	}
	return c.updated.Unix()
}

func (s *Server) showClient(r *http.Request, c *client) map[string]any {
	sessions, last := []any{}, any(nil)
	for _, n := range s.live(c) {
		sessions, last = append(sessions, s.showSession(r, n)), n.id
	}
	return map[string]any{"object": "client", "id": c.id, "sessions": sessions, "last_active_session_id": last,
		"sign_in": orNull(c.attempt), "sign_up": orNull(c.arrival), "captcha_bypass": true, "cookie_expires_at": nil,
		"last_authentication_strategy": nil, "created_at": c.updated.UnixMilli(), "updated_at": c.updated.UnixMilli()}
}

func orNull(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func (s *Server) showSession(r *http.Request, n *session) map[string]any {
	u := s.users[n.user]
	out := n.show()
	out["factor_verification_age"], out["tasks"], out["last_active_organization_id"] = []int{0, -1}, nil, nil
	out["last_active_token"] = map[string]any{"object": "token", "jwt": s.sessionToken(n.user, n.id, n.status, partyOf(r), nil)}
	out["user"] = u.show()
	out["public_user_data"] = map[string]any{"first_name": "Ada", "last_name": "L", "image_url": "", "has_image": false,
		"identifier": u.Email, "user_id": u.ID}
	if n.status == "pending" {
		out["tasks"] = []map[string]any{{"key": "setup-mfa"}}
	}
	return out
}

// partyOf is the application that asks, as its pages' origin.
func partyOf(r *http.Request) string {
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin
	}
	back, err := url.Parse(r.URL.Query().Get("redirect_url"))
	if err != nil || back.Host == "" {
		return ""
	}
	return back.Scheme + "://" + back.Host
}

// changed is what a change answers: the resource, and the browser with it.
func (s *Server) changed(r *http.Request, c *client, resource any) (int, any) {
	return http.StatusOK, map[string]any{"response": resource, "client": s.showClient(r, c)}
}

func (s *Server) getClient(r *http.Request, c *client) (int, any) {
	return http.StatusOK, map[string]any{"response": s.showClient(r, c), "client": nil}
}

func (s *Server) endAll(r *http.Request, c *client) (int, any) {
	for _, n := range s.live(c) {
		n.status = "removed"
	}
	c.updated, c.attempt, c.arrival = time.Now(), nil, nil
	return s.changed(r, c, s.showClient(r, c))
}

// own finds a session of this browser's that is not over.
func (s *Server) own(r *http.Request, c *client) *session {
	for _, n := range s.live(c) {
		if n.id == r.PathValue("id") {
			return n
		}
	}
	return nil
}

func (s *Server) newToken(r *http.Request, c *client) (int, any) {
	n := s.own(r, c)
	if n == nil {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	return http.StatusOK, map[string]any{"object": "token", "jwt": s.sessionToken(n.user, n.id, n.status, partyOf(r), nil)}
}

func (s *Server) touch(r *http.Request, c *client) (int, any) {
	n := s.own(r, c)
	if n == nil {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	return s.changed(r, c, s.showSession(r, n))
}

func (s *Server) remove(r *http.Request, c *client) (int, any) {
	n := s.own(r, c)
	if n == nil {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	out := s.showSession(r, n)
	n.status, c.updated = "removed", time.Now()
	out["status"] = "removed"
	return s.changed(r, c, out)
}

// suffix is what tells the cookies of applications on one host apart.
func (s *Server) suffix() string { return Suffix(s.PublishableKey) }

func cookieLine(name, value, more string) string {
	return strings.Join([]string{name + "=" + value, "Path=/", "SameSite=Lax", more}, "; ")
}
