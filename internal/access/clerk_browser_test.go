package access_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/access/clerkstand"
	"github.com/getpurser/purser/internal/fault"
)

// browser is a browser without scripts, at an application whose one page says
// who it is.
type browser struct {
	clerkHouse
	app    *httptest.Server
	client *http.Client
	// redirects are those of the last visit.
	redirects int
}

func newBrowser(t *testing.T, production bool, change ...func(*access.Config)) *browser {
	t.Helper()
	s, err := clerkstand.Start(production)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b := &browser{}
	b.app = httptest.NewServer(http.HandlerFunc(b.page))
	t.Cleanup(b.app.Close)
	change = append([]func(*access.Config){func(c *access.Config) {
		c.BaseURL = b.app.URL
		c.Clerk = &access.ClerkConfig{SecretKey: clerkstand.SecretKey, PublishableKey: s.PublishableKey, IssuerURI: s.URL, APIURL: s.URL + "/v1"}
	}}, change...)
	b.clerkHouse = clerkHouse{newHouse(t, change...), s}
	b.forgetCookies()
	return b
}

func (b *browser) forgetCookies() {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		b.redirects = len(via)
		if len(via) > 10 {
			return fmt.Errorf("%d redirects", len(via))
		}
		return nil
	}}
}

// page does what the pages do with the outcome.
func (b *browser) page(w http.ResponseWriter, r *http.Request) {
	found, err := b.FromClerkCookies(r)
	for _, c := range found.Cookies {
		http.SetCookie(w, c)
	}
	switch {
	case err != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, fault.From(err).Code)
	case found.Redirect != "":
		http.Redirect(w, r, found.Redirect, http.StatusTemporaryRedirect)
	case found.Stale:
		_, _ = io.WriteString(w, "stale")
	case found.Token == "":
		_, _ = io.WriteString(w, "nobody")
	default:
		p, _, err := b.FromBrowser(r.Context(), found.Token, "", true)
		if err != nil {
			_, _ = io.WriteString(w, fault.From(err).Code)
			return
		}
		_, _ = io.WriteString(w, p.Email+" at "+r.URL.RequestURI())
	}
}

// open visits a page and tells what it says.
func (b *browser) open(path string, header ...string) string {
	b.t.Helper()
	return b.send(http.MethodGet, b.app.URL+path, nil, header...)
}

func (b *browser) send(method, address string, form url.Values, header ...string) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	b.redirects = 0
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(body)
}

// signIn goes through the hosted page, back to a page of the application.
func (b *browser) signIn(email, path string) string {
	b.t.Helper()
	return b.send(http.MethodPost, b.URL+"/sign-in", url.Values{"email": {email}, "redirect_url": {b.app.URL + path}})
}

func (b *browser) setCookie(name, value string) {
	b.t.Helper()
	u, err := url.Parse(b.app.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func (b *browser) cookie(name string) string {
	b.t.Helper()
	u, err := url.Parse(b.app.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// both runs a test against an instance for development and one for production.
func both(t *testing.T, run func(t *testing.T, b *browser)) {
	t.Helper()
	t.Parallel()
	t.Run("development", func(t *testing.T) { run(t, newBrowser(t, false)) })
	t.Run("production", func(t *testing.T) { run(t, newBrowser(t, true)) })
}

func want(t *testing.T, got, wanted string) {
	t.Helper()
	if got != wanted {
		t.Errorf("%q instead of %q", got, wanted)
	}
}

func TestClerkHandshake(t *testing.T) {
	both(t, func(t *testing.T, b *browser) {
		b.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "verified"})
		want(t, b.open("/overview"), "nobody")
		const page = "/authorizations?q=a+b&q=c&status=held"
		want(t, b.signIn("ada@example.com", page), "ada@example.com at "+page)
		want(t, b.open(page), "ada@example.com at "+page)
		if b.redirects != 0 {
			t.Errorf("a fresh token took %d redirects", b.redirects)
		}
		b.setCookie("__session", b.Token("user_1", b.SessionsOf("user_1")[0], b.app.URL,
			map[string]any{"iat": time.Now().Unix() + 1, "exp": time.Now().Add(-time.Minute).Unix()}))
		want(t, b.open(page), "ada@example.com at "+page)
		if b.redirects == 0 {
			t.Error("an expired token was taken")
		}
		b.setCookie("__session", "")
		want(t, b.open(page), "ada@example.com at "+page)
	})
}

func TestClerkHandshakeAfterRotation(t *testing.T) {
	both(t, func(t *testing.T, b *browser) {
		b.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "verified"})
		b.signIn("ada@example.com", "/")
		b.rotate("ins_2")
		b.who(b.Token("user_1", b.SessionsOf("user_1")[0], b.app.URL, nil)) // another's token brings the new key
		want(t, b.open("/overview"), "ada@example.com at /overview")
		if b.redirects == 0 {
			t.Error("a token of the old key was taken")
		}
	})
}

