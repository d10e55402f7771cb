package clerkstand

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that went away is no concern of a stand-in's.
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, code string) {
	reply(w, status, map[string]any{"clerk_trace_id": "trace",
		"errors": []map[string]any{{"code": code, "message": code, "long_message": code, "meta": map[string]any{}}}})
}

// backend is the Backend API, which asks for the secret key.
func (s *Server) backend(mux *http.ServeMux) {
	for pattern, answer := range map[string]http.HandlerFunc{
		"GET /v1/jwks":                  s.jwks,
		"GET /v1/users":                 s.listUsers,
		"GET /v1/users/{id}":            s.getUser,
		"GET /v1/sessions":              s.listSessions,
		"GET /v1/sessions/{id}":         s.getSession,
		"POST /v1/sessions/{id}/revoke": s.revokeSession,
		"POST /v1/invitations":          s.invite,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+SecretKey {
				fail(w, http.StatusUnauthorized, "clerk_key_invalid")
				return
			}
			answer(w, r)
		})
	}
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Email    string `json:"email_address"`
		Landing  string `json:"redirect_url"`
		Existing bool   `json:"ignore_existing"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		fail(w, http.StatusBadRequest, "request_body_invalid")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, invited := s.invited[body.Email]; invited && !body.Existing {
		fail(w, http.StatusUnprocessableEntity, "duplicate_record")
		return
	}
	s.invited[body.Email] = body.Landing
	reply(w, http.StatusOK, map[string]any{"object": "invitation", "id": s.name("inv"), "email_address": body.Email, "status": "pending"})
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[r.PathValue("id")]
	if !ok {
		fail(w, http.StatusNotFound, "resource_not_found")
		return
	}
	reply(w, http.StatusOK, u.show())
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		if u := s.users[id]; len(r.URL.Query()["email_address"]) == 0 || slices.Contains(r.URL.Query()["email_address"], u.Email) {
			found = append(found, u.show())
		}
	}
	reply(w, http.StatusOK, found)
}

func (u User) show() map[string]any {
	address := func(id, email, status string) map[string]any {
		return map[string]any{"object": "email_address", "id": id, "email_address": email, "linked_to": []any{},
			"verification": map[string]any{"status": status, "strategy": "email_code"}}
	}
	out := map[string]any{"object": "user", "id": u.ID, "first_name": "Ada", "last_name": "L", "username": nil,
		"primary_email_address_id": "idn_2", "banned": u.Banned, "password_enabled": u.Password != "",
		"image_url": "", "has_image": false, "phone_numbers": []any{}, "web3_wallets": []any{}, "external_accounts": []any{},
		"enterprise_accounts": []any{}, "passkeys": []any{}, "organization_memberships": []any{},
		"public_metadata": map[string]any{}, "unsafe_metadata": map[string]any{}, "created_at": 1, "updated_at": 1,
		"email_addresses": []any{address("idn_1", "other-"+u.ID+"@stand-in.example", "verified"), address("idn_2", u.Email, u.Verification)}}
	if u.NoPrimary {
		out["primary_email_address_id"] = nil
	}
	return out
}

func (n *session) show() map[string]any {
	return map[string]any{"object": "session", "id": n.id, "user_id": n.user, "client_id": n.client, "status": n.status,
		"actor": nil, "last_active_at": n.created.UnixMilli(), "expire_at": n.created.UnixMilli() + 7*86_400_000,
		"abandon_at": n.created.UnixMilli() + 30*86_400_000, "created_at": n.created.UnixMilli(), "updated_at": n.created.UnixMilli()}
}

func (s *Server) listSessions(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	found := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
		n := s.sessions[id]
		if n.user == q.Get("user_id") && (q.Get("status") == "" || q.Get("status") == n.status) {
			found = append(found, n.show())
		}
	}
	total := len(found)
	reply(w, http.StatusOK, map[string]any{"data": page(found, q.Get("limit"), q.Get("offset")), "total_count": total})
}

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) { s.answerSession(w, r, "") }

func (s *Server) revokeSession(w http.ResponseWriter, r *http.Request) {
	s.answerSession(w, r, "revoked")
}

func (s *Server) answerSession(w http.ResponseWriter, r *http.Request, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sessions[r.PathValue("id")]
	if n == nil {
		fail(w, http.StatusNotFound, "resource_not_found")
		return
	}
	if status != "" {
		n.status = status
	}
	reply(w, http.StatusOK, n.show())
}

// page cuts a list as Clerk does: ten unless asked for more.
func page(all []map[string]any, limit, offset string) []map[string]any {
	from, err := strconv.Atoi(offset)
	if err != nil {
		from = 0
	}
	most, err := strconv.Atoi(limit)
	if err != nil {
		most = 10
	}
	from = min(from, len(all))
	return all[from:min(from+most, len(all))]
}
