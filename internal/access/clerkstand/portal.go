package clerkstand

import (
	"html/template"
	"net/http"
	"net/url"
)

// portalPage is the hosted sign-in page, without Clerk's script.
var portalPage = template.Must(template.New("").Parse(`<!doctype html><title>Sign in</title>
<form method="post"><input type="hidden" name="redirect_url" value="{{.}}">
<input name="email" aria-label="Email"><button>Continue</button></form>`))

func (s *Server) portal(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A browser that went away is no concern of a stand-in's.
	_ = portalPage.Execute(w, r.URL.Query().Get("redirect_url"))
}

// portalSignIn signs in whoever says an address that is known, and goes back as
// Clerk does: with the browser's name in the address in development.
func (s *Server) portalSignIn(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, known := s.byEmail(r.FormValue("email"))
	back, err := url.Parse(r.FormValue("redirect_url"))
	if !known || err != nil || back.Host == "" {
		http.Error(w, "nobody, or nowhere to go", http.StatusUnprocessableEntity)
		return
	}
	c := s.clientOf(w, r)
	s.open(u.ID, c.token)
	if s.Production {
		// The cookie for the application's host is what starts its handshake.
		http.SetCookie(w, &http.Cookie{Name: "__client_uat", Value: "1", Path: "/", SameSite: http.SameSiteLaxMode})
	} else {
		values := back.Query()
		values.Set("__clerk_db_jwt", c.token)
		back.RawQuery = values.Encode()
	}
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}
