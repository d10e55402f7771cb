package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// seal authenticates cursors. A cursor is worth something only to the tenant,
// route and filters that it was made for.
type seal struct{ key []byte }

// newSeal derives the cursors' key from the installation's.
func newSeal(lookupKey []byte) seal {
	m := hmac.New(sha256.New, lookupKey)
	m.Write([]byte("cursor"))
	return seal{m.Sum(nil)}
}

const tagLength = 16

// close makes the cursor that continues after a position.
func (s seal) close(c *call, position []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(s.tag(c, position), position...))
}

// open gives back the position. The fault is Malformed, invalid_cursor.
func (s seal) open(c *call, cursor string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || strings.ContainsAny(cursor, "\r\n") || // which Go's decoder skips
		len(raw) < tagLength || !hmac.Equal(raw[:tagLength], s.tag(c, raw[tagLength:])) {
		return nil, badCursor()
	}
	return raw[tagLength:], nil
}

func badCursor() error {
	e := fault.New(fault.Malformed, "invalid_cursor", "This cursor was not made for this list and these filters.")
	e.Fields = []fault.Field{{Location: "query.cursor", Code: "invalid_cursor", Message: "Start again without a cursor."}}
	return e
}

// agentID names the agent that the call is scoped to, if it is to one.
func (c *call) agentID() string {
	if c.agent == nil {
		return ""
	}
	return ident.Format(ident.Agent, *c.agent)
}

func (s seal) tag(c *call, position []byte) []byte {
	m := hmac.New(sha256.New, s.key)
	for _, part := range [][]byte{[]byte(c.operation), []byte(c.path), []byte(c.companyID() + "/" + c.mode() + "/" + c.agentID()), []byte(c.query), position} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		m.Write(length[:])
		m.Write(part)
	}
	return m.Sum(nil)[:tagLength]
}

// filters is a query without its Paging, in one order.
func filters(q url.Values) string {
	out := url.Values{}
	for name, values := range q {
		if name != "cursor" && name != "limit" {
			out[name] = values
		}
	}
	return out.Encode()
}
