package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/getpurser/purser/internal/fault"
)

const maxIdempotencyKey = 255

// readKey is the step that takes the Idempotency-Key of a POST.
func (a *API) readKey(ctx huma.Context, next func(huma.Context)) {
	if ctx.Method() != http.MethodPost {
		next(ctx)
		return
	}
	given := humaecho.Unwrap(ctx).Request().Header.Values("Idempotency-Key")
	if len(given) > 0 {
		if len(given) > 1 || !validKey(given[0]) {
			a.refuseHuma(ctx, fault.BadField("header.Idempotency-Key", "invalid_idempotency_key",
				"An Idempotency-Key has 1 to %d printable ASCII characters.", maxIdempotencyKey))
			return
		}
		callOf(ctx.Context()).idempotencyKey = given[0]
	}
	next(ctx)
}

func validKey(k string) bool {
	if len(k) == 0 || len(k) > maxIdempotencyKey {
		return false
	}
	for i := range len(k) {
		if k[i] < 0x20 || k[i] > 0x7e {
			return false
		}
	}
	return true
}
