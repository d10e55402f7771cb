package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Deprecation announces that an operation, or a field of its answers, will go.
// The code that marks it is what sends the headers of RFC 9745 and RFC 8594
// and marks the OpenAPI document.
type Deprecation struct {
	// Since is when it was announced.
	Since time.Time
	// Sunset is when it stops, at least twelve months after Since.
	Sunset time.Time
	// Link is where the replacement is described.
	Link string
}

// notice is the shortest time between an announcement and its sunset.
const notice = 12

const deprecationOf = "deprecation"

// valid says whether callers get the twelve months that they were promised.
func (d Deprecation) valid() bool {
	return !d.Since.IsZero() && !d.Sunset.Before(d.Since.AddDate(0, notice, 0))
}

// announce is the step that tells callers of a deprecated operation.
func announce(ctx huma.Context, next func(huma.Context)) {
	if d, ok := ctx.Operation().Metadata[deprecationOf].(Deprecation); ok {
		ctx.SetHeader("Deprecation", "@"+strconv.FormatInt(d.Since.Unix(), 10))
		ctx.SetHeader("Sunset", d.Sunset.UTC().Format(http.TimeFormat))
		if d.Link != "" {
			ctx.AppendHeader("Link", `<`+d.Link+`>; rel="deprecation"`)
		}
	}
	next(ctx)
}
