package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
)

// serveHealth says whether the process lives (/healthz: if not, restart it) and
// whether it can do its work (/readyz: if not, send nobody here).
func serveHealth(e *echo.Echo, h house) {
	e.GET("/healthz", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
	})
	e.GET("/readyz", func(c echo.Context) error {
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

// statuses of the kinds of fault that health can give.
var problemStatus = map[fault.Kind]int{fault.Unavailable: http.StatusServiceUnavailable}

// writeProblem answers an error as RFC 9457 says.
func writeProblem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	f, status := fault.From(err), http.StatusInternalServerError
	var routing *echo.HTTPError
	if errors.As(err, &routing) {
		status = routing.Code
		f = fault.New(fault.NotFound, "not_found", "%s", http.StatusText(status))
	} else if known, ok := problemStatus[f.Kind]; ok {
		status = known
	}
	if f.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	_ = c.JSON(status, map[string]any{"type": "about:blank", "title": http.StatusText(status),
		"status": status, "detail": f.Text, "code": f.Code}) // the caller has gone if it fails
}
