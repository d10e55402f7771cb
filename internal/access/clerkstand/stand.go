// Package clerkstand is a local stand-in for Clerk, for tests: of its Backend
// API what the server asks, of its Frontend API what a browser and Clerk's own
// script ask, and its hosted sign-in page. It speaks as Clerk does, so that
// Clerk's SDK and script work with it unchanged.
package clerkstand

import (
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// SecretKey opens the stand-in's Backend API.
const SecretKey = "sk_test_stand_in"

// Code is what the stand-in mails to whoever signs in or up: Clerk's own test
// code.
const Code = "424242"

// Server is the stand-in. Its URL is the Frontend API and the issuer of its
// tokens; the Backend API is below /v1.
type Server struct {
	*httptest.Server
	// PublishableKey is the application's.
	PublishableKey string
	// Production makes it an instance that keeps its client in a cookie, instead
	// of one for development, which puts it into addresses.
	Production bool

	mu       sync.Mutex
	keys     map[string]*rsa.PrivateKey
	signing  string
	users    map[string]User
	sessions map[string]*session
	clients  map[string]*client
	invited  map[string]string // by address, where the invitation leads
	serial   int
	seen     []string
	broken   int
	delay    time.Duration
	life     time.Duration
	scripts  http.Handler // below /npm/, if it serves any
}

// Start starts a stand-in; Close it. Production is what it says at Server.
func Start(production bool) (*Server, error) {
	s := &Server{Production: production, users: map[string]User{}, sessions: map[string]*session{},
		clients: map[string]*client{}, invited: map[string]string{}, life: time.Minute}
	if err := s.Rotate("ins_1"); err != nil {
		return nil, err
	}
	kind, host := "pk_test_", "stand-in-7.clerk.accounts.dev$"
	if production {
		kind, host = "pk_live_", "clerk.stand-in.example$"
	}
	s.PublishableKey = kind + base64.RawStdEncoding.EncodeToString([]byte(host))
	s.Server = httptest.NewServer(s.routes())
	return s, nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	s.backend(mux)
	s.frontend(mux)
	mux.HandleFunc("/npm/", func(w http.ResponseWriter, r *http.Request) {
		var scripts http.Handler
		if s.change(func() { scripts = s.scripts }); scripts == nil {
			scripts = http.NotFoundHandler()
		}
		scripts.ServeHTTP(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Clerk's script sends every change as a POST that names its method.
		if method := r.URL.Query().Get("_method"); r.Method == http.MethodPost && method != "" {
			r.Method = method
		}
		status, delay := s.note(r)
		time.Sleep(delay)
		if status != 0 {
			allow(w, r)
			fail(w, status, "internal_error")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) note(r *http.Request) (broken int, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r.Method+" "+r.URL.Path)
	return s.broken, s.delay
}

// Asked counts the requests that began with this, such as "GET /v1/users/".
func (s *Server) Asked(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.seen {
		if len(line) >= len(prefix) && line[:len(prefix)] == prefix {
			n++
		}
	}
	return n
}

// Break has every request answered with this status; 0 repairs it.
func (s *Server) Break(status int) { s.change(func() { s.broken = status }) }

// Slow delays every answer.
func (s *Server) Slow(by time.Duration) { s.change(func() { s.delay = by }) }

// Life is how long session tokens live from now on: a minute at first. A
// negative one has them made expired.
func (s *Server) Life(d time.Duration) { s.change(func() { s.life = d }) }

func (s *Server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// User is somebody that Clerk knows.
type User struct {
	ID, Email, Password string
	// Verification is of the primary address: verified, or something else.
	Verification string
	// NoPrimary leaves it open which address is the primary one.
	NoPrimary, Banned bool
}

// Put makes a user, or changes one.
func (s *Server) Put(u User) { s.change(func() { s.users[u.ID] = u }) }

// UserOf is the id of the user with this address.
func (s *Server) UserOf(email string) (id string) {
	s.change(func() {
		u, _ := s.byEmail(email)
		id = u.ID
	})
	return id
}

// Invited is where the invitation to an address leads; empty for none.
func (s *Server) Invited(email string) (landing string) {
	s.change(func() { landing = s.invited[email] })
	return landing
}

// Forget deletes a user.
func (s *Server) Forget(id string) { s.change(func() { delete(s.users, id) }) }

// session is one of a user's, in one client.
type session struct {
	id, user, client string
	// status is active, pending, revoked, ended or removed.
	status  string
	created time.Time
}

// client is a browser.
type client struct {
	id, token string
	updated   time.Time
	attempt   map[string]any // its sign_in, as Clerk shows it
	arrival   map[string]any // its sign_up
	password  string         // of the arrival
}

// Session opens a session of the user without a browser, and gives its id.
func (s *Server) Session(user string) (id string) {
	s.change(func() { id = s.open(user, "").id })
	return id
}

func (s *Server) open(user, client string) *session {
	n := &session{id: s.name("sess"), user: user, client: client, status: "active", created: time.Now()}
	s.sessions[n.id] = n
	if c := s.clients[client]; c != nil {
		c.updated = time.Now()
	}
	return n
}

// Status changes what a session is: active, pending, revoked or ended.
func (s *Server) Status(session, status string) {
	s.change(func() { s.sessions[session].status = status })
}

// StatusOf tells it.
func (s *Server) StatusOf(session string) (status string) {
	s.change(func() { status = s.sessions[session].status })
	return status
}

// SessionsOf are the ids of a user's sessions, whatever their status.
func (s *Server) SessionsOf(user string) (ids []string) {
	s.change(func() {
		for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
			if s.sessions[id].user == user {
				ids = append(ids, id)
			}
		}
	})
	return ids
}

func (s *Server) name(kind string) string {
	s.serial++
	return kind + "_" + string([]byte{'a' + byte(s.serial/26/26%26), 'a' + byte(s.serial/26%26), 'a' + byte(s.serial%26)})
}
