package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/once"
)

// effected is the answer of an operation that has an effect once.
type effected[B any] struct {
	Status   int
	ETag     string `header:"ETag" doc:"The version, where the answer is one thing that has versions."`
	Replayed string `header:"Idempotent-Replayed" doc:"true when this is a stored answer."`
	Body     payload[B]
}

// payload is a B that is already written: raw, or the pieces of one that are
// only put together on their way out.
type payload[B any] struct {
	raw    json.RawMessage
	pieces [][]byte
}

// Schema is B's.
func (payload[B]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[B](), true, "")
}

// MarshalJSON gives what was written.
func (p payload[B]) MarshalJSON() ([]byte, error) {
	if p.pieces != nil {
		return bytes.Join(p.pieces, nil), nil
	}
	return p.raw, nil
}

func (p payload[B]) writeTo(w io.Writer) (err error) {
	if p.pieces == nil {
		_, err = w.Write(p.raw)
	}
	for i := 0; i < len(p.pieces) && err == nil; i++ {
		_, err = w.Write(p.pieces[i])
	}
	return err
}

func (p payload[B]) size() int {
	n := len(p.raw)
	for _, piece := range p.pieces {
		n += len(piece)
	}
	return n
}

// secretive answers hold something that is shown only once.
type secretive interface {
	// stored is the answer without it.
	stored() any
}

// versioned marks answers whose field version is their ETag.
type versioned interface{ versioned() }

// etagOf reads the version from an answer, new or stored.
func etagOf(answer []byte) (string, error) {
	var v struct{ Version int }
	err := json.Unmarshal(answer, &v)
	return etag(v.Version), err
}

// effect registers an operation with an effect. The handler works in a
// transaction which, when the request has an Idempotency-Key, also stores the
// answer.
func effect[I, B any](a *API, op huma.Operation, h func(context.Context, pgx.Tx, *I) (B, error)) {
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusOK
	}
	handle(a, op, func(ctx context.Context, in *I) (*effected[B], error) {
		return run(ctx, a, op.DefaultStatus, func(ctx context.Context, tx pgx.Tx) (B, error) { return h(ctx, tx, in) })
	})
}

// run answers with what fn gives, or with what it gave to the same
// Idempotency-Key before.
func run[B any](ctx context.Context, a *API, status int, fn func(context.Context, pgx.Tx) (B, error)) (*effected[B], error) {
	var shown B
	answer, replayed, err := a.once(ctx, status, func(ctx context.Context, tx pgx.Tx) (any, error) {
		var err error
		shown, err = fn(ctx, tx)
		return shown, err
	})
	if err != nil {
		return nil, err
	}
	out := &effected[B]{Status: answer.Status, Body: payload[B]{raw: answer.Body}}
	if replayed {
		out.Replayed = "true"
	} else if out.Body.raw, err = encode(shown); err != nil {
		return nil, err
	}
	if _, ok := any(shown).(versioned); ok {
		out.ETag, err = etagOf(out.Body.raw)
	}
	return out, err
}

// once runs fn in a transaction, at most one time for one Idempotency-Key.
func (a *API) once(ctx context.Context, status int, fn func(context.Context, pgx.Tx) (any, error)) (once.Answer, bool, error) {
	run := func(ctx context.Context, tx pgx.Tx) (once.Answer, error) {
		v, err := fn(ctx, tx)
		if err != nil {
			return once.Answer{}, err
		}
		if s, ok := v.(secretive); ok {
			v = s.stored()
		}
		body, err := encode(v)
		return once.Answer{Status: status, Body: body}, err
	}
	key, ok := callOf(ctx).onceKey()
	if ok {
		return once.Do(ctx, a.pool, key, run)
	}
	var answer once.Answer
	err := a.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		answer, err = run(ctx, tx)
		return err
	})
	return answer, false, err
}

// onceKey is the request's Idempotency-Key with what it is for, and false
// without one, or where nobody is signed in to whom it could belong. What a
// person does as such is kept under the person: whoever repeats the making of a
// first company has one by then.
func (c *call) onceKey() (once.Key, bool) {
	tenant := c.Tenant
	switch {
	case c.idempotencyKey == "" || !c.known():
		return once.Key{}, false
	case c.personal, !c.ofCompany():
		tenant = ident.Tenant{Company: c.Person, Live: true}
	}
	return once.Key{Tenant: tenant, Value: c.idempotencyKey, Route: c.method + " " + c.path, BodyHash: c.meaning()}, true
}
