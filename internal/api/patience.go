package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/getpurser/purser/internal/fault"
)

// longest is how long an answer may be waited for, with time to send it.
const longest = 2 * time.Minute

const (
	// decisionPatience bounds what somebody at a till waits for: those who ask
	// give up after two seconds.
	decisionPatience = 1400 * time.Millisecond
	// usualPatience bounds everything else that is answered in one piece. It
	// lies above what one statement may take.
	usualPatience = 40 * time.Second
)

// patienceOf is how long an operation may take on our side; zero is without
// end, for what grows with a company's history.
func (a *API) patienceOf(operation string) time.Duration {
	switch operation {
	case "authorize", "confirmAuthorization", "voidAuthorization", "redeemToken", "approve", "deny",
		"getAuthorization", "getBudget":
		return a.decisionPatience
	case "simulatePolicy", "createPolicy", "replacePolicy", "updateCompany", "listEvents", "verifyLog", "followEvents":
		return 0
	}
	return usualPatience
}

// hurry is the step that bounds an operation, from its headers to its answer.
// Whatever waits for the database then is answered 503.
func (a *API) hurry(ctx huma.Context, next func(huma.Context)) {
	limit, state := a.patienceOf(ctx.Operation().OperationID), callOf(ctx.Context())
	state.unhurried = ctx.Context()
	if limit == 0 {
		next(ctx)
		return
	}
	state.deadline = time.Now().Add(limit)
	defer func() { state.stop() }()
	state.bound(ctx)
	next(ctx)
}

// bound gives what follows the call's deadline.
func (c *call) bound(ctx huma.Context) {
	bounded, stop := context.WithDeadline(c.unhurried, c.deadline)
	c.stop = stop
	e := humaecho.Unwrap(ctx)
	e.SetRequest(e.Request().WithContext(bounded))
}

// forgive gives an operation back the time that its caller took to send the
// body, unless it is next to nothing.
func (c *call) forgive(ctx huma.Context, took time.Duration) {
	if took < 10*time.Millisecond || c.deadline.IsZero() {
		return
	}
	c.stop()
	c.deadline = c.deadline.Add(took)
	c.bound(ctx)
}

// outOfTime is what a deadline of ours means to the caller.
func outOfTime(err error) error {
	var known *fault.Error
	if errors.As(err, &known) || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.New(fault.Unavailable, "overloaded", "This could not be answered in time: try again.").After(time.Second).Because(err)
}

// patient makes ready to wait or to stream: the request no longer counts as in
// flight, its operation's bound is lifted, and it ends when the server begins to
// shut down.
func (a *API) patient(ctx context.Context, waits bool) (context.Context, context.CancelFunc) {
	if !waits {
		return ctx, func() {}
	}
	state := callOf(ctx)
	if state.release != nil {
		state.release()
	}
	state.allowTime(longest)
	if state.unhurried != nil {
		ctx = state.unhurried
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
