package main

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
)

// serveHealth says whether the process lives (/healthz: if not, restart it) and
// whether it can do its work (/readyz: if not, send nobody here).
func serveHealth(e *echo.Echo, h house) {
	get := []string{http.MethodGet, http.MethodHead} // some probes ask with HEAD
	e.Match(get, "/healthz", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
	})
	e.Match(get, "/readyz", func(c echo.Context) error {
		select {
		case <-h.draining:
			return fault.New(fault.Unavailable, "shutting_down", "The server is shutting down.").After(time.Second)
		default:
		}
		ctx, cancel := context.WithTimeout(c.Request().Context(), time.Second)
		defer cancel()
		var one int
		if err := h.pool.QueryRow(ctx, "SELECT 1").Scan(&one); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
	})
}
