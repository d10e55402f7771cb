package api

import (
	"bytes"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// mailPage shows the mailbox. A mail's HTML is shown as a mail program would,
// in a frame that can do nothing.
var mailPage = template.Must(template.New("mail").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Development mailbox</title></head>
<body>
<h1>Development mailbox</h1>
{{range .}}<article>
<h2>{{.Subject}}</h2>
<p>To {{.To}}, {{.At}}</p>
<iframe title="{{.Subject}}" sandbox="allow-popups allow-top-navigation-by-user-activation" srcdoc="{{.HTML}}" width="640" height="360"></iframe>
<pre>{{.Text}}</pre>
</article>
{{else}}<p>No mail yet.</p>
{{end}}</body>
</html>
`))

// mailPolicy lets the mails bring the styles that mails have.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// serveMailbox puts the development mailbox on echo, if there is one. It
// answers only who sits at the machine: a loopback peer that names a loopback
// host, so that no web page elsewhere can read it through a browser.
func (a *API) serveMailbox(e *echo.Echo) {
	base, err := url.Parse(a.base)
	if a.mailbox == nil || err != nil || !loopbackHost(base.Host) {
		return
	}
	get := []string{http.MethodGet, http.MethodHead}
	e.Match(get, "/dev/mail.json", atTheMachine(func(c echo.Context) error {
		body, err := a.mailbox.JSON()
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "application/json", body)
	}))
	e.Match(get, "/dev/mail", atTheMachine(func(c echo.Context) error {
		var page bytes.Buffer
		if err := mailPage.Execute(&page, a.mailbox.Items()); err != nil {
			return err
		}
		c.Response().Header().Set("Content-Security-Policy", mailPolicy)
		return c.HTMLBlob(http.StatusOK, page.Bytes())
	}))
}

func atTheMachine(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !loopbackPeer(r.RemoteAddr) || !loopbackHost(r.Host) || forwarded(r.Header) {
			return echo.ErrNotFound
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}

// forwarded says that a proxy speaks for somebody else.
func forwarded(h http.Header) bool {
	return h.Get("X-Forwarded-For") != "" || h.Get("Forwarded") != ""
}

func loopbackPeer(remote string) bool {
	addr, err := netip.ParseAddrPort(remote)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
