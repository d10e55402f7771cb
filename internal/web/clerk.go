package web

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/static"
	"github.com/getpurser/purser/views"
)

// ClerkConfig is what the pages need to know where people sign in with Clerk.
type ClerkConfig struct {
	PublishableKey string
	// FrontendAPI is Clerk's address for this application. Proxied says that it
	// is not the one that the publishable key names.
	FrontendAPI string
	Proxied     bool
	// ScriptURL and UIURL are where Clerk's script and its forms are: addresses,
	// or paths of ours.
	ScriptURL, UIURL string
	// ScriptDir, if set, is a directory that holds clerk-js/dist and ui/dist, as
	// node_modules/@clerk does. It is served below ClerkFiles.
	ScriptDir string
	// Accounts is where Clerk's hosted pages are; empty for none.
	Accounts string
	// Addresses of the four steps: paths of ours, or other addresses.
	SignIn, SignUp, AfterSignIn, AfterSignUp string
}

// ClerkFiles is where Clerk's script is served from our own assets.
const ClerkFiles = "/clerk/"

// clerkToken is the session token that Clerk's cookies hold. A browser that has
// to go to Clerk first, or to load the page anew, is told so.
func (v *visit) clerkToken() (string, error) {
	found, err := v.web.access.FromClerkCookies(v.Request())
	for _, c := range found.Cookies {
		v.SetCookie(c)
	}
	if fault.Is(err, "identity_loop") && v.signingIn() {
		return "", nil // Clerk's script is on this page, and can find out what is wrong
	}
	if err != nil {
		return "", err
	}
	if found.Redirect != "" {
		v.Response().Header().Set("Cache-Control", "no-store")
		if err := v.Redirect(http.StatusTemporaryRedirect, found.Redirect); err != nil {
			return "", err
		}
		return "", errElsewhere
	}
	if found.Stale {
		if v.isHTMX() {
			v.Response().Header().Set("HX-Refresh", "true")
		}
		return "", fault.New(fault.Unauthenticated, "session_stale",
			"Your sign-in had to be renewed, so nothing was done. Load the page again and repeat.")
	}
	return found.Token, nil
}

// signingIn says that the page is one with Clerk's forms.
func (v *visit) signingIn() bool {
	return v.Request().URL.Path == "/sign-in" || v.Request().URL.Path == "/sign-up"
}

// stillSignedIn asks whether the session of whoever sends a form still is one. Who was
// signed out elsewhere a moment ago is so here from now on.
func (v *visit) stillSignedIn() error {
	err := v.web.access.Confirm(v.ctx(), v.who)
	if fault.From(err).Kind == fault.Unauthenticated {
		v.dropSession()
		return v.signedOut(true)
	}
	return err
}

// withClerk adds Clerk's script to the page, and Clerk's hosts to what the page
// may use. Forms says that Clerk's forms are on it, which need more.
func (v *visit) withClerk(forms bool, after string) {
	c := v.web.clerk
	nonce := rand.Text()
	v.Response().Header().Set("Content-Security-Policy", c.policy(nonce, forms))
	data := templ.Attributes{"nonce": nonce, "data-script": c.ScriptURL, "data-ui": c.UIURL, "data-key": c.PublishableKey,
		"data-sign-in": c.SignIn, "data-sign-up": c.SignUp, "data-after": after}
	if c.Proxied {
		data["data-proxy"] = c.FrontendAPI
	}
	v.frame.Scripts = []views.Script{{Src: static.URL("clerk.js"), Data: data}}
}

// clerkStyles are the two styles that Clerk's field for a code makes without the
// nonce, by their hashes: an empty one, which its script fills, and the blinking
// of a caret.
const clerkStyles = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-KQDhUccuEkZUQDnfbVDeY+ev2LZ+73AQR7ro4JppAY8='"

// policy is contentPolicy with Clerk's hosts. Its forms make styles as they run,
// which the nonce lets through, show pictures, and may ask for a proof that a
// person is there. What a form of ours leads to may begin with a handshake, and
// browsers hold that to form-action.
func (c *ClerkConfig) policy(nonce string, forms bool) string {
	scripts := "script-src 'self'" + c.hosts(c.ScriptURL, c.UIURL)
	connect := "connect-src 'self'" + c.hosts(c.FrontendAPI)
	styles, images, frames := "style-src 'self'", "img-src 'self' data:", "frame-src 'none'"
	if forms {
		scripts += " https://challenges.cloudflare.com https://*.protect.clerk.com"
		connect += " https://*.protect.clerk.com:*"
		styles += " 'nonce-" + nonce + "' " + clerkStyles
		images += " https://img.clerk.com"
		frames = "frame-src https://challenges.cloudflare.com https://*.protect.clerk.com"
	}
	return strings.Join([]string{"default-src 'none'", scripts, styles, images, connect, frames, "worker-src 'self' blob:",
		"form-action 'self'" + c.hosts(c.FrontendAPI, c.SignIn), "base-uri 'none'", "frame-ancestors 'none'"}, "; ")
}

// hosts are the origins of those addresses that are not paths of ours.
func (c *ClerkConfig) hosts(addresses ...string) (list string) {
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			continue
		}
		if origin := " " + u.Scheme + "://" + u.Host; !strings.Contains(list, origin) {
			list += origin
		}
	}
	return list
}

// clerkPages are the forms' addresses, where they are not the usual ones.
func (w *Web) clerkPages() (extra []page) {
	if w.clerk == nil {
		return nil
	}
	if path := w.clerk.SignIn; ours(path) && path != "/sign-in" {
		extra = append(extra, page{http.MethodGet, path, anybody, "", (*visit).signIn})
	}
	if path := w.clerk.SignUp; ours(path) && path != "/sign-up" {
		extra = append(extra, page{http.MethodGet, path, anybody, "", (*visit).signUp})
	}
	return extra
}

// clerkForm shows Clerk's form, or leads to where it is. What a person wanted
// to see is where they come out.
func (v *visit) clerkForm(signUp bool) error {
	c := v.web.clerk
	step, path, after, title := c.SignIn, "/sign-in", c.AfterSignIn, "Sign in"
	if signUp {
		step, path, after, title = c.SignUp, "/sign-up", c.AfterSignUp, "Sign up"
	}
	if next := v.QueryParam("next"); ours(next) {
		after = next
	}
	if v.who.Kind != "" {
		return v.redirect(after)
	}
	if !ours(step) {
		return v.Redirect(http.StatusSeeOther, v.web.comesBack(step, after))
	}
	form := views.ClerkForm{SignUp: signUp}
	if c.Accounts != "" {
		form.Hosted, form.Account = v.web.comesBack(c.Accounts+path, after), c.Accounts+"/user"
	}
	if v.refused != nil {
		form.Refused = fault.From(v.refused).Text
	}
	v.withClerk(true, after)
	return v.show(http.StatusOK, views.ClerkPage(v.titled(title), form))
}

// comesBack is an address of Clerk's that leads to one of ours at the end.
func (w *Web) comesBack(address, after string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "/" // checked at the start
	}
	if ours(after) {
		after = w.base.JoinPath("/").String() + strings.TrimPrefix(after, "/")
	}
	q := u.Query()
	q.Set("redirect_url", after)
	u.RawQuery = q.Encode()
	return u.String()
}

// mountClerk serves Clerk's script from our own assets.
func (w *Web) mountClerk(e *echo.Echo) {
	if w.clerk != nil && w.clerk.ScriptDir != "" {
		e.GET(ClerkFiles+"*", echo.WrapHandler(http.StripPrefix(ClerkFiles, ClerkScripts(w.clerk.ScriptDir))))
	}
}