func TestClerkPendingSession(t *testing.T) {
	both(t, func(t *testing.T, b *browser) {
		b.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "verified"})
		b.signIn("ada@example.com", "/")
		session := b.SessionsOf("user_1")[0]
		b.Status(session, "pending")
		b.setCookie("__session", "")
		want(t, b.open("/overview"), "nobody")
		b.Status(session, "active") // its task is done
		b.setCookie("__session", "")
		want(t, b.open("/overview"), "ada@example.com at /overview")
	})
}

// TestClerkRevocation: what writes notices at once, what reads when the token
// ends, and then the browser is signed out.
func TestClerkRevocation(t *testing.T) {
	both(t, func(t *testing.T, b *browser) {
		b.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "verified"})
		b.signIn("ada@example.com", "/")
		session := b.SessionsOf("user_1")[0]
		p, _, err := b.FromBrowser(t.Context(), b.cookie("__session"), "", true)
		if err != nil || b.Confirm(t.Context(), p) != nil {
			t.Fatalf("%v, and it is not confirmed: %v", err, b.Confirm(t.Context(), p))
		}
		b.Status(session, "revoked")
		want(t, b.open("/overview"), "ada@example.com at /overview")
		wantCode(t, b.Confirm(t.Context(), p), "invalid_session")
		r := httptest.NewRequest(http.MethodPost, "/v1/companies", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+b.cookie("__session"))
		_, err = b.FromRequest(r)
		wantCode(t, err, "invalid_session")
		r.Method = http.MethodGet
		if _, err = b.FromRequest(r); err != nil {
			t.Errorf("reading with a token that lives: %v", err)
		}
		b.setCookie("__session", b.Token("user_1", session, b.app.URL,
			map[string]any{"iat": time.Now().Unix() + 1, "exp": time.Now().Add(-time.Minute).Unix()}))
		want(t, b.open("/overview"), "nobody")
		if b.redirects == 0 || b.cookie("__session") != "" {
			t.Errorf("%d redirects, and the cookie is %q", b.redirects, b.cookie("__session"))
		}
		b.Break(http.StatusInternalServerError)
		wantCode(t, b.Confirm(t.Context(), p), "identity_unavailable")
	})
}

// TestClerkRedirectsDocumentsOnly: a form and a part of a page cannot be sent to
// another host and back.
func TestClerkRedirectsDocumentsOnly(t *testing.T) {
	b := newBrowser(t, true)
	b.setCookie("__client_uat", "1700000000")
	want(t, b.open("/x", "Sec-Fetch-Dest", "empty", "HX-Request", "true"), "stale")
	want(t, b.send(http.MethodPost, b.app.URL+"/x", nil, "Sec-Fetch-Dest", "document"), "stale")
	want(t, b.open("/x", "Accept", "*/*"), "stale")
	if n := b.Asked("GET /v1/client/handshake"); n != 0 {
		t.Errorf("%d handshakes", n)
	}
	want(t, b.open("/x", "Sec-Fetch-Dest", "document"), "nobody")
	if n := b.Asked("GET /v1/client/handshake"); n != 1 {
		t.Errorf("%d handshakes", n)
	}
}

