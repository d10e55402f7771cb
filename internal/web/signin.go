package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/views"
)

// nextCookie remembers, over the way through the mailbox, where somebody wanted
// to go before they were asked to sign in.
const nextCookie = "purser_next"

func (w *Web) signInPages() []page {
	return []page{
		{http.MethodGet, "/", anybody, "", (*visit).root},
		{http.MethodGet, "/sign-in", anybody, "", (*visit).signIn},
		{http.MethodPost, "/sign-in", anybody, "", (*visit).sendLink},
		{http.MethodGet, "/sign-up", anybody, "", (*visit).signUp},
		{http.MethodGet, "/sign-in/verify", anybody, "", (*visit).askVerify},
		{http.MethodPost, "/sign-in/verify", anybody, "", (*visit).verify},
	}
}

func (v *visit) root() error { return v.redirect("/overview") }

// signInPath is the page that signs in and then leads to next.
func signInPath(next string) string {
	if next == "/overview" || !ours(next) {
		return "/sign-in"
	}
	return "/sign-in?" + url.Values{"next": {next}}.Encode()
}

func (v *visit) signIn() error {
	if v.web.clerk != nil {
		return v.clerkForm(false)
	}
	if v.frame.CSRF != "" {
		return v.redirect("/overview")
	}
	if next := v.QueryParam("next"); ours(next) {
		v.cookie(nextCookie, next, time.Hour)
	}
	return v.show(http.StatusOK, views.SignIn(v.titled("Sign in"), "", views.Errors{}))
}

// signUp is signing in: the first time makes the person.
func (v *visit) signUp() error {
	if v.web.clerk != nil {
		return v.clerkForm(true)
	}
	return v.redirect("/sign-in")
}

func (v *visit) sendLink() error {
	email := v.FormValue("email")
	err := v.web.access.SendLink(v.ctx(), email, v.web.access.ClientAddress(v.Request()))
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.show(http.StatusUnprocessableEntity, views.SignIn(v.titled("Sign in"), email, wrong))
	}
	return v.show(http.StatusOK, views.LinkSent(v.titled("Look into your mail"), email))
}

// askVerify shows a button: opening a link does nothing by itself, since mail
// programs open links to look at them.
func (v *visit) askVerify() error {
	return v.show(http.StatusOK, views.FollowLink(v.titled("Sign in"), v.QueryParam("token")))
}

func (v *visit) verify() error {
	signed, err := v.web.access.VerifyLink(v.ctx(), v.FormValue("token"), v.web.access.ClientAddress(v.Request()),
		v.Response().Header().Get(echo.HeaderXRequestID))
	if fault.Is(err, "invalid_link") {
		return v.show(http.StatusUnprocessableEntity, views.SignIn(v.titled("Sign in"), "", views.Errors{
			Text: "This link was used already, or is older than 15 minutes. Ask for a new one."}))
	}
	if err != nil {
		return err
	}
	v.cookie(v.web.sessionCookie(), signed.Token, time.Until(signed.ExpiresAt))
	next := value(v.Request(), nextCookie)
	v.dropCookie(nextCookie)
	if !ours(next) {
		next = "/overview"
	}
	return v.redirect(next)
}
