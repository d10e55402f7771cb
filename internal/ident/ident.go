// Package ident makes and reads the public ids: a prefix that says what the
// thing is, an underscore, and 26 characters of Crockford base32 over a UUIDv7
// (the TypeID encoding), so that ids sort by the time they were made.
package ident

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Prefix says what an id names.
type Prefix string

// Every prefix in use.
const (
	Company       Prefix = "co"
	Person        Prefix = "person"
	Member        Prefix = "mem"
	Session       Prefix = "sess"
	Agent         Prefix = "agent"
	Policy        Prefix = "pol"
	Authorization Prefix = "auth"
	Approval      Prefix = "appr"
	Key           Prefix = "key"
	Event         Prefix = "evt"
	Account       Prefix = "acct"
	Transaction   Prefix = "txn"
	Hold          Prefix = "hold"
	Webhook       Prefix = "whk"
	Delivery      Prefix = "whd"
	Connection    Prefix = "conn"
	Comparison    Prefix = "rec"
	Card          Prefix = "card" // with the currency behind it: FormatCard
	CardEntry     Prefix = "ctx"  // one thing that happened to a card
)

// Tenant is one side of one company: live and test share nothing but the
// company's name and settings.
type Tenant struct {
	Company uuid.UUID
	Live    bool
}

// Mode is "live" or "test".
func (t Tenant) Mode() string {
	if t.Live {
		return "live"
	}
	return "test"
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// encodedLength is the length of 128 bits in base32.
const encodedLength = 26

// New makes a UUIDv7 from this machine's clock.
func New() uuid.UUID { return At(time.Now()) }

// At makes a UUIDv7 whose time part is t: the millisecond, and in the twelve
// bits after it the fraction (RFC 9562, 6.2, method 3), so that what is made a
// microsecond later sorts later. The gate uses it with the database's clock, so
// that an authorization's id sorts with its decision.
func At(t time.Time) uuid.UUID {
	var id uuid.UUID
	rand.Read(id[8:]) // never fails (crypto/rand)
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16)
	fraction := t.Nanosecond() % int(time.Millisecond) * 4096 / int(time.Millisecond)
	id[6], id[7] = 0x70|byte(fraction>>8), byte(fraction)
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Floor is the smallest id that At could give for t: for range scans by time.
func Floor(t time.Time) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16)
	return id
}

// Time is the millisecond in which At made an id.
func Time(id uuid.UUID) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// Format writes the public form.
func Format(p Prefix, id uuid.UUID) string {
	var room [48]byte
	return string(Append(room[:0], p, id))
}

// Append is Format at the end of b.
func Append(b []byte, p Prefix, id uuid.UUID) []byte {
	b = append(append(b, p...), '_')
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var text [encodedLength]byte
	for i := encodedLength - 1; i >= 0; i-- {
		text[i] = alphabet[lo&31]
		hi, lo = hi>>5, lo>>5|hi<<59
	}
	return append(b, text[:]...)
}

// Parse reads the public form. It is strict: one prefix, lower case, one
// spelling an id.
func Parse(p Prefix, s string) (uuid.UUID, bool) {
	digits, ok := strings.CutPrefix(s, string(p)+"_")
	if !ok || len(digits) != encodedLength || digits[0] > '7' {
		return uuid.Nil, false
	}
	var hi, lo uint64
	for i := range len(digits) {
		v := strings.IndexByte(alphabet, digits[i])
		if v < 0 {
			return uuid.Nil, false
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, true
}

// LikeID reports whether s could be taken for an id of any kind, also for one
// that was mistyped: a prefix and as many letters and digits as an id has. A
// handle may not.
func LikeID(s string) bool {
	prefix, digits, _ := strings.Cut(s, "_")
	switch Prefix(prefix) {
	case Card:
		if currency, rest, ok := strings.Cut(digits, "_"); ok && len(currency) == currencyLength {
			digits = rest
		}
		return len(digits) == encodedLength && !strings.ContainsAny(digits, "_-")
	case CardEntry, Company, Person, Member, Session, Agent, Policy, Authorization, Approval, Key, Event, Account, Transaction, Hold, Webhook, Delivery, Connection, Comparison:
		return len(digits) == encodedLength && !strings.ContainsAny(digits, "_-")
	}
	return false
}

// Shaped reports whether s looks like an id of this kind, known or not.
func Shaped(p Prefix, s string) bool {
	_, ok := Parse(p, s)
	return ok
}
