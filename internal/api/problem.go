package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
)

// Problem is the one body of every error (RFC 9457).
type Problem struct {
	Type      string         `json:"type" format:"uri" doc:"A page that explains the code." example:"http://localhost:8080/problems/limit_exceeded"`
	Title     string         `json:"title" doc:"The code, for people. It is the same for every occurrence." example:"Not found"`
	Status    int            `json:"status" doc:"The HTTP status." example:"404"`
	Detail    string         `json:"detail" doc:"What is wrong this time, and what to do." example:"No such agent."`
	Code      string         `json:"code" doc:"Stable, for programs." example:"not_found"`
	RequestID string         `json:"request_id" doc:"The X-Request-Id of this answer, to be named to support." example:"req_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"Each part of the request that is wrong, where that is known."`

	retryAfter time.Duration
	allow      string
}

// FieldProblem names one bad part of a request.
type FieldProblem struct {
	Location string `json:"location" doc:"A path into the request." example:"body.rules[2].amount"`
	Code     string `json:"code" doc:"Stable, for programs." example:"amount_too_precise"`
	Message  string `json:"message" doc:"For people." example:"usd has at most two decimals."`
}

// Error makes a Problem an error that huma can be handed.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json, whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// statuses gives each kind of fault its HTTP status.
func status(k fault.Kind) int {
	switch k {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.NotAllowed:
		return http.StatusMethodNotAllowed
	case fault.Conflict:
		return http.StatusConflict
	case fault.Stale:
		return http.StatusPreconditionFailed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.MediaType:
		return http.StatusUnsupportedMediaType
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Face is what a caller may know of any error, and its HTTP status. Of an error
// that is not a fault it tells nothing but that it is ours.
func Face(err error) (*fault.Error, int) {
	f := fault.From(outOfTime(fromEcho(err)))
	return f, status(f.Kind)
}

// problem turns any error into what the caller may read. The text of an error
// that is not a fault stays in the log.
func (a *API) problem(id string, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	f, code := Face(err)
	p = &Problem{Status: code, Detail: f.Text, Code: f.Code, RequestID: id,
		Type: a.base + "/problems/" + f.Code, Title: title(f.Code), retryAfter: f.RetryAfter}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, FieldProblem(field))
	}
	return p
}

// title is a code as people write it.
func title(code string) string {
	words := strings.ReplaceAll(code, "_", " ")
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// headers puts on an answer what belongs to a problem beside its body.
func (p *Problem) headers(h http.Header) {
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="purser"`)
	}
}

// GetHeaders is the same for huma, which writes what a handler gives back.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.headers(h)
	return h
}

// fromEcho gives echo's own errors our codes.
func fromEcho(err error) error {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "not_found", "There is nothing at this address.").Because(err)
	case http.StatusMethodNotAllowed:
		return fault.New(fault.NotAllowed, "method_not_allowed", "This address does not take this method; Allow lists those it takes.").Because(err)
	case http.StatusRequestEntityTooLarge:
		return tooLarge()
	case http.StatusUnsupportedMediaType:
		return fault.New(fault.MediaType, "unsupported_media_type", "Send the body as application/json.").Because(err)
	case http.StatusTooManyRequests:
		return fault.New(fault.RateLimited, "rate_limited", "Too many requests.").Because(err)
	case http.StatusServiceUnavailable:
		return fault.New(fault.Unavailable, "unavailable", "Not available just now; try again.").After(time.Second).Because(err)
	case http.StatusBadRequest:
		return fault.New(fault.Malformed, "malformed_request", "The request cannot be read.").Because(err)
	}
	return err
}
