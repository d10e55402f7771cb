package clerkstand

import (
	"net/http"
	"time"
)

// signIn begins a sign-in: with an address, and a password where the form sends
// one.
func (s *Server) signIn(r *http.Request, c *client) (int, any) {
	u, known := s.byEmail(r.FormValue("identifier"))
	if !known {
		return http.StatusUnprocessableEntity, refusal("form_identifier_not_found")
	}
	c.attempt = map[string]any{"object": "sign_in_attempt", "id": s.name("sia"), "status": "needs_first_factor",
		"identifier": u.Email, "supported_identifiers": []string{"email_address"}, "user_data": nil,
		"supported_first_factors":  []map[string]any{{"strategy": "email_code", "email_address_id": "idn_2", "safe_identifier": u.Email, "primary": true}},
		"supported_second_factors": nil, "second_factor_verification": nil, "created_session_id": nil,
		"first_factor_verification": map[string]any{"status": "unverified", "strategy": "email_code", "attempts": 0,
			"expire_at": time.Now().Add(time.Hour).UnixMilli()}}
	return s.changed(r, c, c.attempt)
}

func (s *Server) byEmail(email string) (User, bool) {
	for _, u := range s.users {
		if u.Email == email {
			return u, true
		}
	}
	return User{}, false
}

func (s *Server) showSignIn(r *http.Request, c *client) (int, any) {
	if c.attempt == nil || c.attempt["id"] != r.PathValue("id") {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	return s.changed(r, c, c.attempt)
}

func (s *Server) attemptFirstFactor(r *http.Request, c *client) (int, any) {
	if c.attempt == nil || c.attempt["id"] != r.PathValue("id") {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	email, _ := c.attempt["identifier"].(string)
	u, known := s.byEmail(email)
	if !known || r.FormValue("code") != Code {
		return http.StatusUnprocessableEntity, refusal("form_code_incorrect")
	}
	done := c.attempt
	done["status"], done["created_session_id"] = "complete", s.open(u.ID, c.token).id
	status, body := s.changed(r, c, done)
	c.attempt = nil
	return status, body
}

// signUp begins a sign-up.
func (s *Server) signUp(r *http.Request, c *client) (int, any) {
	email := r.FormValue("email_address")
	if _, known := s.byEmail(email); known {
		return http.StatusUnprocessableEntity, refusal("form_identifier_exists")
	}
	c.password = r.FormValue("password")
	c.arrival = map[string]any{"object": "sign_up_attempt", "id": s.name("sua"), "status": "missing_requirements",
		"required_fields": []string{"email_address"}, "optional_fields": []string{}, "missing_fields": []string{},
		"unverified_fields": []string{"email_address"}, "email_address": email, "username": nil, "phone_number": nil,
		"web3_wallet": nil, "first_name": nil, "last_name": nil, "has_password": false, "unsafe_metadata": map[string]any{},
		"created_session_id": nil, "created_user_id": nil, "abandon_at": time.Now().Add(time.Hour).UnixMilli(),
		"verifications": map[string]any{"email_address": map[string]any{"status": "unverified", "strategy": "email_code",
			"attempts": 0, "next_action": "needs_attempt", "supported_strategies": []string{"email_code"},
			"expire_at": time.Now().Add(time.Hour).UnixMilli()}, "phone_number": nil, "web3_wallet": nil, "external_account": nil}}
	return s.changed(r, c, c.arrival)
}

func (s *Server) showSignUp(r *http.Request, c *client) (int, any) {
	if c.arrival == nil || c.arrival["id"] != r.PathValue("id") {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	return s.changed(r, c, c.arrival)
}

func (s *Server) attemptVerification(r *http.Request, c *client) (int, any) {
	if c.arrival == nil || c.arrival["id"] != r.PathValue("id") {
		return http.StatusNotFound, refusal("resource_not_found")
	}
	if r.FormValue("code") != Code {
		return http.StatusUnprocessableEntity, refusal("form_code_incorrect")
	}
	email, _ := c.arrival["email_address"].(string)
	u := User{ID: s.name("user"), Email: email, Password: c.password, Verification: "verified"}
	s.users[u.ID] = u
	done := c.arrival
	done["status"], done["created_user_id"], done["created_session_id"] = "complete", u.ID, s.open(u.ID, c.token).id
	done["unverified_fields"] = []string{}
	status, body := s.changed(r, c, done)
	c.arrival = nil
	return status, body
}
