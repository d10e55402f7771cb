package main

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// idIn finds the authorization's id in an answer.
func idIn(body []byte) ([]byte, error) {
	at := bytes.Index(body, []byte(`"id":"auth_`))
	if at < 0 || len(body) < at+6+len(idRoom) {
		return nil, fmt.Errorf("no id in %s", body)
	}
	return body[at+6 : at+6+len(idRoom)], nil
}

// collecting does the same and keeps the ids that it is answered, each client
// its own.
func collecting(does maker, into [][][]byte) maker {
	return func(c *conn, client int) op {
		do := does(c, client)
		return func() error {
			if err := do(); err != nil {
				return err
			}
			id, err := idIn(c.body)
			if err == nil {
				into[client] = append(into[client], bytes.Clone(id))
			}
			return err
		}
	}
}

// toEnd authorizes for a while, and gives the ids of it, each client its own.
func (b *bench) toEnd(ctx context.Context, s *server, n int, length time.Duration) ([][][]byte, error) {
	ids := make([][][]byte, n)
	if _, err := closed(ctx, s.address, n, length, collecting(s.authorizing(s.careful, spread(b.Agents)), ids)); err != nil {
		return nil, err
	}
	return ids, s.settle(ctx)
}

// ending authorizes for as long as a case takes, and then measures how fast all
// of that is confirmed, or voided.
func (b *bench) ending(ctx context.Context, s *server, n int, verb string, want []byte, counted *atomic.Int64) (sample, error) {
	ids, err := b.toEnd(ctx, s, n, b.length())
	if err != nil {
		return sample{}, err
	}
	return b.measure(ctx, s, func() (load, error) {
		return clients(s.address, n, s.closing(s.careful, verb, want, counted, ids), func(client int, do op, h *histogram) error {
			return timed(h, len(ids[client]), do)
		})
	})
}

// closing ends what was authorized before, each client what it has.
func (s *server) closing(t *tenant, verb string, want []byte, counted *atomic.Int64, ids [][][]byte) maker {
	return func(c *conn, client int) op {
		r, next := newRequest(t.secret(client), "POST", "/v1/authorize/"+idRoom+"/"+verb, "{}"), 0
		return func() error {
			r.about(ids[client][next])
			r.fresh(&s.tally.keys)
			next++
			a, err := c.ask(r.text)
			if err = expect(a, err, want); err == nil {
				counted.Add(1)
			}
			return err
		}
	}
}

// recalling reads one authorization, of those that were remembered.
func (s *server) recalling(t *tenant) maker {
	return func(c *conn, client int) op {
		r, dice := newRequest(t.secret(client), "GET", "/v1/authorize/"+idRoom, ""), dice(client)
		return func() error {
			r.about(s.known[dice.IntN(len(s.known))])
			a, err := c.ask(r.text)
			return expect(a, err, sayID)
		}
	}
}
