package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/getpurser/purser/internal/fault"
)

// teachHuma replaces the settings that huma keeps for the whole process: names
// match by case, lists are never null, and its errors are ours. It runs once.
var teachHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return (&API{}).problem("", fromHuma(status, message, errs))
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		state := callOf(ctx.Context())
		if state.api == nil {
			return huma.NewError(status, message, errs...)
		}
		err := fromHuma(status, message, errs)
		p := state.api.problem(state.id, err)
		state.api.note(ctx.Context(), p, err)
		return p
	}
})

// fromHuma gives huma's errors our codes. A handler's own fault is among errs
// and is kept.
func fromHuma(status int, message string, errs []error) error {
	for _, err := range errs {
		var f *fault.Error
		if errors.As(err, &f) {
			return f
		}
	}
	switch status {
	case http.StatusUnprocessableEntity:
		return invalid(errs)
	case http.StatusBadRequest:
		return fault.New(fault.Malformed, "malformed_request", "The request cannot be read.").Because(errors.Join(errs...))
	case http.StatusRequestEntityTooLarge:
		return tooLarge()
	case http.StatusRequestTimeout:
		return fault.New(fault.Malformed, "body_unreadable", "The body took too long.")
	}
	return fmt.Errorf("%s: %w", message, errors.Join(errs...))
}

// invalid gathers what a schema refused. No value of the request is repeated.
func invalid(errs []error) *fault.Error {
	e := fault.New(fault.Invalid, "validation_failed", "The request breaks %d rules; errors names each.", len(errs))
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if !errors.As(err, &detail) {
			continue
		}
		e.Fields = append(e.Fields, readable(detail))
	}
	slices.SortStableFunc(e.Fields, func(x, y fault.Field) int { return strings.Compare(x.Location, y.Location) })
	if len(e.Fields) == 0 {
		return e
	}
	first := e.Fields[0]
	if !slices.ContainsFunc(e.Fields, func(f fault.Field) bool { return f.Code != first.Code }) {
		e.Code = first.Code
	}
	if len(e.Fields) == 1 {
		e.Text = first.Location + ": " + first.Message
	}
	return e
}

// readable gives one of huma's findings a code, and a missing field its place.
func readable(d *huma.ErrorDetail) fault.Field {
	f := fault.Field{Location: d.Location, Code: "invalid_value", Message: sentence(d.Message)}
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, isMissing := strings.CutPrefix(d.Message, before)
	switch {
	case isMissing && strings.HasSuffix(name, after):
		f.Location += "." + strings.TrimSuffix(name, after)
		f.Code, f.Message = "field_required", "This field is required."
	case strings.HasPrefix(d.Message, "required "):
		f.Code, f.Message = "parameter_required", "This parameter is required."
	case d.Message == validation.MsgUnexpectedProperty:
		f.Code, f.Message = "unknown_field", "There is no such field."
	case d.Message == validation.MsgExpectedMatchExactlyOneSchema:
		f.Code, f.Message = "wrong_type", "Expected an amount: a number or a decimal string."
	case isTypeMessage(d.Message):
		f.Code = "wrong_type"
	case strings.HasPrefix(d.Message, "invalid integer"), strings.HasPrefix(d.Message, "invalid boolean"):
		f.Code = "wrong_type"
	}
	return f
}

func isTypeMessage(m string) bool {
	return slices.Contains([]string{validation.MsgExpectedBoolean, validation.MsgExpectedNumber, validation.MsgExpectedInteger,
		validation.MsgExpectedString, validation.MsgExpectedArray, validation.MsgExpectedObject}, m)
}

// sentence makes huma's notes sentences. What huma quotes of its own parsers
// after a colon can hold the value, and is cut.
func sentence(m string) string {
	for _, noisy := range []string{"expected string to be RFC", "expected string to be regex", "expected duration"} {
		if strings.HasPrefix(m, noisy) {
			m, _, _ = strings.Cut(m, ":")
		}
	}
	if m == "" {
		return "This value does not fit."
	}
	return strings.ToUpper(m[:1]) + m[1:] + "."
}
