package api

import (
	"context"
	"net/http"
	"time"
)

// longest is how long an answer may be waited for, with time to send it.
const longest = 2 * time.Minute

// patient makes ready to wait or to stream: the request no longer counts as in
// flight, and it ends when the server begins to shut down.
func (a *API) patient(ctx context.Context, waits bool) (context.Context, context.CancelFunc) {
	if !waits {
		return ctx, func() {}
	}
	state := callOf(ctx)
	if state.release != nil {
		state.release()
	}
	state.allowTime(longest)
	ctx, cancel := context.WithCancel(ctx)
	if a.draining == nil {
		return ctx, cancel
	}
	done := make(chan struct{})
	go func() {
		select {
		case <-a.draining:
			cancel()
		case <-done:
		}
	}()
	return ctx, func() {
		close(done)
		cancel()
	}
}

// allowTime puts off the server's timeouts, which are for answers that come at
// once: the request has been read, and its answer has until then to be written.
// Not every connection can, and then the server's own hold.
func (c *call) allowTime(d time.Duration) {
	if c.writer == nil {
		return
	}
	connection := http.NewResponseController(c.writer)
	_ = connection.SetReadDeadline(time.Time{})
	_ = connection.SetWriteDeadline(time.Now().Add(d))
}
