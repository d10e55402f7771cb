package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

// companyCookie remembers which company a member of several chose.
const companyCookie = "purser_company"

// sessionCookie holds the session's token. Where the site is https its name
// keeps other hosts of the domain from setting it.
func (w *Web) sessionCookie() string {
	if w.base.Scheme == "https" {
		return "__Host-purser_session"
	}
	return "purser_session"
}

// errElsewhere ends a request whose answer is already sent: a redirect.
var errElsewhere = errors.New("web: the answer is another address")

// identify fills in who comes. Somebody has to be signed in where it is
// required: who is not is led to sign in.
func (v *visit) identify(required bool) error {
	token, err := v.presented()
	if err != nil {
		return err
	}
	if token == "" {
		return v.signedOut(required)
	}
	p, companies, err := v.web.access.FromBrowser(v.ctx(), token, value(v.Request(), companyCookie), v.frame.Live)
	if fault.From(err).Kind == fault.Unauthenticated {
		v.dropCookie(v.web.sessionCookie())
		return v.signedOut(required)
	}
	if fault.From(err).Kind == fault.Forbidden && !required {
		v.refused = err
		return nil
	}
	if err != nil {
		return err
	}
	v.who, v.token, v.frame.Who, v.frame.Companies = p, token, p, companies
	v.frame.CSRF = v.web.seal.csrf(p)
	if p.Tenant.Company == uuid.Nil {
		return nil
	}
	if v.frame.Company, err = v.web.companies.Get(v.ctx(), p.Tenant); err != nil {
		return err
	}
	v.SetRequest(v.Request().WithContext(access.With(v.ctx(), p)))
	return v.lookAround()
}

// lookAround fills in what every page of a company says: how much waits, the
// time, and how new the page is, which is before anything else of it is read.
func (v *visit) lookAround() (err error) {
	if v.frame.Heard, err = v.web.feed.Last(v.ctx(), v.tenant()); err != nil {
		return err
	}
	v.frame.Waiting, v.frame.Now, err = v.web.spend.CountWaiting(v.ctx(), v.tenant(), views.MostWaiting+1)
	return err
}

// presented is what the browser's session is known by.
func (v *visit) presented() (string, error) {
	if v.web.clerk != nil {
		return v.clerkToken()
	}
	return value(v.Request(), v.web.sessionCookie()), nil
}

// signedOut leads to the page that signs in, and from there back.
func (v *visit) signedOut(required bool) error {
	if !required {
		return nil
	}
	if v.Request().Header.Get("Accept") == "text/event-stream" {
		return fault.New(fault.Unauthenticated, "invalid_session", "The session is over. Sign in again.")
	}
	back := "/overview"
	if !v.writes() && !v.isHTMX() {
		back = v.Request().URL.RequestURI()
	}
	if err := v.redirect(signInPath(back)); err != nil {
		return err
	}
	return errElsewhere
}

// ours says whether an address is a path of this site. Browsers take two
// slashes, or a slash and a backslash, for another host; and tabs and line
// breaks for nothing at all.
func ours(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\\t\r\n")
}

func value(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// publicCompany is a company's id as cookies and forms name it.
func publicCompany(id uuid.UUID) string { return ident.Format(ident.Company, id) }
