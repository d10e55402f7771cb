package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
)

// encode writes an answer: maps in a fixed order, nothing escaped for HTML, no
// null where a list is empty.
func encode(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), jsontext.EscapeForHTML(false))
}

// HTTPErrorHandler answers what no handler answered: unknown addresses,
// methods, panics. It is the echo error handler of every address; other has
// the last word on those that are pages.
func (a *API) HTTPErrorHandler(other echo.HTTPErrorHandler) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if !isAPI(c.Request().URL.Path) && other != nil {
			other(err, c)
			return
		}
		if !c.Response().Committed {
			a.refuse(c, err)
		}
	}
}

// refuse writes err as a problem.
func (a *API) refuse(c echo.Context, err error) {
	ctx := c.Request().Context()
	p := a.problem(callOf(ctx).id, err)
	a.note(ctx, p, err)
	a.answerProblem(c, p)
}

func (a *API) answerProblem(c echo.Context, p *Problem) {
	p.headers(c.Response().Header())
	body, encodeErr := encode(p)
	if encodeErr != nil {
		c.Response().WriteHeader(http.StatusInternalServerError)
		return
	}
	if err := c.Blob(p.Status, problemType, body); err != nil {
		a.left(c, err)
	}
}

func (a *API) left(c echo.Context, err error) {
	a.log.DebugContext(c.Request().Context(), "the caller left before the answer", "error", err)
}

// refuseHuma is refuse for huma's middleware.
func (a *API) refuseHuma(ctx huma.Context, err error) {
	c := humaecho.Unwrap(ctx)
	if ctx.Context() != c.Request().Context() {
		c.SetRequest(c.Request().WithContext(ctx.Context()))
	}
	a.refuse(c, err)
}

// note writes the cause of what is our fault into the log, where alone it may
// be read.
func (a *API) note(ctx context.Context, p *Problem, err error) {
	switch {
	case p.Status < http.StatusInternalServerError:
	case errors.Is(err, context.Canceled):
		a.log.InfoContext(ctx, "the caller left", "request_id", p.RequestID)
	default:
		level := slog.LevelError
		if p.Status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		a.log.Log(ctx, level, "request failed", "request_id", p.RequestID, "code", p.Code, "error", err)
	}
}

func tooLarge() *fault.Error {
	return fault.New(fault.TooLarge, "body_too_large", "A body may have at most 1 MiB.")
}
