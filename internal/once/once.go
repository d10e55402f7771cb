// Package once makes a repeated request have one effect: the answer to an
// Idempotency-Key is stored in the transaction that has the effect, so that
// neither can be there without the other. Source: the IETF draft
// draft-ietf-httpapi-idempotency-key-header and Stripe's behaviour.
package once

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Key is an Idempotency-Key with what it was used for.
type Key struct {
	// Tenant is where the key is unique. For a person without a company its
	// Company is the person's id.
	Tenant ident.Tenant
	// Value is the header's, 1 to 255 printable ASCII characters.
	Value string
	// Route is the method and the path, ids included.
	Route string
	// BodyHash is equal for bodies that are equal as JSON values.
	BodyHash [sha256.Size]byte
}

// Answer is what a request was answered with, less what is shown only once.
type Answer struct {
	Status int
	Body   []byte
}

// errRace says that another transaction stored the same key first.
var errRace = errors.New("once: the key was stored by another transaction")

// errBusy says that the same key is under way elsewhere.
var errBusy = errors.New("once: the key is under way")

// patience is how long a repeated request waits for the first to end.
const patience = 10 * time.Second

// Do answers a repeated request with the stored answer, and otherwise runs fn
// and stores its answer in the same transaction. Only answers below 300 are
// stored: a refusal has no effect and may be asked again.
//
// Errors: idempotency_conflict (422) for another body or route,
// idempotency_in_flight (409) when the first one does not end in time.
func Do(ctx context.Context, pool *postgres.Pool, key Key, fn func(context.Context, pgx.Tx) (Answer, error)) (Answer, bool, error) {
	deadline := time.Now().Add(patience)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		answer, replayed, err := try(ctx, pool, key, fn)
		if !errors.Is(err, errBusy) && !errors.Is(err, errRace) {
			return answer, replayed, err
		}
		if time.Now().After(deadline) {
			return Answer{}, false, InFlight()
		}
		select {
		case <-ctx.Done():
			return Answer{}, false, InFlight()
		case <-time.After(wait):
		}
	}
}

// InFlight is the answer while the first request with a key has not ended.
func InFlight() *fault.Error {
	return fault.New(fault.Conflict, "idempotency_in_flight",
		"A request with this Idempotency-Key is still being processed.").After(time.Second)
}

func try(ctx context.Context, pool *postgres.Pool, key Key, fn func(context.Context, pgx.Tx) (Answer, error)) (Answer, bool, error) {
	var answer Answer
	var replayed bool
	err := pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		answer, replayed = Answer{}, false
		free, err := db.New(tx).TryIdempotencyLock(ctx, key.lock())
		if err != nil {
			return err
		}
		if !free {
			return errBusy
		}
		found, err := Find(ctx, tx, key)
		if err != nil {
			return err
		}
		if found != nil && !found.Outlived {
			answer, replayed = found.Answer, true
			return errors.Join(found.Check(key), postgres.AwaitStandby(ctx, tx))
		}
		if answer, err = fn(ctx, tx); err != nil || answer.Status >= 300 {
			return err
		}
		return store(ctx, tx, Record{Key: key, Answer: answer, Outlived: found != nil})
	})
	return answer, replayed, err
}

// Kept is for how long an answer is given again.
const Kept = 30 * 24 * time.Hour

// Record is a key with its answer.
type Record struct {
	Key
	Answer Answer
	// Outlived says that the key is stored and older than 30 days: it answers
	// nothing, and a new record takes its place.
	Outlived bool
}

// Check refuses a key that was used for something else.
func (r Record) Check(k Key) error {
	if r.Route != k.Route || !bytes.Equal(r.BodyHash[:], k.BodyHash[:]) {
		return fault.New(fault.Invalid, "idempotency_conflict",
			"This Idempotency-Key was used for another request: use a new key.")
	}
	return nil
}

// ID is what makes a key the same key: its tenant and its value.
type ID struct {
	Tenant ident.Tenant
	Value  string
}

// ID names the key without what it was used for.
func (k Key) ID() ID { return ID{k.Tenant, k.Value} }

func (k Key) lock() int64 {
	h := sha256.New()
	h.Write(k.Tenant.Company[:])
	h.Write([]byte(k.Tenant.Mode()))
	h.Write([]byte(k.Value))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// Find reads the record of a key, nil without one.
func Find(ctx context.Context, tx db.DBTX, key Key) (*Record, error) {
	c := columnsOf([]Key{key})
	rows, err := db.New(tx).IdempotencyRecords(ctx, c.companies, c.lives, c.values)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return recordOf(rows[0])
}

// QueueFind reads the records of keys as a part of a pipeline.
func QueueFind(p *pgx.Batch, keys []Key, each func(*Record)) {
	if len(keys) == 0 {
		return
	}
	c := columnsOf(keys)
	p.Queue(db.IdempotencyRecords, c.companies, c.lives, c.values).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.IdempotencyRecordsRow])
		for _, r := range found {
			record, err := recordOf(r)
			if err != nil {
				return err
			}
			each(record)
		}
		return err
	})
}

// Write stores records, which no other transaction may have done meanwhile: then
// the statement fails with what IsRace recognises. Those whose key is stored and
// has outlived its time replace it.
func Write(ctx context.Context, tx db.DBTX, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	var outlived []Key
	for _, r := range records {
		if r.Outlived {
			outlived = append(outlived, r.Key)
		}
	}
	if len(outlived) > 0 {
		c := columnsOf(outlived)
		if err := db.New(tx).DropOutlivedRecords(ctx, c.companies, c.lives, c.values); err != nil {
			return err
		}
	}
	return db.New(tx).StoreIdempotencyRecords(ctx, rowsOf(records))
}

// IsRace reports whether a transaction failed because another one stored the
// same key first: look again.
func IsRace(err error) bool { return postgres.Violates(err, "idempotency_keys_pkey") }

func store(ctx context.Context, tx pgx.Tx, r Record) error {
	err := Write(ctx, tx, []Record{r})
	if IsRace(err) {
		return errRace
	}
	return err
}

// Purge removes records older than 30 days, in small steps.
func Purge(ctx context.Context, pool *postgres.Pool) error {
	for {
		n, err := db.New(pool).PurgeIdempotencyRecords(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}
