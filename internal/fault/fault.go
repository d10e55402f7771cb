// Package fault is the one error type that crosses package borders: a kind
// that doors map to a status, a stable code, a text the caller may read, and a
// cause that only logs see.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it is. A door turns it into a status.
type Kind int

// The kinds, with the HTTP status that the API gives each.
const (
	Internal        Kind = iota // 500: ours; its text never leaves the process
	Malformed                   // 400: the request cannot be read
	Unauthenticated             // 401: no credential, or one that does not hold
	Forbidden                   // 403: the credential may not do this
	NotFound                    // 404: unknown, malformed or another tenant's
	NotAllowed                  // 405: the method is not for this path
	Conflict                    // 409: the state does not permit it
	Stale                       // 412: If-Match names an older version
	TooLarge                    // 413
	MediaType                   // 415
	Invalid                     // 422: understood, but a rule is broken
	RateLimited                 // 429
	Unavailable                 // 503: outcome unknown or a dependency is down; retry
)

// Field names one bad part of a request and the rule that it breaks.
type Field struct {
	// Location is the JSON path or parameter, such as body.rules[2].when.
	Location string `json:"location"`
	// Code is stable and meant for programs.
	Code string `json:"code"`
	// Message is meant for people.
	Message string `json:"message"`
}

// Error is a failure with a public face and a private cause.
type Error struct {
	Kind Kind
	// Code is stable, snake_case, and part of the contract.
	Code string
	// Text is public: one sentence that says what is wrong and what to do.
	Text string
	// Fields lists what is wrong with the request, if that is known in parts.
	Fields []Field
	// RetryAfter, when positive, says how long a caller should wait.
	RetryAfter time.Duration
	cause      error
}

// New makes an error of a kind. The text is public.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Text: fmt.Sprintf(format, args...)}
}

// BadField is an Invalid error about one field.
func BadField(location, code, format string, args ...any) *Error {
	text := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Code: code, Text: location + ": " + text,
		Fields: []Field{{Location: location, Code: code, Message: text}}}
}

// Missing is the answer for an id that is unknown, malformed, or another
// tenant's: all three look the same from outside.
func Missing(what string) *Error {
	return New(NotFound, "not_found", "No such %s.", what)
}

// Because returns a copy that carries a private cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// After returns a copy that tells the caller when to retry.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Error is for logs: it includes the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Text + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Text
}

// Unwrap gives the private cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// From finds the *Error in err's chain. Anything else is Internal, with err as
// its cause and no text of its own.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Text: "Something went wrong on our side.", cause: err}
}

// Is reports whether err is a fault with this code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Join gathers the fields of several Invalid errors into one, so that a caller
// sees everything that is wrong at once. Nil errors are skipped; nil is
// returned when nothing is left.
func Join(errs ...*Error) *Error {
	var out *Error
	for _, e := range errs {
		switch {
		case e == nil:
		case out == nil:
			c := *e
			c.Fields = append([]Field(nil), e.Fields...)
			out = &c
		default:
			out.Fields = append(out.Fields, e.Fields...)
		}
	}
	return out
}
