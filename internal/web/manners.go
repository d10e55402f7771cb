package web

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/static"
)

// formBytes bounds a form.
const formBytes = 1 << 20

// contentPolicy lets pages use what we serve and nothing else.
var contentPolicy = strings.Join([]string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
	"connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"}, "; ")

// manners is what every page has in common beside who may see it.
func (w *Web) manners() []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{pack, w.guard}
}

// pack compresses answers, those about errors too: they are made in here, since
// what packs is gone once it returns.
func pack(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		plain := c.Response()
		defer c.SetResponse(plain)
		gzhttp.GzipHandler(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			c.SetResponse(echo.NewResponse(rw, c.Echo()))
			if err := next(c); err != nil {
				c.Error(err)
			}
		})).ServeHTTP(plain, c.Request())
		return nil
	}
}

// guard sets the headers of pages, and refuses a form that another site sent.
func (w *Web) guard(next echo.HandlerFunc) echo.HandlerFunc {
	foreign := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Referrer-Policy", "same-origin")
		c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, formBytes)
		if err := foreign.Check(c.Request()); err != nil {
			return fault.New(fault.Forbidden, "foreign_form", "The form came from another site, so nothing was done.").Because(err)
		}
		return next(c)
	}
}

func (w *Web) mountFiles(e *echo.Echo) {
	e.GET(static.Root+"*", echo.WrapHandler(static.Handler()))
}
