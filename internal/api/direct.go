package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// directOf is where an operation's metadata has what serves it directly.
const directOf = "direct"

// direct is the last step. Huma binds a request and writes an answer by
// reflection, and reads the body for another time; what is asked most has a
// body alone, which was read and checked by then, and an answer that is written
// already. Huma only describes it.
func (a *API) direct(ctx huma.Context, next func(huma.Context)) {
	serve, ok := ctx.Operation().Metadata[directOf].(func(*API, echo.Context))
	if !ok {
		next(ctx)
		return
	}
	serve(a, humaecho.Unwrap(ctx))
}

// directly makes a handler of a body into one that is served directly.
func directly[B, R any](h func(context.Context, *B) (*effected[R], error)) func(*API, echo.Context) {
	return func(a *API, c echo.Context) {
		ctx := c.Request().Context()
		body, ok := callOf(ctx).body.(*B)
		if !ok {
			body = new(B) // there was none, and none is needed
		}
		out, err := h(ctx, body)
		if err != nil {
			a.answerProblem(c, a.fail(ctx, err))
			return
		}
		if err := out.write(c.Response()); err != nil {
			a.left(c, err)
		}
	}
}

// write answers in one piece, with its length.
func (e *effected[B]) write(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(e.Body.size()))
	if e.ETag != "" {
		h.Set("ETag", e.ETag)
	}
	if e.Replayed != "" {
		h.Set("Idempotent-Replayed", e.Replayed)
	}
	w.WriteHeader(e.Status)
	return e.Body.writeTo(w)
}
