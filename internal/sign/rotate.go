package sign

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/getpurser/purser/internal/db"
)

// clockSlack is how much longer than a token's life an old key is shown: for
// replicas that signed with it until their next reload, and for leeway.
const clockSlack = 2 * time.Minute

// staleAfter is how many rotation periods a key that nobody replaces is shown:
// its owner, or the algorithm that it is for, is gone.
const staleAfter = 2

// Run reloads and rotates until ctx ends. Failures are logged and tried again.
func (s *KeySet) Run(ctx context.Context) {
	tick := time.NewTicker(s.config.ReloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.reload(ctx)
		if s.current.Load().due {
			err = s.maintain(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.config.Logger.Error("signing keys could not be refreshed", "error", err)
		}
	}
}

// Rotate makes a new token key. It is shown at once and signs after
// PublishAhead; the one before is shown until its last token has expired.
func (s *KeySet) Rotate(ctx context.Context) error { return s.rotate(ctx, forTokens) }

// RotateCheckpoint does so for checkpoints, whose old keys are shown for good.
func (s *KeySet) RotateCheckpoint(ctx context.Context) error { return s.rotate(ctx, forCheckpoints) }

func (s *KeySet) rotate(ctx context.Context, p purpose) error {
	return s.change(ctx, func(ctx context.Context, q *db.Queries, ring keyring) error {
		return s.replace(ctx, q, ring, p)
	})
}

// maintain makes what is missing or due, once among all replicas.
func (s *KeySet) maintain(ctx context.Context) error {
	return s.change(ctx, func(ctx context.Context, q *db.Queries, ring keyring) error {
		for _, p := range []purpose{forTokens, forCheckpoints} {
			if ring.signing(p, s.algorithm(p)) == nil {
				if _, err := s.insert(ctx, q, p, 0); err != nil {
					return err
				}
			}
		}
		if s.aged(ring) {
			if err := s.replace(ctx, q, ring, forTokens); err != nil {
				return err
			}
		}
		return s.retire(ctx, q, forTokens, ring.now.Add(s.config.PublishAhead), s.abandoned(ring))
	})
}

// change runs fn under the installation's key lock, then reads the keys anew.
func (s *KeySet) change(ctx context.Context, fn func(context.Context, *db.Queries, keyring) error) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	err := s.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.LockSigningKeys(ctx); err != nil {
			return err
		}
		rows, err := q.SigningKeys(ctx)
		if err != nil {
			return err
		}
		return fn(ctx, q, s.readRing(rows))
	})
	if err != nil {
		return err
	}
	return s.read(ctx)
}

// reload reads the keys anew.
func (s *KeySet) reload(ctx context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	return s.read(ctx)
}

// read is reload for who holds the mutex.
func (s *KeySet) read(ctx context.Context) error {
	rows, err := db.New(s.pool).SigningKeys(ctx)
	if err != nil {
		return err
	}
	return s.adopt(s.readRing(rows))
}

// replace adds a key that signs from PublishAhead on, when those that this
// process could sign with stop.
func (s *KeySet) replace(ctx context.Context, q *db.Queries, ring keyring, p purpose) error {
	from, err := s.insert(ctx, q, p, s.config.PublishAhead)
	if err != nil {
		return err
	}
	return s.retire(ctx, q, p, from, ring.mine(p, s.algorithm(p)))
}

func (s *KeySet) insert(ctx context.Context, q *db.Queries, p purpose, ahead time.Duration) (time.Time, error) {
	k, err := newKey(p, s.algorithm(p))
	if err != nil {
		return time.Time{}, err
	}
	row, err := k.toRow(s.sealer)
	if err != nil {
		return time.Time{}, fmt.Errorf("seal a key: %w", err)
	}
	row.Ahead = interval(ahead)
	return q.InsertSigningKey(ctx, row)
}

func (s *KeySet) retire(ctx context.Context, q *db.Queries, p purpose, until time.Time, keys []*key) error {
	if len(keys) == 0 {
		return nil
	}
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	shown := interval(s.config.MaxTokenLifetime + clockSlack)
	shown.Valid = p == forTokens
	return q.RetireSigningKeys(ctx, until, shown, ids)
}

func interval(d time.Duration) pgtype.Interval {
	return pgtype.Interval{Microseconds: d.Microseconds(), Valid: true}
}
