package once

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/pack"
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

func paramsOf(records []Record) db.StoreIdempotencyRecordsParams {
	var p db.StoreIdempotencyRecordsParams
	for _, r := range records {
		p.CompanyIds = append(p.CompanyIds, r.Tenant.Company)
		p.Lives = append(p.Lives, r.Tenant.Live)
		p.Keys = append(p.Keys, r.Value)
		p.Routes = append(p.Routes, r.Route)
		p.BodyHashes = append(p.BodyHashes, r.BodyHash[:])
		p.Statuses = append(p.Statuses, int32(r.Answer.Status))
		p.Answers = append(p.Answers, pack.Pack(r.Answer.Body))
	}
	return p
}
