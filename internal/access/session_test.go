package access_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

func TestFromNothingToASession(t *testing.T) {
	h := newHouse(t)
	token := h.signIn(" Ada@Example.com ")
	if !strings.HasPrefix(token, "eyJ") {
		t.Errorf("the token is no JWT")
	}
	p := h.who(token)
	wantCode(t, p.NeedCompany(), "no_company")
	info, err := h.Session(t.Context(), p)
	if err != nil || info.Email != "ada@example.com" || len(info.Companies) != 0 {
		t.Fatalf("%+v, %v", info, err)
	}
	left := time.Until(*info.ExpiresAt)
	if left < access.SessionLifetime-time.Minute || left > access.SessionLifetime {
		t.Errorf("it lasts %v", left)
	}
	if again := h.who(h.signIn("ada@example.com")); again.Person != p.Person || again.Session == p.Session {
		t.Error("the same address is another person, or the same session")
	}
}

func TestLinkWorksOnce(t *testing.T) {
	h := newHouse(t)
	if err := h.SendLink(t.Context(), "ada@example.com", ""); err != nil {
		t.Fatal(err)
	}
	token := h.mail.token(t)
	var worked, refused atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := h.VerifyLink(t.Context(), token, "", "")
			if err == nil {
				worked.Add(1)
			} else {
				wantCode(t, err, "invalid_link")
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if worked.Load() != 1 || refused.Load() != 19 {
		t.Errorf("%d worked, %d were refused", worked.Load(), refused.Load())
	}
}

func TestLinkExpires(t *testing.T) {
	h := newHouse(t)
	for age, code := range map[string]string{"14 minutes 50 seconds": "", "15 minutes 1 second": "invalid_link"} {
		if err := h.SendLink(t.Context(), "ada@example.com", ""); err != nil {
			t.Fatal(err)
		}
		h.exec("UPDATE magic_links SET expires_at = expires_at - $1::text::interval WHERE used_at IS NULL", age)
		_, err := h.VerifyLink(t.Context(), h.mail.token(t), "", "")
		if code == "" && err != nil {
			t.Error(err)
		}
		if code != "" {
			wantCode(t, err, code)
		}
	}
	_, err := h.VerifyLink(t.Context(), "", "", "")
	wantCode(t, err, "invalid_link")
}

func TestLinkSecretIsNotStored(t *testing.T) {
	h := newHouse(t)
	if err := h.SendLink(t.Context(), "ada@example.com", ""); err != nil {
		t.Fatal(err)
	}
	var found bool
	err := h.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM magic_links WHERE position($1::text::bytea in token_hash) > 0)",
		h.mail.token(t)).Scan(&found)
	if err != nil || found {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestLinkLimits(t *testing.T) {
	h := newHouse(t, func(c *access.Config) { c.LinksPerAddress, c.LinksPerClient = 3, 6 })
	for range 5 { // the same answer, but no more mails
		if err := h.SendLink(t.Context(), "ada@example.com", "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.mail.count(); n != 3 {
		t.Errorf("%d mails", n)
	}
	if err := h.SendLink(t.Context(), "bob@example.com", "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.SendLink(t.Context(), "eve@example.com", "192.0.2.7"), "too_many_links")
	if err := h.SendLink(t.Context(), "eve@example.com", "192.0.2.8"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.SendLink(t.Context(), "not an address", "192.0.2.8"), "email_malformed")
}

func TestLogout(t *testing.T) {
	h := newHouse(t)
	a, b, other := h.signIn("ada@example.com"), h.signIn("ada@example.com"), h.signIn("bob@example.com")
	replica := h.replica(company.New(h.pool))
	h.tx(func(ctx context.Context, tx pgx.Tx) error { return h.Logout(ctx, tx, h.who(a)) })
	for _, at := range []*access.Access{h.Access, replica} {
		_, err := asks(at, a)
		wantCode(t, err, "invalid_session")
	}
	p := h.who(b)
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		n, err := h.LogoutEverywhere(ctx, tx, p)
		if n != 1 {
			t.Errorf("%d sessions ended", n)
		}
		return err
	})
	_, err := h.ask(b)
	wantCode(t, err, "invalid_session")
	h.who(other)
}

func TestSessionEnds(t *testing.T) {
	h := newHouse(t)
	token := h.signIn("ada@example.com")
	h.exec("UPDATE sessions SET expires_at = clock_timestamp()")
	_, err := h.ask(token)
	wantCode(t, err, "invalid_session")
}

// TestForgedSessions has tokens that our own key signed and that are still no
// session: another type, audience, issuer, person, session, or no end.
func TestForgedSessions(t *testing.T) {
	h := newHouse(t)
	good := h.who(h.signIn("ada@example.com"))
	eve := h.who(h.signIn("eve@example.com"))
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{"iss": "purser", "aud": "purser/session", "sub": ident.Format(ident.Person, good.Person),
			"sid": ident.Format(ident.Session, good.Session), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
		change(c)
		return c
	}
	mint := func(typ string, c jwt.MapClaims) string {
		token, err := h.signer.Sign(typ, c)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	h.who(mint("session+jwt", claims(func(jwt.MapClaims) {}))) // the control
	for name, token := range map[string]string{
		"type":     mint("spend-auth+jwt", claims(func(jwt.MapClaims) {})),
		"audience": mint("session+jwt", claims(func(c jwt.MapClaims) { c["aud"] = base })),
		"issuer":   mint("session+jwt", claims(func(c jwt.MapClaims) { c["iss"] = base + "/test" })),
		"no end":   mint("session+jwt", claims(func(c jwt.MapClaims) { delete(c, "exp") })),
		"ended":    mint("session+jwt", claims(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() })),
		"person":   mint("session+jwt", claims(func(c jwt.MapClaims) { c["sub"] = ident.Format(ident.Person, eve.Person) })),
		"session":  mint("session+jwt", claims(func(c jwt.MapClaims) { c["sid"] = ident.Format(ident.Session, ident.New()) })),
		"no ids":   mint("session+jwt", claims(func(c jwt.MapClaims) { c["sid"] = "x" })),
		"shape":    "eyJhbGciOiJub25lIn0.e30.",
	} {
		if _, err := h.ask(token); err == nil {
			t.Errorf("%s was taken", name)
		} else {
			wantCode(t, err, "invalid_session")
		}
	}
}

func TestSessionChoosesItsCompany(t *testing.T) {
	h := newHouse(t)
	token, first := h.found("Acme")
	if first.Role != company.Owner || !first.Tenant.Live || first.ModeStated {
		t.Errorf("%+v", first)
	}
	if p := h.who(token, "X-Mode", "test"); p.Tenant.Live || !p.ModeStated {
		t.Errorf("%+v", p)
	}
	_, err := h.ask(token, "X-Mode", "Test")
	wantCode(t, err, "mode_unknown")
	_, other := h.found("Other")
	_, err = h.ask(token, "X-Company-Id", ident.Format(ident.Company, other.Tenant.Company))
	wantCode(t, err, "not_found")
	_, err = h.ask(token, "X-Company-Id", "co_nonsense")
	wantCode(t, err, "not_found")
	h.member(other, "acme@example.com", company.Viewer) // now of two
	wantCode(t, h.who(token).NeedCompany(), "company_required")
	p := h.who(token, "X-Company-Id", ident.Format(ident.Company, other.Tenant.Company))
	if p.Role != company.Viewer || p.Tenant.Company != other.Tenant.Company || p.Can(access.ScopeAdmin) {
		t.Errorf("%+v", p)
	}
}

func TestRolesAreWhatTheyAreNow(t *testing.T) {
	h := newHouse(t)
	_, owner := h.found("Acme")
	token, p := h.member(owner, "ada@example.com", company.Admin)
	if !p.Can(access.ScopeAdmin) || p.Can(access.ScopeSettle) {
		t.Errorf("an admin may %v", p.Scopes)
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := h.companies.SetRole(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, p.Member, company.Viewer)
		return err
	})
	if h.who(token).CanAny(access.ScopeAdmin, access.ScopeSpend, access.ScopeApprovals) {
		t.Error("the old role holds on")
	}
	h.tx(func(ctx context.Context, tx pgx.Tx) error {
		return h.companies.Remove(ctx, tx, owner.Tenant, owner.Actor(""), company.Owner, p.Member)
	})
	wantCode(t, h.who(token).NeedCompany(), "no_company")
}
