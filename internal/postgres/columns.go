package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/getpurser/purser/internal/wire"
)

// What a batch asks for travels as columns, arrays of which each holds one value of
// every row, and what the gate writes as rows.
// pgx writes an array value by value, each through an interface, and lets its
// buffer grow with each. registerColumns makes it write those that we send in one
// go; how an array looks is in PostgreSQL's array_recv.
func registerColumns(m *pgtype.Map) {
	for _, oid := range []uint32{pgtype.UUIDArrayOID, pgtype.TextArrayOID, pgtype.ByteaArrayOID, pgtype.BoolArrayOID,
		pgtype.Int4ArrayOID, pgtype.Int8ArrayOID, pgtype.TimestamptzArrayOID} {
		known, ok := m.TypeForOID(oid)
		if !ok {
			continue // pgx knows them all
		}
		if arrays, ok := known.Codec.(*pgtype.ArrayCodec); ok {
			m.RegisterType(&pgtype.Type{Name: known.Name, OID: oid, Codec: columnCodec{arrays}})
		}
	}
}

// registerRows makes it write arrays of the schema's row types, whose names end
// in _row: their OIDs are each database's own.
func registerRows(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT typname::text, oid, typarray FROM pg_type
		WHERE typtype = 'c' AND typname LIKE '%\_row' AND pg_type_is_visible(oid)`, pgx.QueryExecModeExec)
	if err != nil {
		return fmt.Errorf("read the row types: %w", err)
	}
	var name string
	var element, array uint32
	_, err = pgx.ForEachRow(rows, []any{&name, &element, &array}, func() error {
		codec := &pgtype.ArrayCodec{ElementType: &pgtype.Type{Name: name, OID: element, Codec: pgtype.ByteaCodec{}}}
		conn.TypeMap().RegisterType(&pgtype.Type{Name: name + "[]", OID: array, Codec: columnCodec{codec}})
		return nil
	})
	return err
}

// columnCodec is pgx's own for everything but the writing of what fits.
type columnCodec struct{ *pgtype.ArrayCodec }

// PlanEncode chooses how a value is written.
func (c columnCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		if plan := columnPlan(c.ElementType.OID, value); plan != nil {
			return plan
		}
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

// columnPlan is nil for what is left to pgx.
func columnPlan(element uint32, value any) pgtype.EncodePlan {
	switch value.(type) {
	case []uuid.UUID:
		if element == pgtype.UUIDOID {
			return column[uuid.UUID]{element, func(uuid.UUID) int { return 16 }, func(b []byte, v uuid.UUID) []byte { return append(b, v[:]...) }}
		}
	case []string:
		if element == pgtype.TextOID {
			return column[string]{element, func(v string) int { return len(v) }, func(b []byte, v string) []byte { return append(b, v...) }}
		}
	case [][]byte:
		if element == pgtype.ByteaOID {
			return column[[]byte]{element, bytesLength, func(b, v []byte) []byte { return append(b, v...) }}
		}
	case []bool:
		if element == pgtype.BoolOID {
			return column[bool]{element, func(bool) int { return 1 }, appendBool}
		}
	case []int32:
		if element == pgtype.Int4OID {
			return column[int32]{element, func(int32) int { return 4 }, func(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }}
		}
	case []int64:
		if element == pgtype.Int8OID {
			return column[int64]{element, func(int64) int { return 8 }, func(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }}
		}
	case []wire.Row:
		return column[wire.Row]{element, func(v wire.Row) int { return len(v) }, func(b []byte, v wire.Row) []byte { return append(b, v...) }}
	case []time.Time:
		if element == pgtype.TimestamptzOID {
			return column[time.Time]{element, func(time.Time) int { return 8 }, wire.AppendTime}
		}
	}
	return nil
}

// column writes a slice as an array of one dimension.
type column[T any] struct {
	element uint32
	// length is a value's in bytes, −1 for NULL.
	length func(T) int
	put    func([]byte, T) []byte
}

// Encode appends the array to buf.
func (c column[T]) Encode(value any, buf []byte) ([]byte, error) {
	const header = 5 * 4
	values := value.([]T) // the plan was chosen by this type
	size := header
	for _, v := range values {
		size += 4 + max(0, c.length(v))
	}
	buf = slices.Grow(buf, size)
	for _, n := range []uint32{1, 0, c.element, uint32(len(values)), 1} { // dimensions, flags, type, length, first index
		buf = binary.BigEndian.AppendUint32(buf, n)
	}
	for _, v := range values {
		n := c.length(v)
		buf = binary.BigEndian.AppendUint32(buf, uint32(int32(n)))
		if n > 0 {
			buf = c.put(buf, v)
		}
	}
	return buf, nil
}

func bytesLength(v []byte) int {
	if v == nil {
		return -1
	}
	return len(v)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}
