package verify

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
)

const (
	// freshFor is how long a key set is believed, so that a key that was taken
	// back ends here too.
	freshFor = 15 * time.Minute
	// staleFor is how long it still serves while the server cannot be reached:
	// an old key stays in the set until its last token is over.
	staleFor = 24 * time.Hour
	// atMostEvery spares the server the unknown keys of forged tokens.
	atMostEvery = time.Minute
)

// keys is the server's key set, fetched when it is needed.
type keys struct {
	url   string
	http  *http.Client
	clock func() time.Time
	fixed bool // a saved set, which is never fetched

	mu        sync.Mutex
	set       jwk.Set
	at, tried time.Time // of the last fetch that worked, and of the last one
}

func newKeys(c Config) *keys {
	k := &keys{url: c.KeySetURL, http: c.HTTP, clock: c.Clock, fixed: c.Keys != nil, set: c.Keys}
	if k.http == nil {
		k.http = &http.Client{Timeout: 10 * time.Second}
	}
	return k
}

// find gives the key with this id. One that is not in the set is ErrInvalid; a
// set that cannot be had is ErrKeys.
func (k *keys) find(ctx context.Context, id string) (jwk.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.fixed {
		if err := k.renew(ctx, id); err != nil {
			return nil, err
		}
	}
	key, ok := k.set.LookupKeyID(id)
	if !ok {
		return nil, fmt.Errorf("%w: no key of the set signed it", ErrInvalid)
	}
	return key, nil
}

// renew fetches the set if it is old, or lacks the key: a new key is the usual
// reason, a forged token the other one.
func (k *keys) renew(ctx context.Context, id string) error {
	now := k.clock()
	var err error
	if k.due(id, now) {
		k.tried = now
		var set jwk.Set
		if set, err = jwk.Fetch(ctx, k.url, jwk.WithHTTPClient(k.http)); err == nil {
			k.set, k.at = set, now
		}
	}
	if k.set == nil || now.Sub(k.at) > staleFor {
		return fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return nil
}

func (k *keys) due(id string, now time.Time) bool {
	if k.set == nil || now.Sub(k.at) > staleFor {
		return true
	}
	_, known := k.set.LookupKeyID(id)
	return (!known || now.Sub(k.at) > freshFor) && now.Sub(k.tried) > atMostEvery
}
