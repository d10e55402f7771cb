package sign

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/getpurser/purser/internal/db"
)

// snapshot is the key set as last read. It never changes.
type snapshot struct {
	keys map[string]*key // what tokens may be signed with
	jwks []byte
	etag string
	// tokens and checkpoints sign; checkpointKeys verify, newest first.
	tokens, checkpoints *signer
	checkpointKeys      []*key
	// due says that a key is missing, too old, or given up by its owner.
	due bool
}

// signer is a key with the token headers that it has already written.
type signer struct {
	*key
	headers sync.Map // typ → base64 header
}

// header is the protected header, which is the same for every token of a type.
func (s *signer) header(typ string) (string, error) {
	if known, ok := s.headers.Load(typ); ok {
		return known.(string), nil
	}
	text, err := json.Marshal(header{Alg: string(s.algorithm), Kid: s.id, Typ: typ})
	if err != nil {
		return "", err
	}
	encoded := b64.EncodeToString(text)
	s.headers.Store(typ, encoded)
	return encoded, nil
}

// keyring is every row that could be read, newest first, at one moment of the
// database's clock.
type keyring struct {
	keys []*key
	now  time.Time
}

// readRing turns rows into keys. Bad tells why a row was left out, or could
// not be opened.
func (s *KeySet) readRing(rows []db.SigningKeysRow) keyring {
	var ring keyring
	for _, r := range rows {
		ring.now = r.Now
		k, err := fromRow(r, s.sealer)
		switch {
		case errors.Is(err, errOtherKey):
			s.warn(r.KeyID, "a signing key was sealed by another process; it verifies but does not sign here", err)
		case err != nil:
			s.warn(r.KeyID, "a signing key is damaged and not used", err)
			continue
		}
		ring.keys = append(ring.keys, k)
	}
	return ring
}

func (s *KeySet) warn(id, text string, err error) {
	if !s.warned[id] {
		s.warned[id] = true
		s.config.Logger.Warn(text, "kid", id, "error", err)
	}
}

// mine are the keys of a purpose that this process would sign with, newest
// first, those that only sign later included.
func (r keyring) mine(p purpose, a Algorithm) []*key {
	var out []*key
	for _, k := range r.keys {
		ended := k.signsUntil != nil && !k.signsUntil.After(r.now)
		if k.purpose == p && k.algorithm == a && k.private != nil && !ended {
			out = append(out, k)
		}
	}
	return out
}

// signing is the newest of mine whose time has come, or nil.
func (r keyring) signing(p purpose, a Algorithm) *key {
	for _, k := range r.mine(p, a) {
		if !k.signsFrom.After(r.now) {
			return k
		}
	}
	return nil
}

// adopt makes a snapshot of the ring. A signer that did not change is kept
// with its headers; one that is missing too, until maintain has made another.
func (s *KeySet) adopt(ring keyring) error {
	next := &snapshot{keys: map[string]*key{}, due: s.due(ring)}
	var shown []*key
	for _, k := range ring.keys {
		if k.purpose == forTokens {
			next.keys[k.id] = k
			shown = append(shown, k)
		} else {
			next.checkpointKeys = append(next.checkpointKeys, k)
		}
	}
	var err error
	if next.jwks, next.etag, err = renderJWKS(shown); err != nil {
		return err
	}
	var tokens, checkpoints *signer
	if last := s.current.Load(); last != nil {
		tokens, checkpoints = last.tokens, last.checkpoints
	}
	next.tokens = keep(tokens, ring.signing(forTokens, s.config.Algorithm))
	next.checkpoints = keep(checkpoints, ring.signing(forCheckpoints, EdDSA))
	if next.tokens == nil || next.checkpoints == nil {
		return errors.New("no key to sign with")
	}
	s.current.Store(next)
	return nil
}

func keep(last *signer, now *key) *signer {
	if now == nil || last != nil && last.id == now.id {
		return last
	}
	return &signer{key: now}
}
