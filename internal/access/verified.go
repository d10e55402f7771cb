package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/maypok86/otter/v2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/singleflight"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres"
)

const (
	// freshFor is how long a key's row is believed. From then on one request
	// reads it again, and until stalest the others still go by the old one.
	freshFor = 500 * time.Millisecond
	stalest  = 900 * time.Millisecond
	// maxVerified bounds the keys that need no bcrypt, about 700 bytes each.
	maxVerified = 200_000
	// distrustFor outlasts any transaction that revokes a key: until then the
	// key is read again by every request.
	distrustFor = time.Minute
	// verifyPatience bounds the look-up and hashing of a key.
	verifyPatience = 10 * time.Second
)

// lookupHash finds a key without telling it: HMAC-SHA-256 under the
// installation's key.
type lookupHash [sha256.Size]byte

// verified knows the keys whose bcrypt hash was checked in this process.
type verified struct {
	pool      *postgres.Pool
	lookupKey []byte
	hashes    sync.Pool // HMACs under the look-up key, which take longer to make than to use
	known     *otter.Cache[lookupHash, *knownKey]
	// generation rises when every row has to be read again.
	generation atomic.Uint64
	distrusted distrusted
	used       used

	checking singleflight.Group
	// hashing lets at most as many bcrypts run as half the cores, so that they
	// cannot starve everything else.
	hashing chan struct{}

	failures    *slidingLogs
	maxFailures int
	log         *slog.Logger
}

// knownKey is a key whose secret was checked, with its row as last read.
type knownKey struct {
	reading sync.Mutex
	last    atomic.Pointer[keyState]
}

// keyState is one reading of a key's row.
type keyState struct {
	principal  Principal
	generation uint64
	// askedAt is when the reading began, by this process's monotonic clock,
	// and endsAt when the key expires by the same; zero is never.
	askedAt, endsAt time.Time
}

func newVerified(pool *postgres.Pool, lookupKey []byte, failures *slidingLogs, maxFailures int, log *slog.Logger) (*verified, error) {
	known, err := otter.New(&otter.Options[lookupHash, *knownKey]{MaximumSize: maxVerified})
	if err != nil {
		return nil, fmt.Errorf("make the cache of keys: %w", err)
	}
	return &verified{pool: pool, lookupKey: lookupKey, known: known, log: log,
		hashes:   sync.Pool{New: func() any { return hmac.New(sha256.New, lookupKey) }},
		hashing:  make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		failures: failures, maxFailures: maxFailures}, nil
}

func (v *verified) lookup(secret string) (sum lookupHash) {
	h := v.hashes.Get().(hash.Hash)
	_, _ = io.WriteString(h, secret) // a hash takes everything
	h.Sum(sum[:0])
	h.Reset()
	v.hashes.Put(h)
	return sum
}

// errInvalidKey is the same for a key that is unknown, revoked or expired.
func errInvalidKey() error {
	return fault.New(fault.Unauthenticated, "invalid_api_key", "The API key is not valid.")
}

// authenticate finds who a presented key acts as. Wrong keys count against the
// client's address, which answers only known keys once there were too many.
func (v *verified) authenticate(ctx context.Context, presented string, client func() string) (Principal, error) {
	if !keyShaped(presented) {
		return Principal{}, v.fail(client())
	}
	sum := v.lookup(presented)
	if k, ok := v.known.GetIfPresent(sum); ok {
		return v.again(ctx, sum, k)
	}
	from := client()
	if wait, blocked := v.failures.full(from, v.maxFailures); blocked {
		return Principal{}, tooManyFailures(wait)
	}
	k, err := v.first(ctx, sum, presented)
	if err != nil {
		return Principal{}, err
	}
	if k == nil {
		return Principal{}, v.fail(from)
	}
	return v.again(ctx, sum, k)
}

func (v *verified) fail(client string) error {
	if client == "" {
		return errInvalidKey()
	}
	if ok, _, wait := v.failures.take(client, v.maxFailures); !ok {
		return tooManyFailures(wait)
	}
	return errInvalidKey()
}

func tooManyFailures(wait time.Duration) error {
	return fault.New(fault.RateLimited, "too_many_failures",
		"Too many wrong credentials came from this address. Wait a moment.").After(wait)
}

