package access

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
)

const (
	// keysFreshFor is how long a key set is believed, so that a key that Clerk
	// took back ends here; keysStaleFor is how long it serves while Clerk
	// cannot be reached.
	keysFreshFor = 5 * time.Minute
	keysStaleFor = time.Hour
	// retryKeysAfter spares an address that just failed.
	retryKeysAfter = 2 * time.Second
	// strangers is how many unknown key ids a minute may cause a fetch: enough
	// to notice a new key at once, too few to hammer Clerk.
	strangers = 3
	// maxJWKS bounds the document, in bytes.
	maxJWKS = 1 << 20
)

// jwks is Clerk's key set, fetched when it is needed.
type jwks struct {
	client  *http.Client
	address string
	current atomic.Pointer[keySet]
	// unknown counts the fetches that unknown key ids caused.
	unknown *slidingLogs

	fetching sync.Mutex
	failedAt time.Time
}

type keySet struct {
	byID map[string]*clerk.JSONWebKey
	at   time.Time
}

func newJWKS(client *http.Client, address string) *jwks {
	return &jwks{client: client, address: address, unknown: newSlidingLogs(time.Minute)}
}

// find gives the key with this id. One that Clerk does not have is
// errInvalidSession; Clerk out of reach is Unavailable.
func (j *jwks) find(ctx context.Context, id string) (*clerk.JSONWebKey, error) {
	asked := time.Now()
	if !clerkID.MatchString(id) {
		return nil, errInvalidSession()
	}
	if set := j.current.Load(); set != nil && asked.Sub(set.at) < keysFreshFor && set.byID[id] != nil {
		return set.byID[id], nil
	}
	j.fetching.Lock()
	defer j.fetching.Unlock()
	err := j.renew(ctx, id, asked)
	set := j.current.Load()
	if set == nil || asked.Sub(set.at) > keysStaleFor {
		return nil, identityUnavailable(err)
	}
	if key := set.byID[id]; key != nil {
		return key, nil
	}
	return nil, errInvalidSession().Because(errStale)
}

// renew fetches the set if what is held is too old, or lacks the id and it is
// not too many unknown ones that were asked for. Call it with the lock held.
func (j *jwks) renew(ctx context.Context, id string, asked time.Time) error {
	set := j.current.Load()
	fresh := set != nil && (set.at.After(asked) || asked.Sub(set.at) < keysFreshFor)
	if fresh && set.byID[id] != nil || asked.Sub(j.failedAt) < retryKeysAfter {
		return nil
	}
	if fresh {
		if set.at.After(asked) {
			return nil // fetched while this call waited
		}
		if ok, _, _ := j.unknown.take("", strangers); !ok {
			return nil
		}
	}
	next, err := j.fetch(ctx)
	if err != nil {
		j.failedAt = time.Now()
		return err
	}
	j.current.Store(next)
	return nil
}

// fetch reads the whole set anew: keys that are gone are gone.
func (j *jwks) fetch(ctx context.Context) (*keySet, error) {
	// One caller's going away must not count as Clerk's failure.
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, j.address, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := j.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the key set's address answers %d", answer.StatusCode)
	}
	var document clerk.JSONWebKeySet
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxJWKS)).Decode(&document); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	set := &keySet{byID: map[string]*clerk.JSONWebKey{}, at: time.Now()}
	for _, key := range document.Keys {
		if key != nil && key.KeyID != "" && key.Algorithm == "RS256" {
			set.byID[key.KeyID] = key
		}
	}
	return set, nil
}
