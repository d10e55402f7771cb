package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// A request is made once, with room for what differs: fields of a fixed width,
// written in place.
const (
	keyRoom   = "bench-0000000000000000"
	agentRoom = "bot-00000"
	idRoom    = "auth_00000000000000000000000000"
)

// request is a whole HTTP request with its fields' places, -1 for none. Every
// connection has its own copy.
type request struct {
	text           []byte
	key, agent, id int
}

func newRequest(secret, method, path, body string) request {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n", method, path, secret)
	if method == "POST" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\nIdempotency-Key: %s\r\n", len(body), keyRoom)
	}
	b.WriteString("\r\n" + body)
	text := []byte(b.String())
	return request{text: text, key: bytes.Index(text, []byte(keyRoom)), agent: bytes.Index(text, []byte(agentRoom)),
		id: bytes.Index(text, []byte(idRoom))}
}

// keys numbers the idempotency keys of a run.
type keys struct{ last atomic.Int64 }

// fresh gives the request a key that was not used before.
func (r request) fresh(k *keys) { r.keyed(k.last.Add(1)) }

// keyed gives the request one of the keys that were.
func (r request) keyed(n int64) { r.number(r.key, len(keyRoom), n) }

func (r request) of(agent int) { r.number(r.agent, len(agentRoom), int64(agent)) }

func (r request) about(id []byte) { copy(r.text[r.id:], id) }

// number writes n at the end of a field, with zeroes before it.
func (r request) number(at, width int, n int64) {
	if at < 0 {
		return
	}
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	field := r.text[at : at+width]
	for i := len(field) - 1; i >= 0 && (field[i] >= '0' && field[i] <= '9'); i-- {
		field[i] = '0'
		if len(text) > 0 {
			field[i], text = text[len(text)-1], text[:len(text)-1]
		}
	}
}

// The bodies are as long as those of the README.
const (
	merchant  = `"merchant":{"name":"AWS","mcc":"7372","country":"US","domain":"aws.amazon.com"}`
	spending  = `{"agent":"` + agentRoom + `","amount":1.25,"currency":"usd",` + merchant + `,"purpose":"GPU hours for run 81"}`
	excessive = `{"agent":"` + agentRoom + `","amount":90000.00,"currency":"usd",` + merchant + `,"purpose":"GPU hours for run 81"}`
)
