package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// visit is one request of a browser: echo's context, who it is, and the frame
// that its page will have.
type visit struct {
	echo.Context
	web   *Web
	who   access.Principal // zero for nobody
	token string           // of the session, as it was when the visit began
	frame views.Frame
	// refused is why somebody whom Clerk knows is nobody here.
	refused error
}

// serve makes an address's handler: it finds out who comes, refuses who may
// not, and lets the page answer.
func (w *Web) serve(p page, live bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		v := &visit{Context: c, web: w}
		v.frame.Live, v.frame.Path = live, strings.TrimPrefix(c.Request().URL.Path, v.base(live))
		v.frame.Theme = theme(c.Request())
		c.Set(visitKey, v) // so that an error's page has the frame too
		if err := v.admit(p); err != nil {
			return err
		}
		return p.handler(v)
	}
}

const visitKey = "visit"

func (v *visit) base(live bool) string {
	if live {
		return ""
	}
	return testRoot
}

// admit finds out who comes and whether they may.
func (v *visit) admit(p page) error {
	if err := v.identify(p.who != anybody); err != nil {
		return err
	}
	if v.who.ClerkSession != "" && !v.isHTMX() {
		v.withClerk(false, "")
	}
	v.readFlash()
	if p.who == anybody {
		return nil
	}
	if p.who == member {
		if v.who.Tenant.Company == uuid.Nil {
			return v.redirect("/welcome")
		}
		if v.isHTMX() && v.isOfAnother(v.Request().Header.Get(views.CompanyHeader)) {
			return v.loadAgain()
		}
		if err := v.who.Need(p.scope); err != nil {
			return err
		}
	}
	if !v.writes() {
		return nil
	}
	if err := v.web.seal.checkForm(v.who, v.FormValue("csrf")); err != nil {
		return err
	}
	return v.stillSignedIn()
}

func (v *visit) writes() bool {
	return v.Request().Method != http.MethodGet && v.Request().Method != http.MethodHead
}

func (v *visit) ctx() context.Context { return v.Request().Context() }

func (v *visit) tenant() ident.Tenant { return v.who.Tenant }

// actor is the person as the audit log names them.
func (v *visit) actor() audit.Actor {
	return v.who.Actor(v.Response().Header().Get(echo.HeaderXRequestID))
}

// call is the person as the gate knows them.
func (v *visit) call() spend.Call {
	return spend.Call{Tenant: v.tenant(), Actor: v.actor(), Settles: v.who.Can(access.ScopeAdmin)}
}

// inTx does the work of a form in one transaction.
func (v *visit) inTx(do func(context.Context, pgx.Tx) error) error {
	return v.web.pool.InTx(v.ctx(), do)
}

// isHTMX says that a part of a page is asked for, not a whole one.
func (v *visit) isHTMX() bool { return v.Request().Header.Get("HX-Request") == "true" }

// show answers with a view. It is rendered whole before anything is sent, so
// that a failure never leaves half a page.
func (v *visit) show(status int, c templ.Component) error {
	var page bytes.Buffer
	if err := c.Render(v.ctx(), &page); err != nil {
		return err
	}
	h := v.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "HX-Request")
	return v.HTMLBlob(status, page.Bytes())
}

// titled is the frame with the page's title.
func (v *visit) titled(title string) views.Frame {
	f := v.frame
	f.Title = title
	return f
}

// redirect leads the browser to one of our own addresses, whatever asked.
func (v *visit) redirect(path string) error {
	if v.isHTMX() {
		v.Response().Header().Set("HX-Redirect", path)
		return v.NoContent(http.StatusNoContent)
	}
	return v.Redirect(http.StatusSeeOther, path)
}

// isOfAnother says whether a page shows another company than the session is of:
// a member of several chose one in another window. A page that names none is
// taken at its word.
func (v *visit) isOfAnother(shown string) bool {
	return shown != "" && shown != publicCompany(v.tenant().Company)
}

// loadAgain does nothing, and has the page in the browser load itself again.
func (v *visit) loadAgain() error {
	v.Response().Header().Set("HX-Refresh", "true")
	if err := v.NoContent(http.StatusNoContent); err != nil {
		return err
	}
	return errElsewhere
}

// to leads to a page of the visit's mode, with a message about what was done.
func (v *visit) to(path, done string) error {
	v.flash(views.Flash{Kind: views.Done, Text: done})
	return v.redirect(v.frame.At(path))
}

// cookie sets a cookie for the whole site that no script and no other site sees.
func (v *visit) cookie(name, value string, lasts time.Duration) {
	v.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(lasts / time.Second), HttpOnly: true,
		Secure: v.web.base.Scheme == "https", SameSite: http.SameSiteLaxMode})
}

func (v *visit) dropCookie(name string) { v.cookie(name, "", -time.Second) }