// TestClerkLoopEnds: keys of two applications send a browser round and round.
func TestClerkLoopEnds(t *testing.T) {
	other, err := clerkstand.Start(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	b := newBrowser(t, true, func(c *access.Config) { c.Clerk.JWKSURI = other.URL + "/.well-known/jwks.json" })
	if err := other.Rotate("ins_other"); err != nil {
		t.Fatal(err)
	}
	b.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "verified"})
	want(t, b.signIn("ada@example.com", "/overview"), "identity_loop")
	if n := b.Asked("GET /v1/client/handshake"); n != 3 {
		t.Errorf("%d handshakes", n)
	}
}

// TestClerkForgedHandshakes: what is not Clerk's word sets no cookie.
func TestClerkForgedHandshakes(t *testing.T) {
	both(t, func(t *testing.T, b *browser) {
		stranger, err := clerkstand.Start(b.Production)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stranger.Close)
		b.join("user_1", "ada@example.com")
		good := "__session=" + b.Token("user_1", b.SessionsOf("user_1")[0], b.app.URL, nil)
		const uat = "__client_uat=1"
		for name, payload := range map[string]string{
			"another key":     stranger.Handshake(good, uat),
			"nothing":         b.Handshake(),
			"a session token": b.Token("user_1", "sess_1", b.app.URL, nil),
			"no token":        "x.y.z",
		} {
			b.forgetCookies()
			b.present(payload)
			if got := b.open("/?" + b.asQuery(payload)); !strings.HasPrefix(got, "nobody") || b.cookie("__session") != "" {
				t.Errorf("%s: %s, and the cookie is %q", name, got, b.cookie("__session"))
			}
		}
		b.forgetCookies()
		mixed := b.Handshake(good, uat, "__clerk_db_jwt=dvb_x", "purser_session=stolen", "x=y; Path=/")
		b.present(mixed)
		if got := b.open("/?" + b.asQuery(mixed)); !strings.HasPrefix(got, "ada@example.com") {
			t.Errorf("a good one: %s", got)
		}
		if b.cookie("purser_session") != "" || b.cookie("x") != "" {
			t.Error("a handshake set cookies that are not Clerk's")
		}
	})
}

// present puts a handshake where an instance for production looks.
func (b *browser) present(payload string) {
	if b.Production {
		b.setCookie("__clerk_handshake", payload)
	}
}

func (b *browser) asQuery(payload string) string {
	if b.Production {
		return ""
	}
	return "__clerk_handshake=" + url.QueryEscape(payload)
}

// TestClerkNobodySignsOthersIn: an address that carries a good handshake of
// somebody else's does nothing in production.
func TestClerkNobodySignsOthersIn(t *testing.T) {
	b := newBrowser(t, true)
	b.join("user_1", "eve@example.com")
	payload := b.Handshake("__session="+b.Token("user_1", b.SessionsOf("user_1")[0], b.app.URL, nil), "__client_uat=1")
	want(t, b.open("/?__clerk_handshake="+url.QueryEscape(payload)), "nobody")
	want(t, b.open("/?__clerk_db_jwt=dvb_x"), "nobody")
}

