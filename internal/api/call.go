package api

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/ident"
)

// call is what is known about the request under way. The outermost middleware
// makes it, and the later steps add to it.
type call struct {
	// id is answered as X-Request-Id.
	id string
	// api is the server that answers; nil until an operation is known.
	api *API
	// hash is equal for bodies that are equal as JSON values.
	hash [32]byte
	// body is the Go value of the body, a pointer; nil without one.
	body any
	// release ends the request's part in what is in flight. A handler that
	// begins to wait or to stream calls it.
	release func()
	// unhurried is the request's context without the bound of its operation,
	// deadline the bound, and stop ends its timer.
	unhurried context.Context
	deadline  time.Time
	stop      context.CancelFunc
	// writer is where the answer goes.
	writer http.ResponseWriter
	// operation is the OpenAPI id of what is called; empty outside the API.
	operation string
	// method and path are the request's; the path has its ids and no query.
	method, path string
	// query is the filters of a list: what a cursor is bound to.
	query string
	// client is the address that the request came from, as access sees it.
	client string
	// personal says that the operation is a person's own, whatever company its
	// session has.
	personal bool
	// idempotencyKey is the header of that name.
	idempotencyKey string
	caller
}

type callKey struct{}

// callOf gives the request under way; an empty one where there is none.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// meaning is equal for requests that ask the same: the body, and the agent
// that a header names beside it.
func (c *call) meaning() [32]byte {
	if c.agent == nil {
		return c.hash
	}
	return sha256.Sum256(append(c.hash[:], c.agent[:]...))
}

// hasCredential says whether the request brings a key or a bearer token, valid
// or not.
func hasCredential(ctx huma.Context) bool {
	return ctx.Header("X-API-Key") != "" || ctx.Header("Authorization") != ""
}

// requestID takes the caller's id if it is harmless, else makes one.
func requestID(given string) string {
	if sane(given) {
		return given
	}
	return ident.Format("req", ident.New())
}

// sane admits what cannot break a log line or a header.
func sane(id string) bool {
	if len(id) == 0 || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
