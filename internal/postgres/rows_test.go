package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/wire"
)

// every is a row with each kind of field, as the type each_row in TestRows.
func every(id uuid.UUID, at time.Time, metadata string) wire.Row {
	r := wire.New(0)
	r.UUID(id)
	r.UUIDOrNull(uuid.Nil)
	r.Bool(true)
	r.Text(`ümlaut, {"}`)
	r.Bytes([]byte{0, 1})
	r.JSONOrNull([]byte(metadata))
	r.Int32(-7)
	r.Int64(1 << 60)
	r.Time(at)
	r.TimeOrNull(time.Time{})
	r.UUIDs([]uuid.UUID{id, uuid.Max})
	return r
}

func TestRows(t *testing.T) {
	t.Parallel()
	ownerURL, appURL := pgtest.NewURLs(t)
	owner, err := postgres.Open(t.Context(), postgres.Config{URL: ownerURL, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	if _, err := owner.Exec(t.Context(), `CREATE TYPE each_row AS (id uuid, other uuid, sure boolean, name text, raw bytea, more jsonb,
		small integer, large bigint, at timestamptz, ended timestamptz, ids uuid[])`); err != nil {
		t.Fatal(err)
	}
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: appURL, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	id, at := uuid.New(), time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	const same = `SELECT count(*) FROM unnest($1::each_row[]) r WHERE r.id = $2 AND r.other IS NULL AND r.sure AND r.name = 'ümlaut, {"}'
		AND r.raw = '\x0001' AND r.more IS NOT DISTINCT FROM nullif($4, '')::jsonb AND r.small = -7 AND r.large = 1152921504606846976 AND r.at = $3 AND r.ended IS NULL
		AND r.ids = ARRAY[$2, 'ffffffff-ffff-ffff-ffff-ffffffffffff']::uuid[]`
	for _, metadata := range []string{"", `{"a": "b"}`} {
		var n int
		row := every(id, at, metadata)
		if err := pool.QueryRow(t.Context(), same, []wire.Row{row, row, row}, id, at, metadata).Scan(&n); err != nil || n != 3 {
			t.Errorf("with %q %d of 3 rows came through: %v", metadata, n, err)
		}
	}
	short := wire.New(0)
	short.UUID(id)
	_, err = pool.Exec(t.Context(), "SELECT count(*) FROM unnest($1::each_row[])", []wire.Row{short})
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || !strings.Contains(refused.Message, "wrong number of columns") {
		t.Errorf("a row of another shape: %v", err)
	}
}
