package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// serveProblems answers the addresses that problems carry as their type.
func (a *API) serveProblems(e *echo.Echo) {
	meanings := codes()
	e.Match([]string{http.MethodGet, http.MethodHead}, "/problems/:code", func(c echo.Context) error {
		code := c.Param("code")
		meaning, ok := meanings[code]
		if !ok {
			return echo.ErrNotFound
		}
		return c.String(http.StatusOK, title(code)+"\n\n"+meaning+"\n\nThe API: "+a.base+"/swagger-ui.html\n")
	})
}
