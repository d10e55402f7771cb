package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// jwksAge is how long verifiers may keep the key set. New keys are shown well
// before they sign.
const jwksAge = "public, max-age=300"

// serveKeys publishes the keys that tokens are verified with.
func (a *API) serveKeys(e *echo.Echo) {
	e.Match([]string{http.MethodGet, http.MethodHead}, "/.well-known/jwks.json", func(c echo.Context) error {
		body, tag := a.keys.JWKS()
		h := c.Response().Header()
		h.Set("Cache-Control", jwksAge)
		h.Set("ETag", tag)
		h.Set("Access-Control-Allow-Origin", "*") // public keys, for everybody
		if matches(c.Request().Header.Get("If-None-Match"), tag) {
			return c.NoContent(http.StatusNotModified)
		}
		return c.Blob(http.StatusOK, "application/jwk-set+json", body)
	})
}
