package proof

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Record is one event with its position, in public form.
type Record struct {
	Actor     string          `json:"actor"`
	Agent     *string         `json:"agent"`
	At        time.Time       `json:"at"`
	Data      json.RawMessage `json:"data"`
	ID        string          `json:"id"`
	Position  int64           `json:"position"`
	RequestID string          `json:"request_id"`
	Subject   string          `json:"subject"`
	Type      string          `json:"type"`
}

// timeFormat has the microseconds that the database keeps, always all six.
const timeFormat = `"2006-01-02T15:04:05.000000Z"`

// Line is the record's canonical form, without a line feed. Data is taken as
// it is stored, so that any change to it changes the line.
func (r Record) Line() ([]byte, error) {
	b := make([]byte, 0, 400+len(r.Data))
	var err error
	text := func(name, value string) {
		b = append(b, name...)
		var bad error
		if b, bad = AppendQuote(b, value); bad != nil {
			err = fmt.Errorf("audit record %s: %w", r.ID, bad)
		}
	}
	text(`{"actor":`, r.Actor)
	if r.Agent == nil {
		b = append(b, `,"agent":null`...)
	} else {
		text(`,"agent":`, *r.Agent)
	}
	b = r.At.UTC().AppendFormat(append(b, `,"at":`...), timeFormat)
	b = append(append(b, `,"data":`...), r.data()...)
	text(`,"id":`, r.ID)
	b = strconv.AppendInt(append(b, `,"position":`...), r.Position, 10)
	text(`,"request_id":`, r.RequestID)
	text(`,"subject":`, r.Subject)
	text(`,"type":`, r.Type)
	return append(b, '}'), err
}

func (r Record) data() []byte {
	if r.Data == nil {
		return []byte("null")
	}
	return r.Data
}

// MarshalJSON writes the canonical form.
func (r Record) MarshalJSON() ([]byte, error) { return r.Line() }

// Leaf is the hash that stands for a line in the tree.
func Leaf(line []byte) tlog.Hash { return tlog.RecordHash(line) }
