package access

import (
	"github.com/labstack/echo/v4"
)

// Middleware is the echo middleware: it finds the principal, or hands the
// fault on, and leaves the principal in the request's context for From.
func (a *Access) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		p, err := a.FromRequest(r)
		if err != nil {
			return err
		}
		c.SetRequest(r.WithContext(With(r.Context(), p)))
		return next(c)
	}
}
