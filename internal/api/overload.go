package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// shed is the step that refuses new spending which the gate would not get to in
// time, before its body is read and its agent looked for: what a refusal costs
// is taken from those who are served. Whoever holds an authorization already may
// always try to end it.
func shed(crowded func(ident.Tenant) bool) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		state := callOf(ctx.Context())
		if state.operation == "authorize" && crowded(state.Tenant) {
			state.api.refuseHuma(ctx, fault.New(fault.Unavailable, "overloaded", "Too many requests are waiting: try again.").After(time.Second))
			return
		}
		next(ctx)
	}
}
