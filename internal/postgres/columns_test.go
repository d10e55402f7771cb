package postgres_test

import (
	"bytes"
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/getpurser/purser/internal/postgres"
)

// columns are arrays as they are sent, with their type.
var columns = map[uint32][]any{
	pgtype.UUIDArrayOID:        {[]uuid.UUID{}, []uuid.UUID{uuid.Nil, uuid.Max, uuid.New()}},
	pgtype.TextArrayOID:        {[]string{}, []string{"", "a", "ümlaut, {\"}"}},
	pgtype.ByteaArrayOID:       {[][]byte{}, [][]byte{{}, {0, 1}, bytes.Repeat([]byte{7}, 1000)}},
	pgtype.BoolArrayOID:        {[]bool{}, []bool{true, false}},
	pgtype.Int4ArrayOID:        {[]int32{}, []int32{0, -1, 1 << 30}},
	pgtype.Int8ArrayOID:        {[]int64{}, []int64{0, -1, 1 << 60}},
	pgtype.TimestamptzArrayOID: {[]time.Time{}, []time.Time{{}, time.Unix(1, 999), time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Now()}},
}

func TestColumnsAreWrittenAsPgxDoes(t *testing.T) {
	t.Parallel()
	theirs, ours := pgtype.NewMap(), pgtype.NewMap()
	pgxuuid.Register(theirs)
	pgxuuid.Register(ours)
	postgres.RegisterColumns(ours)
	for oid, values := range columns {
		for _, v := range values {
			want, err := theirs.Encode(oid, pgtype.BinaryFormatCode, v, []byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ours.Encode(oid, pgtype.BinaryFormatCode, v, []byte("before"))
			if reflect.ValueOf(v).Len() == 0 {
				continue // an empty array has two spellings: TestColumnsAreRead looks at those
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%T: %x, %v; want %x", v, got, err, want)
			}
		}
	}
	for _, nothing := range []any{[]string(nil), [][]byte(nil)} {
		if got, err := ours.Encode(pgtype.TextArrayOID, pgtype.BinaryFormatCode, nothing, nil); got != nil || err != nil {
			t.Errorf("a nil %T is %x, %v", nothing, got, err)
		}
	}
}

func TestColumnsAreRead(t *testing.T) {
	t.Parallel()
	pool := table(t, scratch, postgres.Config{MaxConns: 1})
	for _, c := range []struct {
		cast  string
		value any
		want  int
	}{
		{"uuid[]", []uuid.UUID{}, 0}, {"text[]", []string{}, 0}, {"bytea[]", [][]byte{}, 0}, {"uuid[]", []uuid.UUID{uuid.Nil}, 1},
		{"bytea[]", [][]byte{nil, {1}}, 1}, {"text[]", []string{"", "b"}, 2}, {"int8[]", []int64{4}, 1}, {"timestamptz[]", []time.Time{{}}, 1},
	} {
		var n int
		err := pool.QueryRow(context.Background(), "SELECT count(x) FROM unnest($1::"+c.cast+") x", c.value).Scan(&n)
		if err != nil || n != c.want {
			t.Errorf("%v as %s: %d that are not null, %v", c.value, c.cast, n, err)
		}
	}
}