// TestClerkNoOpenRedirect: wherever a handshake leads, it leads back to us.
func TestClerkNoOpenRedirect(t *testing.T) {
	b := newBrowser(t, false)
	own, err := url.Parse(b.app.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"//evil.example/x", "/\\evil.example", "/x?redirect_url=https://evil.example"} {
		for _, host := range []string{own.Host, "evil.example"} {
			r := httptest.NewRequest(http.MethodGet, "/x", http.NoBody)
			r.Host, r.URL.Path, r.RequestURI = host, target, target
			r.Header.Set("Sec-Fetch-Dest", "document")
			r.AddCookie(&http.Cookie{Name: "__client_uat", Value: "1700000000"})
			found, err := b.FromClerkCookies(r)
			if err != nil {
				t.Fatal(err)
			}
			clerks, err := url.Parse(found.Redirect)
			if err != nil || "http://"+clerks.Host != b.URL {
				t.Fatalf("%s leads to %s", target, found.Redirect)
			}
			back, err := url.Parse(clerks.Query().Get("redirect_url"))
			if err != nil || back.Host != own.Host {
				t.Errorf("%s at %s comes back to %s", target, host, back)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/?__clerk_handshake="+b.Handshake("__client_uat=0"), http.NoBody)
	r.Host, r.URL.Path = "evil.example", "//evil.example/x"
	found, err := b.FromClerkCookies(r)
	if err != nil || !strings.HasPrefix(found.Redirect, b.app.URL+"//evil.example/x") {
		t.Errorf("%v, %s", err, found.Redirect)
	}
}

// TestClerkCookiesOfAnotherApplication: on localhost every project writes the
// same names.
func TestClerkCookiesOfAnotherApplication(t *testing.T) {
	b := newBrowser(t, true)
	session := b.join("user_1", "ada@example.com")
	suffix := "_" + clerkstand.Suffix(b.PublishableKey)
	now := fmt.Sprint(time.Now().Unix())
	b.setCookie("__session", b.Token("user_9", "sess_9", b.app.URL, map[string]any{"iss": "https://clerk.another.example"}))
	b.setCookie("__client_uat", now)
	b.setCookie("__session"+suffix, b.Token("user_1", session, b.app.URL, nil))
	b.setCookie("__client_uat"+suffix, now)
	want(t, b.open("/x"), "ada@example.com at /x")
	b.setCookie("__session", "nonsense")
	if got := b.open("/x"); strings.Contains(got, "user_9") {
		t.Error(got)
	}
}

func TestClerkSlowAndAway(t *testing.T) {
	b := newBrowser(t, true)
	b.join("user_1", "ada@example.com")
	b.setCookie("__client_uat", "1")
	b.setCookie("__session", b.Token("user_1", b.SessionsOf("user_1")[0], b.app.URL, nil))
	b.Break(http.StatusInternalServerError)
	want(t, b.open("/x"), "identity_unavailable")
	b.Break(0)
	b.Slow(300 * time.Millisecond)
	for deadline := time.Now().Add(20 * time.Second); b.open("/x") != "ada@example.com at /x"; {
		if time.Now().After(deadline) {
			t.Fatal("it does not recover")
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func TestClerkLogoutEverywhere(t *testing.T) {
	h := newClerkHouse(t)
	first := h.join("user_1", "ada@example.com")
	h.join("user_2", "bob@example.com")
	for range 14 {
		h.Session("user_1")
	}
	h.Status(h.SessionsOf("user_1")[3], "pending")
	h.Status(h.SessionsOf("user_1")[4], "ended")
	p := h.who(h.token("user_1", nil))
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		n, err := h.LogoutEverywhere(ctx, tx, p)
		if n != 14 {
			t.Errorf("%d sessions were ended", n)
		}
		return err
	})
	for i, id := range h.SessionsOf("user_1") {
		if got := h.StatusOf(id); got != "revoked" && i != 4 {
			t.Errorf("session %d is %s", i, got)
		}
	}
	if got := h.StatusOf(h.SessionsOf("user_2")[0]); got != "active" {
		t.Errorf("another's session is %s", got)
	}
	if p.ClerkSession != first {
		t.Errorf("the principal's session is %s", p.ClerkSession)
	}
	h.Break(http.StatusInternalServerError)
	err := h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.LogoutEverywhere(ctx, tx, p)
		return err
	})
	wantCode(t, err, "identity_unavailable")
}

// TestClerkHandshakesInARow: pages that each need one, faster than anybody
// clicks, are no loop.
func TestClerkHandshakesInARow(t *testing.T) {
	both(t, func(t *testing.T, b *browser) {
		b.Put(clerkstand.User{ID: "user_1", Email: "ada@example.com", Verification: "verified"})
		want(t, b.signIn("ada@example.com", "/overview"), "ada@example.com at /overview")
		session := b.SessionsOf("user_1")[0]
		for range 6 {
			b.setCookie("__session", b.Token("user_1", session, b.app.URL,
				map[string]any{"iat": time.Now().Unix() + 1, "exp": time.Now().Add(-time.Minute).Unix()}))
			want(t, b.open("/overview"), "ada@example.com at /overview")
		}
	})
}
