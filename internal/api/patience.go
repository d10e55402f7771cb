package api

import "context"

// patient makes ready to wait or to stream: the request no longer counts as in
// flight, and it ends when the server begins to shut down.
func (a *API) patient(ctx context.Context, waits bool) (context.Context, context.CancelFunc) {
	if !waits {
		return ctx, func() {}
	}
	if release := callOf(ctx).release; release != nil {
		release()
	}
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
