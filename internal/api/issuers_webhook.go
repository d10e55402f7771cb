package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// serveStripe is the door that Stripe knocks at. It takes no key of ours: what
// Stripe has signed is believed, and nothing else. The signature is of the body
// as it came, so it is read whole, and no step before has touched it.
func (a *API) serveStripe(e *echo.Echo) {
	e.POST("/v1/stripe/:connection/webhook", func(c echo.Context) error {
		r := c.Request()
		body, err := slurp(c.Response(), r)
		if err != nil {
			return err
		}
		answer, err := a.stripe.Receive(r.Context(), c.Param("connection"), r.Header.Get("Stripe-Signature"), body)
		if err != nil {
			return err
		}
		c.Response().Header().Set("Stripe-Version", answer.Version)
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.Blob(http.StatusOK, "application/json", answer.Body)
	})
}