// first checks a key that this process has not seen: the row by its look-up
// hash, then bcrypt, once for all requests that come at the same time. Nil
// without an error is a key that does not hold.
func (v *verified) first(ctx context.Context, sum lookupHash, presented string) (*knownKey, error) {
	result := v.checking.DoChan(string(sum[:]), func() (any, error) {
		// The first caller's going away must not fail the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyPatience)
		defer cancel()
		return v.check(ctx, sum, presented)
	})
	select {
	case r := <-result:
		k, _ := r.Val.(*knownKey)
		return k, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v *verified) check(ctx context.Context, sum lookupHash, presented string) (*knownKey, error) {
	state := &keyState{generation: v.generation.Load(), askedAt: time.Now()}
	row, err := db.New(v.pool).KeyByLookup(ctx, sum[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	read := keyRow{row.ApiKey, row.PersonID, row.Role, row.AgentStatus, row.ReadAt}
	if !read.works() {
		return nil, nil
	}
	fits, err := v.compare(ctx, row.ApiKey.BcryptHash, presented)
	if err != nil || !fits {
		return nil, err
	}
	k := &knownKey{}
	k.last.Store(state.read(read))
	v.known.Set(sum, k)
	return k, nil
}

// compare runs bcrypt, about 60 ms of a core, when it is its turn.
func (v *verified) compare(ctx context.Context, hash, presented string) (bool, error) {
	select {
	case v.hashing <- struct{}{}:
	case <-ctx.Done():
		return false, fault.New(fault.Unavailable, "overloaded", "Too many new keys are being checked. Try again.").
			After(time.Second).Because(ctx.Err())
	}
	defer func() { <-v.hashing }()
	return bcrypt.CompareHashAndPassword([]byte(hash), []byte(presented)) == nil, nil
}

// read takes over a row, and its end by this process's clock.
func (s *keyState) read(row keyRow) *keyState {
	s.principal = row.principal()
	if row.ExpiresAt != nil {
		// The database's clock says what is left; ours only counts it down.
		s.endsAt = s.askedAt.Add(row.ExpiresAt.Sub(row.readAt))
	}
	return s
}

// again answers from the last reading if that is recent enough to be believed,
// and reads the row anew otherwise.
func (v *verified) again(ctx context.Context, sum lookupHash, k *knownKey) (Principal, error) {
	now := time.Now()
	state := k.last.Load()
	if !v.believable(state, now, freshFor) {
		locked := k.reading.TryLock()
		if !locked && v.believable(state, now, stalest) {
			return v.accept(sum, state, now)
		}
		if !locked {
			k.reading.Lock()
		}
		var err error
		state, err = v.reread(ctx, k, now)
		k.reading.Unlock()
		if err != nil {
			return Principal{}, err
		}
		if state == nil {
			v.known.Invalidate(sum)
			return Principal{}, errInvalidKey()
		}
	}
	return v.accept(sum, state, now)
}

// believable reports whether a reading is recent and nothing was heard since
// that would have changed it.
func (v *verified) believable(s *keyState, now time.Time, patience time.Duration) bool {
	return now.Sub(s.askedAt) < patience && s.generation == v.generation.Load() && !v.distrusted.has(s.principal.Key)
}

// reread reads the row for a request that came at `since`, unless another
// reading began after that. Nil is a key that no longer works.
func (v *verified) reread(ctx context.Context, k *knownKey, since time.Time) (*keyState, error) {
	last := k.last.Load()
	if last.askedAt.After(since) {
		return last, nil
	}
	p := last.principal
	state := &keyState{generation: v.generation.Load(), askedAt: time.Now()}
	row, err := db.New(v.pool).KeyRefresh(ctx, p.Tenant.Company, p.Tenant.Live, p.Key)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	read := keyRow{row.ApiKey, row.PersonID, row.Role, row.AgentStatus, row.ReadAt}
	if !read.works() {
		return nil, nil
	}
	k.last.Store(state.read(read))
	return state, nil
}

func (v *verified) accept(sum lookupHash, s *keyState, now time.Time) (Principal, error) {
	if !s.endsAt.IsZero() && !now.Before(s.endsAt) {
		v.known.Invalidate(sum)
		return Principal{}, errInvalidKey()
	}
	v.used.note(s.principal, now)
	return s.principal, nil
}

// expireAll has every key read again by its next request.
func (v *verified) expireAll() { v.generation.Add(1) }

// distrust has keys read again by every request until whatever transaction
// changes them is surely over: before its commit nothing may be remembered
// that outlives it.
func (v *verified) distrust(keys []uuid.UUID) { v.distrusted.add(keys, time.Now().Add(distrustFor)) }

func (v *verified) forget() {
	v.distrusted.forget(time.Now())
	v.used.forget(time.Now())
}
