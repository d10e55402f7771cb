package audit

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Notary signs checkpoints: package sign's key set.
type Notary interface {
	CheckpointSigner(origin string) (note.Signer, error)
	CheckpointKeys(origin string) ([]string, error)
}

// Log reads and seals the logs of every company. Writing is Append.
//
// An event is listed once it has a position. Run gives one within about a
// second; List, Export and the proofs first give one to what is committed, so
// that a caller always reads their own writes.
type Log struct {
	pool   *postgres.Pool
	notary Notary
	logger *slog.Logger
	recent recent
}

// New makes the log over a pool.
func New(pool *postgres.Pool, notary Notary, logger *slog.Logger) *Log {
	return &Log{pool: pool, notary: notary, logger: logger}
}

// Origin names a company's log in its checkpoints.
func Origin(t ident.Tenant) string {
	return "purser/" + ident.Format(ident.Company, t.Company) + "/" + t.Mode()
}

// Checkpoint is a signed checkpoint, with the keys that it can be checked with.
type Checkpoint struct {
	// Note is the signed text: origin, size, root, signature.
	Note string
	Size int64
	Root tlog.Hash
	// Keys are the verifier keys of this log, newest first. Who checks offline
	// keeps them from before.
	Keys []string
}

// Checkpoint seals what is committed and signs the head.
func (l *Log) Checkpoint(ctx context.Context, t ident.Tenant) (Checkpoint, error) {
	if err := l.SealNow(ctx, t); err != nil {
		return Checkpoint{}, err
	}
	h, err := l.head(ctx, db.New(l.pool), t)
	if err != nil {
		return Checkpoint{}, err
	}
	return l.sign(t, h)
}

func (l *Log) sign(t ident.Tenant, h head) (Checkpoint, error) {
	signer, err := l.notary.CheckpointSigner(Origin(t))
	if err != nil {
		return Checkpoint{}, err
	}
	signed, err := proof.Checkpoint{Origin: Origin(t), Size: h.size, Root: h.root}.Sign(signer)
	if err != nil {
		return Checkpoint{}, err
	}
	keys, err := l.notary.CheckpointKeys(Origin(t))
	return Checkpoint{Note: signed, Size: h.size, Root: h.root, Keys: keys}, err
}

// errBroken is a log whose parts contradict each other. It is not continued,
// so that no signed head ever covers what was tampered with.
var errBroken = fault.New(fault.Conflict, "audit_log_broken",
	"The audit log does not follow from its events any more; GET /v1/audit/verify says where.")

const (
	// sealEvery is how often Run looks for events without a position.
	sealEvery = 200 * time.Millisecond
	// sealBatch bounds the events of one sealing transaction.
	sealBatch = 2000
	// sealWorkers is how many tenants are sealed at a time.
	sealWorkers = 4
	// brokenPause is how long Run leaves a broken log alone.
	brokenPause = time.Minute
)
