package once

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/pack"
	"github.com/getpurser/purser/internal/wire"
)

type columns struct {
	companies []uuid.UUID
	lives     []bool
	values    []string
}

func columnsOf(keys []Key) columns {
	var c columns
	for _, k := range keys {
		c.companies = append(c.companies, k.Tenant.Company)
		c.lives = append(c.lives, k.Tenant.Live)
		c.values = append(c.values, k.Value)
	}
	return c
}

func recordOf(r db.IdempotencyRecordsRow) (*Record, error) {
	key := Key{Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, Value: r.Key, Route: r.Route}
	copy(key.BodyHash[:], r.BodyHash)
	body, err := pack.Unpack(r.Answer)
	if err != nil {
		return nil, fmt.Errorf("the answer to an Idempotency-Key: %w", err)
	}
	return &Record{Key: key, Answer: Answer{Status: int(r.Status), Body: body}, Outlived: r.Outlived}, nil
}

func rowsOf(records []Record) []wire.Row {
	rows := make([]wire.Row, len(records))
	for i, record := range records {
		rows[i] = rowOf(record)
	}
	return rows
}

// rowOf is an answer_row.
func rowOf(record Record) wire.Row {
	answer := pack.Pack(record.Answer.Body)
	r := wire.New(200 + len(record.Value) + len(record.Route) + len(answer))
	r.UUID(record.Tenant.Company)
	r.Bool(record.Tenant.Live)
	r.Text(record.Value)
	r.Text(record.Route)
	r.Bytes(record.BodyHash[:])
	r.Int32(int32(record.Answer.Status))
	r.Bytes(answer)
	return r
}
