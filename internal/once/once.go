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

// ErrRace says that another transaction stored the same key first: roll back
// and look again.
var ErrRace = errors.New("once: the key was stored by another transaction")

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
		if !errors.Is(err, errBusy) && !errors.Is(err, ErrRace) {
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
		stored, err := Find(ctx, tx, []Key{key})
		if err != nil {
			return err
		}
		if found, ok := stored[key.ID()]; ok {
			answer, replayed = found.Answer, true
			return errors.Join(found.Check(key), postgres.AwaitStandby(ctx, tx))
		}
		if answer, err = fn(ctx, tx); err != nil || answer.Status >= 300 {
			return err
		}
		return Store(ctx, tx, []Record{{Key: key, Answer: answer}})
	})
	return answer, replayed, err
}

// Record is a key with its answer.
type Record struct {
	Key
	Answer Answer
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

// Find reads the stored records of the given keys that are younger than 30
// days.
func Find(ctx context.Context, tx pgx.Tx, keys []Key) (map[ID]Record, error) {
	out := make(map[ID]Record, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	c := columnsOf(keys)
	rows, err := db.New(tx).IdempotencyRecords(ctx, c.companies, c.lives, c.values)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		record := recordOf(r)
		out[record.ID()] = record
	}
	return out, nil
}

// QueueFind is Find as a part of a pipeline.
func QueueFind(p *pgx.Batch, keys []Key, each func(Record)) {
	if len(keys) == 0 {
		return
	}
	c := columnsOf(keys)
	p.Queue(db.IdempotencyRecords, c.companies, c.lives, c.values).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.IdempotencyRecordsRow])
		for _, r := range found {
			each(recordOf(r))
		}
		return err
	})
}

// Store writes the records. ErrRace means that one of the keys has been stored
// meanwhile: nothing may be committed then.
func Store(ctx context.Context, tx pgx.Tx, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	n, err := db.New(tx).StoreIdempotencyRecords(ctx, paramsOf(records))
	if err != nil {
		return err
	}
	if n != int64(len(records)) {
		return ErrRace
	}
	return nil
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
