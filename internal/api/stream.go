package api

import (
	"context"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"golang.org/x/mod/sumdb/tlog"
)

// streamed is an answer that is written piece by piece.
type streamed struct {
	Body func(huma.Context)
}

// whole is an answer of an operation that can also stream, at once. Replayed
// is not empty for a stored one.
func whole(v any, replayed string) (*streamed, error) {
	body, err := encode(v)
	return &streamed{func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		if replayed != "" {
			ctx.SetHeader("Idempotent-Replayed", replayed)
		}
		ctx.SetStatus(http.StatusOK)
		_, _ = ctx.BodyWriter().Write(body) // nobody is left to tell
	}}, err
}

// stream makes an answer that write writes. What goes wrong before the first
// byte is a problem; after it the connection is broken, so that half an answer
// cannot be taken for a whole one.
func (a *API) stream(contentType string, write func(context.Context, *flusher) error) *streamed {
	return &streamed{func(hctx huma.Context) {
		c := humaecho.Unwrap(hctx)
		ctx, stop := a.patient(hctx.Context(), true)
		defer stop()
		w := &flusher{c: c, contentType: contentType}
		err := write(ctx, w)
		switch {
		case err == nil:
			w.begin()
		case !w.begun:
			a.refuseHuma(hctx, a.fail(hctx.Context(), err))
		default:
			a.log.WarnContext(ctx, "a stream broke off", "request_id", callOf(ctx).id, "error", err)
			panic(http.ErrAbortHandler)
		}
	}}
}

// slowReader is how long a reader may take for one piece.
const slowReader = time.Minute

// flusher writes an answer whose headers go with the first byte.
type flusher struct {
	c           echo.Context
	contentType string
	begun       bool
}

func (f *flusher) begin() {
	if f.begun {
		return
	}
	f.begun = true
	f.c.Response().Header().Set("Content-Type", f.contentType)
	f.extend()
	f.c.Response().WriteHeader(http.StatusOK)
}

// extend gives the reader time for the next piece, whatever the server's
// timeout for whole answers is.
func (f *flusher) extend() {
	callOf(f.c.Request().Context()).allowTime(slowReader)
}

// Write sends a piece.
func (f *flusher) Write(b []byte) (int, error) {
	f.begin()
	return f.c.Response().Write(b)
}

// Flush hands on what was written.
func (f *flusher) Flush() {
	f.begin()
	f.extend()
	f.c.Response().Flush()
}

// positionBytes is a position of the audit log in a cursor.
func positionBytes(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// beforePosition opens a cursor of the audit log.
func (a *API) beforePosition(ctx context.Context, p Paging) (*int64, error) {
	b, err := a.after(ctx, p)
	if err != nil || b == nil {
		return nil, err
	}
	if len(b) != 8 {
		return nil, badCursor()
	}
	n := int64(binary.BigEndian.Uint64(b))
	return &n, nil
}

func hashTexts(hashes []tlog.Hash) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = h.String()
	}
	return out
}
