// Package wire writes rows as PostgreSQL takes a value of a composite type in
// binary (record_recv in its rowtypes.c). An array of them is one parameter,
// where one array for each column costs twice as much to take apart.
package wire

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// The types of the fields, by their OIDs in pg_type.
const (
	boolean     = 16
	bytes       = 17
	bigint      = 20
	integer     = 23
	text        = 25
	timestamptz = 1184
	uuids       = 2950
	uuidArrays  = 2951
	jsonb       = 3802
)

// Row is a row under way: each method adds the next field, in the order of the
// type that it is for. The server refuses a row with other fields than its type.
type Row []byte

// New is a row without fields, with room for about so many bytes.
func New(room int) Row { return make(Row, 4, 4+room) }

// field adds what is before every value: its type and its length, −1 for NULL.
func (r *Row) field(oid uint32, length int) {
	binary.BigEndian.PutUint32(*r, binary.BigEndian.Uint32(*r)+1)
	*r = binary.BigEndian.AppendUint32(*r, oid)
	*r = binary.BigEndian.AppendUint32(*r, uint32(int32(length)))
}

// UUID adds a uuid.
func (r *Row) UUID(v uuid.UUID) {
	r.field(uuids, len(v))
	*r = append(*r, v[:]...)
}

// UUIDOrNull adds a uuid, and NULL for the nil one.
func (r *Row) UUIDOrNull(v uuid.UUID) {
	if v == uuid.Nil {
		r.field(uuids, -1)
		return
	}
	r.UUID(v)
}

// UUIDs adds an array of uuids.
func (r *Row) UUIDs(v []uuid.UUID) {
	r.field(uuidArrays, 5*4+len(v)*(4+16))
	for _, n := range []uint32{1, 0, uuids, uint32(len(v)), 1} { // dimensions, flags, type, length, first index
		*r = binary.BigEndian.AppendUint32(*r, n)
	}
	for _, id := range v {
		*r = append(binary.BigEndian.AppendUint32(*r, 16), id[:]...)
	}
}

// Bool adds a boolean.
func (r *Row) Bool(v bool) {
	r.field(boolean, 1)
	var b byte
	if v {
		b = 1
	}
	*r = append(*r, b)
}

// Text adds a text.
func (r *Row) Text(v string) {
	r.field(text, len(v))
	*r = append(*r, v...)
}

// Bytes adds a bytea.
func (r *Row) Bytes(v []byte) {
	r.field(bytes, len(v))
	*r = append(*r, v...)
}

// JSONOrNull adds a jsonb, and NULL for no text.
func (r *Row) JSONOrNull(v []byte) {
	const version = 1
	if len(v) == 0 {
		r.field(jsonb, -1)
		return
	}
	r.field(jsonb, 1+len(v))
	*r = append(append(*r, version), v...)
}

// Int32 adds an integer.
func (r *Row) Int32(v int32) {
	r.field(integer, 4)
	*r = binary.BigEndian.AppendUint32(*r, uint32(v))
}

// Int64 adds a bigint.
func (r *Row) Int64(v int64) {
	r.field(bigint, 8)
	*r = binary.BigEndian.AppendUint64(*r, uint64(v))
}

// Time adds a timestamptz, to the microsecond.
func (r *Row) Time(v time.Time) {
	r.field(timestamptz, 8)
	*r = AppendTime(*r, v)
}

// TimeOrNull adds a timestamptz, and NULL for the zero time.
func (r *Row) TimeOrNull(v time.Time) {
	if v.IsZero() {
		r.field(timestamptz, -1)
		return
	}
	r.Time(v)
}

// AppendTime adds the microseconds since 2000, as PostgreSQL counts time.
func AppendTime(b []byte, v time.Time) []byte {
	const until2000 = 946_684_800
	micros := (v.Unix()-until2000)*1_000_000 + int64(v.Nanosecond())/1000
	return binary.BigEndian.AppendUint64(b, uint64(micros))
}
