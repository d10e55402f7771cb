package api

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/getpurser/purser/internal/fault"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// emptyObject is what an absent body equals.
var emptyObject = []byte("{}")

// readBody is the step that takes a body strictly: its type, its size, its
// syntax, its shape by the operation's schema, and what its Go types demand.
// What it lets pass, huma decodes without finding fault.
func (a *API) readBody(ctx huma.Context, next func(huma.Context)) {
	if m := ctx.Method(); m != http.MethodPost && m != http.MethodPut && m != http.MethodPatch {
		next(ctx)
		return
	}
	text, err := a.takeBody(ctx)
	if err != nil {
		a.refuseHuma(ctx, err)
		return
	}
	r := humaecho.Unwrap(ctx).Request()
	r.Header.Set("Content-Type", "application/json")
	r.Body = io.NopCloser(bytes.NewReader(text))
	next(ctx)
}

func (a *API) takeBody(ctx huma.Context) ([]byte, error) {
	op, state, start := ctx.Operation(), callOf(ctx.Context()), time.Now()
	e := humaecho.Unwrap(ctx)
	text, err := slurp(e.Response(), e.Request())
	if err != nil {
		return nil, err
	}
	state.forgive(ctx, time.Since(start))
	if len(text) == 0 {
		doc, err := parse(emptyObject)
		state.hash = doc.hash
		if op.RequestBody != nil && op.RequestBody.Required && err == nil {
			err = fault.New(fault.Malformed, "body_required", "This needs a JSON body.")
		}
		return nil, err
	}
	if err := mediaType(ctx); err != nil {
		return nil, err
	}
	doc, err := parse(text)
	if err != nil {
		return nil, err
	}
	state.hash = doc.hash
	if err := a.validate(op, doc); err != nil {
		return nil, err
	}
	if t, ok := op.Metadata[bodyOf].(reflect.Type); ok {
		state.body = reflect.New(t).Interface()
		return text, decode(text, state.body)
	}
	return nil, nil
}

// bodyOf is where an operation's metadata has the Go type of its body.
const bodyOf = "body"

// slurp reads the whole body, at most maxBody, whether its length was
// announced or not. White space alone is no body.
func slurp(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, tooLong(w, r)
	}
	text, err := readAll(r)
	switch {
	case len(text) > maxBody:
		return nil, tooLong(w, r)
	case err != nil:
		return nil, fault.New(fault.Malformed, "body_unreadable", "The body broke off.").Because(err)
	case len(bytes.TrimLeft(text, " \t\r\n")) == 0:
		return nil, nil
	}
	return text, nil
}

const (
	// mostDrained is how much of a body that is too long is taken from the network
	// all the same, in bytes, and drainPatience how long that may take.
	mostDrained   = 8 << 20
	drainPatience = time.Second
)

// tooLong refuses a body. A client that listens only when it has sent everything,
// on a connection that ends with the answer, would not hear why if nobody took
// what it sends. Of one that announces more than is taken, nothing is.
func tooLong(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength <= mostDrained && http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainPatience)) == nil {
		_, _ = io.CopyN(io.Discard, r.Body, mostDrained) // whatever comes
	}
	return tooLarge()
}

// small is up to which length, in bytes, a body's room is made before it comes.
// For more, room grows with what has come: to announce much costs the caller nothing.
const small = 16 << 10

// readAll reads at most one byte too many, in one piece where a small length was
// announced.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > small {
		return io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	}
	text := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, text)
	return text, err
}

// mediaType admits JSON, and what `curl -d` calls its bodies when the call
// carries a credential: a form that a web page sends carries none.
func mediaType(ctx huma.Context) error {
	given := ctx.Header("Content-Type")
	if ctx.Header("Content-Encoding") == "" && (given == "application/json" || isMedia(given, hasCredential(ctx))) {
		return nil
	}
	return fault.New(fault.MediaType, "unsupported_media_type", "Send the body as application/json, in UTF-8 and not compressed.")
}

func isMedia(given string, form bool) bool {
	name, params, err := mime.ParseMediaType(given)
	if err != nil {
		return false
	}
	for p, v := range params {
		if p != "charset" || !strings.EqualFold(v, "utf-8") {
			return false
		}
	}
	return name == "application/json" || name == "application/x-www-form-urlencoded" && form
}

// validate holds a body against its operation's schema. An operation without a
// body takes an empty object.
func (a *API) validate(op *huma.Operation, doc document) error {
	schema := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}
	if op.RequestBody != nil {
		schema = op.RequestBody.Content["application/json"].Schema
	}
	path, result := huma.NewPathBuffer(make([]byte, 0, 128), 0), &huma.ValidateResult{}
	path.Push("body")
	schemas := a.huma.OpenAPI().Components.Schemas
	huma.Validate(schemas, schema, path, huma.ModeWriteToServer, doc.value, result)
	switch {
	case len(result.Errors) > 0:
		return invalid(result.Errors)
	case doc.nulls:
		return checkNulls(schemas, schema, "body", doc.value)
	}
	return nil
}
