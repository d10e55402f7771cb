package access_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

func (h *house) request(headers ...string) (access.Principal, error) {
	r := httptest.NewRequest(http.MethodGet, "/v1/x", http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return h.FromRequest(r)
}

func TestCredentialsOfARequest(t *testing.T) {
	h := newHouse(t)
	token, owner := h.found("Acme")
	_, one := h.mustKey(owner, "live", "read")
	_, two := h.mustKey(owner, "live", "read")
	other := ident.Format(ident.Company, ident.New())
	flip := func(s string) string { return s[:len(s)-1] + string("xy"[strings.IndexByte("y", s[len(s)-1])+1]) }
	for name, c := range map[string]struct {
		headers []string
		code    string
	}{
		"none":                     {nil, "missing_credentials"},
		"empty":                    {[]string{"X-API-Key", ""}, "missing_credentials"},
		"basic":                    {[]string{"Authorization", "Basic abc"}, "missing_credentials"},
		"key":                      {[]string{"X-API-Key", one}, ""},
		"key as bearer":            {[]string{"Authorization", "bearer " + one}, ""},
		"the same twice":           {[]string{"X-API-Key", one, "Authorization", "Bearer " + one}, ""},
		"two keys":                 {[]string{"X-API-Key", one, "Authorization", "Bearer " + two}, "conflicting_credentials"},
		"two keys in one name":     {[]string{"X-API-Key", one, "X-API-Key", two}, "conflicting_credentials"},
		"key and session":          {[]string{"X-API-Key", one, "Authorization", "Bearer " + token}, "conflicting_credentials"},
		"session":                  {[]string{"Authorization", "Bearer " + token}, ""},
		"unknown key":              {[]string{"X-API-Key", flip(one)}, "invalid_api_key"},
		"key, cut":                 {[]string{"X-API-Key", one[:40]}, "invalid_api_key"},
		"key of the other mode":    {[]string{"X-API-Key", "ag_test_" + one[8:]}, "invalid_api_key"},
		"key, other case":          {[]string{"X-API-Key", strings.ToUpper(one)}, "invalid_api_key"},
		"garbage":                  {[]string{"X-API-Key", "' OR 1=1 --"}, "invalid_api_key"},
		"a long one":               {[]string{"X-API-Key", "ag_live_" + strings.Repeat("a", 100_000)}, "invalid_api_key"},
		"not quite a session":      {[]string{"Authorization", "Bearer " + flip(token)}, "invalid_session"},
		"key, its mode":            {[]string{"X-API-Key", one, "X-Mode", "live"}, ""},
		"key, the other mode":      {[]string{"X-API-Key", one, "X-Mode", "test"}, "mode_mismatch"},
		"key, its company":         {[]string{"X-API-Key", one, "X-Company-Id", ident.Format(ident.Company, owner.Tenant.Company)}, ""},
		"key, another company":     {[]string{"X-API-Key", one, "X-Company-Id", other}, "company_mismatch"},
		"session, another company": {[]string{"Authorization", "Bearer " + token, "X-Company-Id", other}, "not_found"},
	} {
		_, err := h.request(c.headers...)
		if c.code == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

func TestMiddlewareLeavesThePrincipal(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	k, secret := h.mustKey(owner, "live", "read")
	e := echo.New()
	var got access.Principal
	var failed error
	e.HTTPErrorHandler = func(err error, _ echo.Context) { failed = err }
	e.GET("/", func(c echo.Context) error {
		got, _ = access.From(c.Request().Context())
		return c.NoContent(http.StatusNoContent)
	}, h.Middleware)
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("X-API-Key", secret)
	e.ServeHTTP(httptest.NewRecorder(), r)
	if failed != nil || got.Key != k.ID {
		t.Errorf("%+v, %v", got, failed)
	}
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	wantCode(t, failed, "missing_credentials")
}

// TestGuessersAreSlowed sees that wrong keys are refused from one address
// after a while, and that a known key goes on working from there.
func TestGuessersAreSlowed(t *testing.T) {
	h := newHouse(t, func(c *access.Config) { c.FailuresPerMinute = 5 })
	session, owner := h.found("Acme")
	_, known := h.mustKey(owner, "live", "read")
	h.who(known)
	codes := map[string]int{}
	for range 8 {
		_, err := h.ask("ag_live_" + strings.Repeat("x", 43))
		codes[fault.From(err).Code]++
	}
	if codes["invalid_api_key"] != 5 || codes["too_many_failures"] != 3 {
		t.Errorf("answers: %v", codes)
	}
	_, err := h.ask("a.b.c")
	wantCode(t, err, "too_many_failures")
	if f := fault.From(err); f.RetryAfter <= 0 {
		t.Error("nobody says how long to wait")
	}
	_, err = h.VerifyLink(t.Context(), "guess", "192.0.2.1", "")
	wantCode(t, err, "too_many_failures")
	h.who(known)
	h.who(session)
	if _, _, err := h.Validate(t.Context(), known, "192.0.2.1"); err != nil {
		t.Error(err)
	}
}

// TestNoSecretIsLogged runs everything that touches a secret with logging at
// its most talkative, failures included, and looks for each of them.
func TestNoSecretIsLogged(t *testing.T) {
	h := newHouse(t)
	token, owner := h.found("Acme")
	k, secret := h.mustKey(owner, "live", "read")
	link := h.mail.token(t)
	h.who(secret)
	_, _ = h.ask(secret + "x")
	_, _ = h.ask(token + "x")
	_, _ = h.VerifyLink(t.Context(), link, "", "")
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	if err := h.revoke(owner, k); err != nil {
		t.Fatal(err)
	}
	_, err := h.ask(secret)
	h.config.Logger.Error("a failure as a door would log it", "error", err, "principal", owner)
	h.pool.Close() // everything fails from here on
	_, err = h.ask(token)
	h.config.Logger.Error("a failure as a door would log it", "error", err)
	_, err = h.VerifyLink(t.Context(), link, "", "")
	h.config.Logger.Error("a failure as a door would log it", "error", err)
	cancel()
	running.Wait()
	for name, canary := range map[string]string{"key": secret[16:], "session": token[len(token)-40:], "link": link} {
		if strings.Contains(h.logs.String(), canary) {
			t.Errorf("the %s is in the log:\n%s", name, h.logs)
		}
	}
	if !strings.Contains(h.logs.String(), "a failure as a door") {
		t.Error("nothing was logged at all")
	}
}

func TestDatabaseAwayIsUnavailable(t *testing.T) {
	h := newHouse(t)
	token, owner := h.found("Acme")
	_, secret := h.mustKey(owner, "live", "read")
	h.tx(func(ctx context.Context, tx pgx.Tx) error { return nil })
	h.pool.Close()
	for _, presented := range []string{token, secret} {
		if _, err := h.ask(presented); err == nil || fault.Is(err, "invalid_api_key") || fault.Is(err, "invalid_session") {
			t.Errorf("a database that is away makes a credential wrong: %v", err)
		}
	}
}
