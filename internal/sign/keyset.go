// Package sign keeps the keys that tokens and audit checkpoints are signed
// with: in the database, sealed, shared by every replica, and replaced without
// a restart. It makes and checks JWTs and renders the JWKS.
package sign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"

	"github.com/getpurser/purser/internal/postgres"
)

// Config says how keys are made and kept.
type Config struct {
	// Algorithm signs new tokens. Tokens of other algorithms' keys still
	// verify while their key is shown.
	Algorithm Algorithm
	// KeyEncryptionKey has 32 bytes and seals the private keys.
	KeyEncryptionKey []byte
	// MaxTokenLifetime is the longest life of any token: an old key is shown
	// for that long after its last signature.
	MaxTokenLifetime time.Duration
	// PublishAhead is how long a new key is shown before it signs, so that
	// cached key sets have it by then.
	PublishAhead time.Duration
	// RotateAfter is the age at which Run replaces the token key. Zero: never.
	RotateAfter time.Duration
	// ReloadEvery is how often Run looks for other replicas' keys.
	ReloadEvery time.Duration
	// Logger gets warnings about keys that this process cannot use.
	Logger *slog.Logger
}

// Suggested settings: keys are cached for minutes, replicas look every 3 s.
const (
	DefaultPublishAhead = 10 * time.Minute
	DefaultRotateAfter  = 90 * 24 * time.Hour
	DefaultReloadEvery  = 3 * time.Second
)

// KeySet signs and verifies. It is safe for use by any number of goroutines.
type KeySet struct {
	pool    *postgres.Pool
	config  Config
	sealer  Sealer
	current atomic.Pointer[snapshot]

	reloading sync.Mutex
	unknown   *rate.Limiter // reloads for key ids that are not known
	warned    map[string]bool
}

// Open reads the keys and makes those that are missing.
func Open(ctx context.Context, pool *postgres.Pool, c Config) (*KeySet, error) {
	if _, err := ParseAlgorithm(string(c.Algorithm)); err != nil {
		return nil, err
	}
	if c.MaxTokenLifetime <= 0 || c.ReloadEvery <= 0 || c.PublishAhead < 0 || c.Logger == nil {
		return nil, errors.New("sign: a token lifetime, a reload interval and a logger are needed")
	}
	sealer, err := NewSealer(c.KeyEncryptionKey, sealPurpose)
	if err != nil {
		return nil, err
	}
	s := &KeySet{pool: pool, config: c, sealer: sealer, warned: map[string]bool{},
		unknown: rate.NewLimiter(unknownPerSecond, unknownBurst)}
	s.config.KeyEncryptionKey = nil
	if err := s.maintain(ctx); err != nil {
		return nil, fmt.Errorf("prepare the signing keys: %w", err)
	}
	return s, nil
}

// Sign makes a token with this header type, such as spend-auth+jwt. It costs
// what the algorithm costs (RSA about a millisecond) and takes no lock.
func (s *KeySet) Sign(typ string, claims jwt.Claims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign: write the claims: %w", err)
	}
	return s.SignJSON(typ, payload)
}

// rooms are to put tokens together in.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// SignJSON is Sign for claims that are written already.
func (s *KeySet) SignJSON(typ string, payload []byte) (string, error) {
	signer := s.current.Load().tokens
	header, err := signer.header(typ)
	if err != nil {
		return "", err
	}
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	token := append(append((*room)[:0], header...), '.')
	token = b64.AppendEncode(token, payload)
	signature, err := signer.algorithm.sign(signer.private, token)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	*room = b64.AppendEncode(append(token, '.'), signature)
	return string(*room), nil
}

// JWKS is the public key set document and its ETag. Do not change the bytes.
func (s *KeySet) JWKS() (body []byte, etag string) {
	now := s.current.Load()
	return now.jwks, now.etag
}

// Signer names the key that signs tokens now.
func (s *KeySet) Signer() (keyID string, a Algorithm) {
	k := s.current.Load().tokens
	return k.id, k.algorithm
}
