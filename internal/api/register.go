package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/fault"
)

// reply is an answer with a body.
type reply[B any] struct{ Body B }

// etagged is an answer with a body that has versions.
type etagged[B any] struct {
	ETag string `header:"ETag" doc:"The version, for If-Match." example:"\"v3\""`
	Body B
}

// nothing is an answer without a body.
type nothing struct{}

// handle registers an operation whose handler has no effect, or one that may
// happen twice. Effects of a POST go through effect.
func handle[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	g := a.prepare(&op, reflect.TypeFor[I]())
	defer documentHeaders(&op, g) // once huma has listed the answers
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, a.fail(ctx, err)
		}
		return out, nil
	})
}

// fail turns a handler's error into the problem that is written.
func (a *API) fail(ctx context.Context, err error) *Problem {
	state := callOf(ctx)
	p := a.problem(state.id, err)
	p.root(state.method)
	a.note(ctx, p, err)
	return p
}

// root says where in the request the fields are that a feature named: it knows
// fields, not bodies and queries.
func (p *Problem) root(method string) {
	part := "body."
	if method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete {
		part = "query."
	}
	for i, f := range p.Errors {
		name, _, _ := strings.Cut(f.Location, ".")
		if slices.Contains([]string{"body", "query", "path", "header"}, name) {
			continue
		}
		p.Errors[i].Location = part + f.Location
		if rest, ok := strings.CutPrefix(p.Detail, f.Location+": "); ok {
			p.Detail = part + f.Location + ": " + rest
		}
	}
}

// prepare completes an operation with what all have: who may call it, the
// strict steps, and every error it can answer.
func (a *API) prepare(op *huma.Operation, input reflect.Type) gate {
	g, ok := gates()[op.OperationID]
	if !ok {
		g, ok = a.testGates[op.OperationID]
	}
	if !ok {
		panic(fmt.Sprintf("api: nobody said who may call %q", op.OperationID))
	}
	if op.Metadata == nil {
		op.Metadata = map[string]any{}
	}
	op.Metadata[gateOf] = g
	if f, ok := input.FieldByName("Body"); ok {
		op.Metadata[bodyOf] = indirect(f.Type)
	}
	op.SkipValidateBody = true // readBody has done it, and better
	op.MaxBodyBytes = maxBody + 1
	op.BodyReadTimeout = -1 // the body is in memory by then
	op.Security = g.security()
	op.Errors = append(op.Errors, errorsOf(op, g)...)
	slices.Sort(op.Errors)
	op.Errors = slices.Compact(op.Errors)
	if d, ok := a.deprecations[op.OperationID]; ok {
		op.Metadata[deprecationOf], op.Deprecated = d, true
	}
	if op.Description == "" {
		op.Description = descriptions()[op.OperationID]
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	commonParameters(op, g)
	return g
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// errorsOf lists the statuses that an operation can answer for what it is.
func errorsOf(op *huma.Operation, g gate) []int {
	out := []int{http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests}
	if !g.public {
		// Not found can be what the address names, or X-Agent-Id or X-Company-Id.
		out = append(out, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound)
	}
	switch op.Method {
	case http.MethodPost:
		out = append(out, http.StatusConflict, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	case http.MethodPut, http.MethodPatch:
		out = append(out, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	default:
		out = append(out, http.StatusBadRequest)
	}
	return out
}

// missing is the answer for an id that names nothing here.
func missing(what string) error { return fault.Missing(what) }
